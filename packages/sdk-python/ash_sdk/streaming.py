"""The older import name of the events and of the readers of ``ash_ai``: the same objects."""

from ash_ai.events import *  # noqa: F403
from ash_ai.streaming import parse_sse_stream as parse_sse_stream
from ash_ai.streaming import parse_sse_stream_async as parse_sse_stream_async
