"""The older import name of ``ash_ai``: the same objects."""

from ash_ai import *  # noqa: F403
from ash_ai import __all__ as __all__
from ash_ai import __version__ as __version__
