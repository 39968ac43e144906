"""What a ``message`` event says, for a user interface. Every helper takes ``event.data`` and never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ash_ai.model import Model
from ash_ai.types import UNSET, JsonObject, Unset

_LONGEST_INPUT = 200
_LONGEST_RESULT = 1000


@dataclass(kw_only=True)
class DisplayItem(Model):
    """One thing to show. ``content`` is the text; of a tool use, the tool's name."""

    type: Literal["text", "tool_use", "tool_result"]
    content: str
    tool_name: str | Unset = UNSET
    tool_input: str | Unset = UNSET
    """Of a tool use: ``key: value`` pairs, at most 200 characters."""


def extract_text_from_event(data: Mapping[str, Any]) -> str | None:
    """The text of a complete assistant message; ``None`` when it has none or is another message."""
    if _object(data).get("type") != "assistant":
        return None
    content = _object(data.get("message")).get("content")
    return (content if isinstance(content, str) else _text_of(_blocks_of(data))) or None


def extract_stream_delta(data: Mapping[str, Any]) -> str | None:
    """The text that a partial message adds; ``None`` for every other message. Needs ``include_partial_messages``."""
    if _object(data).get("type") != "stream_event":
        return None
    event = _object(data.get("event"))
    delta = _object(event.get("delta"))
    text = delta.get("text")
    is_text = event.get("type") == "content_block_delta" and delta.get("type") == "text_delta"
    return text if is_text and isinstance(text, str) else None


def extract_display_items(data: Mapping[str, Any]) -> list[DisplayItem] | None:
    """What to show of a complete assistant message or a tool result; ``None`` when there is nothing to show."""
    match _object(data).get("type"):
        case "assistant":
            return _assistant_items(data) or None
        case "user":
            return _result_items(data) or None
        case _:
            return None


def _assistant_items(data: Mapping[str, Any]) -> list[DisplayItem]:
    content = _object(data.get("message")).get("content")
    if isinstance(content, str):
        return [DisplayItem(type="text", content=content)] if content else []
    items = []
    for block in _blocks_of(data):
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            items.append(DisplayItem(type="text", content=block["text"]))
        elif block.get("type") == "tool_use":
            name = str(block.get("name"))
            shown = _input_text(block.get("input"))
            items.append(DisplayItem(type="tool_use", content=name, tool_name=name, tool_input=shown))
    return items


def _result_items(data: Mapping[str, Any]) -> list[DisplayItem]:
    """Tools that give their output in parts are shown by those, others by their result blocks."""
    output = _object(data.get("tool_use_result"))
    parts = [output.get("stdout"), output.get("stderr")]
    if not any(isinstance(part, str) for part in parts):
        parts = [_result_text(block.get("content")) for block in _blocks_of(data) if block.get("type") == "tool_result"]
    content = "\n".join(part for part in parts if isinstance(part, str) and part)
    if content.strip() == "":
        return []
    return [DisplayItem(type="tool_result", content=_cut(content, _LONGEST_RESULT, "\n..."))]


def _result_text(content: Any) -> str:
    return content if isinstance(content, str) else _text_of(_objects(content))


def _input_text(value: Any) -> str:
    pairs = (f"{key}: {each if isinstance(each, str) else _json(each)}" for key, each in _object(value).items())
    return _cut(", ".join(pairs), _LONGEST_INPUT, "...")


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _text_of(blocks: list[JsonObject]) -> str:
    texts = (block.get("text") for block in blocks if block.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


def _blocks_of(data: Mapping[str, Any]) -> list[JsonObject]:
    return _objects(_object(data.get("message")).get("content"))


def _objects(value: Any) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _cut(text: str, longest: int, ending: str) -> str:
    return text[:longest] + ending if len(text) > longest else text
