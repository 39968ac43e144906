"""A recorded turn as the server streams it, from any cursor on."""

from __future__ import annotations

import json
from typing import Any

SESSION_ID = "019a0000-0000-7000-8000-000000000001"
TURN_ID = "019a0000-0000-7000-8000-000000000002"

Recorded = tuple[str, dict[str, Any]]

_start: Recorded = ("session_start", {"sessionId": SESSION_ID, "version": "0.1.0", "turnId": TURN_ID})


def _partial(event: dict[str, Any]) -> dict[str, Any]:
    return {"type": "stream_event", "event": event}


def _delta(text: str) -> dict[str, Any]:
    return _partial({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


_message_start = _partial({"type": "message_start", "message": {"id": "m1", "content": []}})
_block_start = _partial({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})


_answer = [{"type": "text", "text": "Grüß dich, 👋!"}]

# What each id stands for: the events that come in one piece, the last of them with the id.
_chunks: list[tuple[str, list[Recorded]]] = [
    ("4", [("message", {"type": "system", "subtype": "init"})]),
    ("4.1", [("message", _message_start)]),
    ("4.2", [("message", _block_start)]),
    *(
        (f"4.{index + 3}", [("text_delta", {"delta": text}), ("message", _delta(text))])
        for index, text in enumerate(["Grüß ", "dich, ", "👋!"])
    ),
    (
        "5",
        [
            ("tool_use", {"id": "t1", "name": "Bash", "input": {"command": "ls"}}),
            ("message", {"type": "assistant", "message": {"id": "m1", "content": _answer}}),
        ],
    ),
    (
        "6",
        [
            ("turn_complete", {"numTurns": 1, "result": "Grüß dich, 👋!"}),
            ("message", {"type": "result", "subtype": "success", "is_error": False}),
        ],
    ),
    ("7", [("done", {"sessionId": SESSION_ID, "turnId": TURN_ID, "status": "completed"})]),
]

WHOLE_TURN: list[Recorded] = [_start, *(event for _, events in _chunks for event in events)]


def frame(event: Recorded, id: str | None = None) -> str:
    data = json.dumps(event[1], ensure_ascii=False)
    return ("" if id is None else f"id: {id}\n") + f"event: {event[0]}\ndata: {data}\n\n"


def _at(cursor: str) -> tuple[int, int]:
    seq, _, previews = cursor.partition(".")
    return int(seq), int(previews or 0)


def stream_from(after: str | None) -> bytes:
    """The bytes of the stream from a cursor on; of the first connection when there is none."""
    rest = [(id, events) for id, events in _chunks if _at(id) > _at(after or "0")]
    frames = [
        frame(event, id if index == len(events) - 1 else None)
        for id, events in rest
        for index, event in enumerate(events)
    ]
    head = ": hi\n\nretry: 1\n\n" + frame(_start, "3" if after is None else None)
    return (head + ": beat\n\n".join(frames)).encode()
