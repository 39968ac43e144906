"""Server-sent events (WHATWG HTML §9.2): an incremental parser that holds no connection."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class SseEvent:
    """One event as it stands on the wire. ``id`` is ``None`` when it carries no resume point."""

    event: str
    data: str
    id: str | None = None


class SseEventTooLarge(Exception):
    """One event is larger than the bound."""


class SseParser:
    """Turns bytes, whatever way they are cut into chunks, into events. An unfinished last event is dropped.

    ``retry_seconds`` is the server's last ``retry:`` hint, ``None`` when there was none.
    """

    def __init__(self, max_event_chars: int = 64 * 1024 * 1024) -> None:
        self.retry_seconds: float | None = None
        self._max_chars = max_event_chars
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest: list[str] = []
        self._skip_lf = False
        self._clear()

    def _clear(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._id: str | None = None
        self._chars = 0

    def push(self, chunk: bytes) -> Iterator[SseEvent]:
        """The events that are whole now."""
        text = self._decoder.decode(chunk)
        if text == "":
            return
        starts_with_rest_of_crlf = self._skip_lf and text[0] == "\n"
        self._skip_lf = text[-1] == "\r"
        # A line that hasn't ended is only collected: scanning it again for every chunk would take quadratic time.
        first, *others = re.split(r"\r\n|\r|\n", text[1:] if starts_with_rest_of_crlf else text)
        self._rest.append(first)
        self._count(len(first))
        for text_of_next in others:
            event = self._line("".join(self._rest))
            self._rest = [text_of_next]
            self._count(len(text_of_next))
            if event is not None:
                yield event

    def _count(self, chars: int) -> None:
        self._chars += chars
        if self._chars > self._max_chars:
            raise SseEventTooLarge(f"event over {self._max_chars} characters")

    def _line(self, line: str) -> SseEvent | None:
        if line == "":
            whole = SseEvent(self._event or "message", "\n".join(self._data), self._id) if self._data else None
            self._clear()
            return whole
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and re.fullmatch(r"[0-9]{1,15}", value):
            self.retry_seconds = int(value) / 1000
        return None
