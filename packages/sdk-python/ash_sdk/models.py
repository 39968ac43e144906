"""The older import name of the models of ``ash_ai``: the same objects."""

from ash_ai.models import *  # noqa: F403
