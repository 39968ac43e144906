"""A stream that outlives its connections: what to ask next, what to deliver, when to give up. It sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

from ash_ai.errors import AshApiError, AshStreamCut, is_passing
from ash_ai.events import AshEvent
from ash_ai.position import StreamPosition
from ash_ai.request import Request
from ash_ai.retry import delay_before
from ash_ai.sse import SseParser
from ash_ai.streaming import read_frames

# A server's `retry:` hint counts up to this, in seconds.
_LONGEST_RETRY = 30.0


class Following:
    """One stream over as many connections as it takes. A client asks :meth:`next_request`, gives the answer's chunks to
    :meth:`receive`, says :meth:`body_ended`, and waits :meth:`delay_after` a connection, until it is ``finished``."""

    def __init__(
        self, position: StreamPosition, next_request: Callable[[StreamPosition], Request[httpx.Response]]
    ) -> None:
        self.finished = False
        self._position = position
        self._next_request = next_request
        self._parser = SseParser()
        self._retry = 0.0
        self._failures = 0

    def next_request(self) -> Request[httpx.Response]:
        """The request to open a connection with. Nothing of an earlier connection counts any more."""
        self._parser = SseParser()
        return self._next_request(self._position)

    def receive(self, chunk: bytes) -> Iterator[AshEvent]:
        """The events to deliver now that ``chunk`` came."""
        for frame in read_frames(self._parser, chunk):
            before = self._position.cursor
            yield from self._position.take(frame)
            if self._position.finished:
                self.finished = True
                return
            if self._position.cursor != before:
                self._failures = 0

    def body_ended(self) -> None:
        """The answer is over. A server that tells no turn ends its stream so."""
        self.finished = self._position.begun and not self._position.resumable

    def delay_after(self, lost: Exception | None, retries: int) -> float:
        """How long to wait before the next connection, in seconds. Raises what the last one was lost to when no other
        would help; ``None`` is a body that ended early.

        Before the stream began it may fail ``retries`` times in a row, after that three times as often: losing sight of
        a turn costs more than losing a call.
        """
        position = self._position
        position.cut()
        if self._parser.retry_seconds is not None:
            self._retry = self._parser.retry_seconds
        error = lost or AshStreamCut("The stream ended before the turn was done")
        limit = retries * 3 if position.begun else retries
        if self._failures < limit and is_passing(error) and (position.resumable or not position.begun):
            self._failures += 1
            asked = error.retry_after if isinstance(error, AshApiError) else None
            delay = delay_before(self._failures, asked or 0.0)
            if delay is not None:
                # The server's hint is a floor for the first reconnect too; jitter keeps a crowd of readers apart.
                return max(delay, min(self._retry, _LONGEST_RETRY))
        raise error
