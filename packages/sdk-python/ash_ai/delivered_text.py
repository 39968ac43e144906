"""How much of the open messages a stream has delivered as deltas, so that a reader who missed some of them still gets
the whole text as deltas. Pure.

::

    message_start ──► content_block_start ──► content_block_delta … ──► assistant (one complete block)
                                                        ╰── missed ──╯   ▲ the rest comes before it, marked `recovered`

The server shows no delta after one that it can't show, until the next entry of the log. So what was delivered of a
block is its beginning, unless its start did not come, or an entry came first after a cut while it was open: then its
further deltas are left out, and the complete block brings them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ash_ai.events import AshEvent, to_event
from ash_ai.types import JsonObject

# Field of a block, by its kind. Its deltas are of the type `<kind>_delta` and have the same field.
_KINDS = ("text", "thinking")


@dataclass
class _Block:
    type: Any
    text: str | None = ""
    """What was delivered of it; ``None`` when its beginning was before the stream's."""
    gapped: bool = False
    """Whether deltas were missed, so that those that come now don't follow what was delivered."""


@dataclass
class _Message:
    id: Any = None
    blocks: dict[int, _Block] = field(default_factory=dict)
    next: int = 0
    """Index of the first block that nothing is known of."""


class DeliveredText:
    """The open message of the main conversation, and of each subagent."""

    def __init__(self, *, midway: bool) -> None:
        """``midway``: the stream begins after a cursor; an earlier one may have delivered a part of the text."""
        # By the tool call that started the subagent; `None` is the main conversation.
        self._open: dict[str | None, _Message] = {}
        self._cut = False
        self._midway = midway

    def cut(self) -> None:
        """The connection is gone. Whether anything is missed shows with the next event."""
        self._cut = True

    def take(self, events: list[AshEvent]) -> list[AshEvent]:
        """What to deliver of the events that came with one id."""
        data = next((_object(event.data) for event in events if event.type == "message"), None)
        if data is None:
            if any(_ends_messages(event) for event in events):
                # A turn is over, or its sandbox: nothing comes of messages that are open.
                self._open.clear()
                self._midway = False
            return events
        if data.get("type") == "stream_event":
            return events if self._partial(data) else []
        rest = self._complete(data) if data.get("type") == "assistant" else []
        if self._cut:
            self._missed()
        return rest + events

    def _partial(self, data: Mapping[str, Any]) -> bool:
        """Notes what a partial message adds. False when it doesn't follow what was delivered."""
        # The server goes on right after the cursor, or not before the next entry.
        self._cut = False
        event = _object(data.get("event"))
        kind = event.get("type")
        of = _speaker(data)
        if kind == "message_start":
            # Also after a model's stream that broke: what came of the message before is void.
            self._open[of] = _Message(_object(event.get("message")).get("id"))
            if of is None:
                self._midway = False
            return True
        message = self._open.setdefault(of, _Message())
        if kind not in ("content_block_start", "content_block_delta"):
            return True
        given = event.get("index")
        index = given if isinstance(given, int) else 0
        message.next = max(message.next, index + 1)
        if kind == "content_block_start":
            message.blocks[index] = _Block(_object(event.get("content_block")).get("type"))
            return True
        delta = _object(event.get("delta"))
        of_block = str(delta.get("type")).removesuffix("_delta")
        block = message.blocks.setdefault(index, self._unbegun(of_block))
        if block.gapped:
            return False
        if of_block in _KINDS and block.text is not None:
            block.text += _text(delta, of_block)
        return True

    def _unbegun(self, type: str) -> _Block:
        """A block whose start did not come: its deltas are the middle of it, unless an earlier stream delivered what
        came before."""
        return _Block(type, None) if self._midway else _Block(type, gapped=True)

    def _complete(self, data: Mapping[str, Any]) -> list[AshEvent]:
        """What is still to be delivered of a complete message, as deltas."""
        of = _speaker(data)
        message = _object(data.get("message"))
        id = message.get("id")
        content = message.get("content")
        deltas: list[AshEvent] = []
        for block in content if isinstance(content, list) else []:
            kind = _object(block).get("type")
            whole = _text(block, kind) if kind in _KINDS else ""
            open = self._open.get(of)
            index = None if open is None else _block_of(open, kind, whole, id)
            if open is not None and index is not None:
                open.id = id
                text = open.blocks.pop(index).text
                if kind in _KINDS and text is not None and whole.startswith(text) and whole != text:
                    deltas += _recovered(data, index, kind, whole[len(text) :])
            elif kind not in _KINDS:
                if open is not None and open.id == id:
                    open.next += 1
            elif of is None and self._midway:
                self._midway = False
            elif whole and _is_spoken(message) and (of is None or open is not None):
                # Nothing of it came. Subagents whose messages never come in parts are left alone: their text is not the
                # answer.
                if open is None or open.id != id:
                    open = self._open[of] = _Message(id)
                    deltas.append(_made(data, {"type": "message_start", "message": {**message, "content": []}}))
                deltas += _recovered(data, open.next, kind, whole)
                open.next += 1
        return deltas

    def _missed(self) -> None:
        """An entry came first after a cut: of what was open before it, deltas may be missing."""
        self._cut = False
        for message in self._open.values():
            for block in message.blocks.values():
                block.gapped = True


def _block_of(open: _Message, type: Any, whole: str, id: Any) -> int | None:
    """Index of the open block that is complete now: the one of its kind of which most was delivered."""
    alike = {index: block.text for index, block in open.blocks.items() if block.type == type}
    begun = [(len(text), -index) for index, text in alike.items() if text is not None and whole.startswith(text)]
    if begun:
        return -max(begun)[1]
    # What was delivered is no beginning of it. Of the same message it can't be mended, of another one it is void.
    return next((index for index, text in alike.items() if text is None or open.id == id), None)


def _recovered(message: Mapping[str, Any], index: int, kind: str, text: str) -> list[AshEvent]:
    """In the shape of the server's: the granular event, then the message."""
    delta = {"type": f"{kind}_delta", kind: text}
    return [
        to_event(f"{kind}_delta", {"delta": text, "recovered": True}),
        _made(message, {"type": "content_block_delta", "index": index, "delta": delta}),
    ]


def _made(message: Mapping[str, Any], event: JsonObject) -> AshEvent:
    """A partial message that the server didn't send; it has no ``uuid``."""
    of = {"session_id": message.get("session_id"), "parent_tool_use_id": message.get("parent_tool_use_id")}
    return to_event("message", {"type": "stream_event", "event": event, **of, "recovered": True})


def _is_spoken(message: Mapping[str, Any]) -> bool:
    """The runtime's own words, such as that of an API error, never come in parts."""
    return message.get("model") != "<synthetic>"


def _ends_messages(event: AshEvent) -> bool:
    return event.type == "done" or (event.type == "session" and isinstance(_object(event.data).get("turnId"), str))


def _speaker(data: Mapping[str, Any]) -> str | None:
    of = data.get("parent_tool_use_id")
    return of if isinstance(of, str) else None


def _text(of: Any, kind: Any) -> str:
    value = _object(of).get(kind)
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
