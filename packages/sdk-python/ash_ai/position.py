"""How far a reader has come in a stream, so that what the caller gets is whole and without double. Pure."""

from __future__ import annotations

from ash_ai.delivered_text import DeliveredText
from ash_ai.events import AshEvent, SessionStartEvent
from ash_ai.streaming import Frame


class StreamPosition:
    """::

        frame without id ──► held ─┐
        frame with id ─────────────┴──► delivered together, cursor = id        cut ──► what is held is dropped

    The server sends the granular events of an SDK message without ids, before the message itself. Delivering them only
    with their message means that a reconnect from the cursor repeats all of them or none.
    """

    def __init__(
        self,
        *,
        sent: bool,
        until_done: bool,
        after: str | None = None,
        turn_id: str | None = None,
        partial: bool | None = None,
    ) -> None:
        """``sent``: a message was sent, its turn is still unknown. ``until_done``: one turn; otherwise endless.
        ``partial``: text comes as deltas, and has to be whole."""
        self.cursor = after
        self.turn_id = turn_id
        self.begun = False
        """Whether anything came. Before that, a message is sent again; after it, its turn is followed."""
        self.resumable = not sent
        """Whether the server tells turns and cursors. One that doesn't can't be reconnected to."""
        self.finished = False
        """Whether the last event was delivered."""
        self._until_done = until_done
        self._held: list[AshEvent] = []
        self._started: str | None = None
        self._text = DeliveredText(midway=(after or "0") != "0") if partial else None

    def take(self, frame: Frame) -> list[AshEvent]:
        """The events to deliver now that ``frame`` came."""
        event = frame.event
        # A `done` without id is the server's way to end a stream that it can't go on with.
        ended = event is not None and event.type == "done" and (self._until_done or frame.id is None)
        starts = isinstance(event, SessionStartEvent)
        ready = [] if event is None or self._is_repeated_start(event) else [event]
        if frame.id is None and not ended and not starts and self.resumable:
            self._held += ready
            return []
        self.begun = True
        if frame.id is not None:
            self.cursor = frame.id
        delivered = self._held + ready
        self._held = []
        self.finished = ended
        return delivered if self._text is None or not self.resumable else self._text.take(delivered)

    def cut(self) -> None:
        """The connection is gone: what was held comes again with the next one."""
        self._held = []
        if self._text is not None:
            self._text.cut()

    def _is_repeated_start(self, event: AshEvent) -> bool:
        """A connection may begin with ``session_start`` again; the caller sees the first of each turn."""
        if not isinstance(event, SessionStartEvent):
            return False
        turn_id = event.turn_id
        repeated = self._started is not None and (self._until_done or self._started == (turn_id or ""))
        self._started = turn_id or ""
        if turn_id is not None and self._until_done:
            self.turn_id = turn_id
            self.resumable = True
        return repeated
