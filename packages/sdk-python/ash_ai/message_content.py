"""What a stored message holds (``content`` of a :class:`~ash_ai.Message`), as blocks to show."""

from __future__ import annotations

import json
from typing import Any

Block = dict[str, Any]


def parse_message_content(content: str) -> list[Block]:
    """The blocks of a message's ``content``, each a dict with its ``type``.

    ``text`` {text}, ``tool_use`` {id, name, input}, ``tool_result`` {tool_use_id, content, is_error?}, ``thinking``
    {thinking}, ``image`` {source}, and ``raw`` {rawType, raw} for whatever has no block of its own. Never raises and
    drops nothing: what isn't JSON is text.

    Example: ``[block["text"] for block in parse_message_content(message.content) if block["type"] == "text"]``
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return [{"type": "text", "text": content}]
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    if isinstance(value, list):
        return [_block(each) for each in value]
    if not isinstance(value, dict):
        return [_raw(value)]
    if value.get("type") == "result":
        result = value.get("result")
        return [{"type": "text", "text": result} if isinstance(result, str) else _raw(value)]
    message = value.get("message")
    inner = (message if isinstance(message, dict) else value).get("content")
    if isinstance(inner, str):
        return [{"type": "text", "text": inner}]
    return [_block(each) for each in inner] if isinstance(inner, list) else [_raw(value)]


def _block(block: Any) -> Block:
    match block:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "tool_use", "id": str(id), "name": str(name)}:
            return {"type": "tool_use", "id": id, "name": name, "input": block.get("input")}
        case {"type": "tool_result", "tool_use_id": str(id)}:
            error = block.get("is_error")
            more = {"is_error": error} if isinstance(error, bool) else {}
            return {"type": "tool_result", "tool_use_id": id, "content": block.get("content"), **more}
        case {"type": "thinking", "thinking": str(thinking)}:
            return {"type": "thinking", "thinking": thinking}
        case {"type": "image"}:
            return {"type": "image", "source": block.get("source")}
        case _:
            return _raw(block)


def _raw(value: Any) -> Block:
    kind = value.get("type") if isinstance(value, dict) else None
    return {"type": "raw", "rawType": kind if isinstance(kind, str) else "unknown", "raw": value}
