"""The events of a stream: one class for each kind, all with ``type`` (the event's name) and ``data`` (its payload)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ash_ai.types import JsonObject


@dataclass(frozen=True)
class _Event:
    data: JsonObject

    def _get(self, key: str) -> Any:
        return self.data.get(key) if isinstance(self.data, dict) else None

    def _text(self, key: str) -> str:
        value = self._get(key)
        return value if isinstance(value, str) else ""

    def _text_or_none(self, key: str) -> str | None:
        value = self._get(key)
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class MessageEvent(_Event):
    """A message of the Claude Agent SDK, unchanged."""

    type: Literal["message"] = field(default="message", init=False)


@dataclass(frozen=True)
class TextDeltaEvent(_Event):
    """More text; only with ``include_partial_messages``."""

    type: Literal["text_delta"] = field(default="text_delta", init=False)

    @property
    def delta(self) -> str:
        return self._text("delta")


@dataclass(frozen=True)
class ThinkingDeltaEvent(_Event):
    """More thinking, and the whole of it once its block is complete."""

    type: Literal["thinking_delta"] = field(default="thinking_delta", init=False)

    @property
    def delta(self) -> str:
        return self._text("delta")


@dataclass(frozen=True)
class ToolUseEvent(_Event):
    """The agent uses a tool."""

    type: Literal["tool_use"] = field(default="tool_use", init=False)

    @property
    def id(self) -> str:
        return self._text("id")

    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def input(self) -> Any:
        return self._get("input")


@dataclass(frozen=True)
class ToolResultEvent(_Event):
    """What a tool answered: text, or content blocks."""

    type: Literal["tool_result"] = field(default="tool_result", init=False)

    @property
    def tool_use_id(self) -> str:
        return self._text("tool_use_id")

    @property
    def content(self) -> Any:
        return self._get("content")

    @property
    def is_error(self) -> bool:
        return self._get("is_error") is True


@dataclass(frozen=True)
class TurnCompleteEvent(_Event):
    """The agent is through with its turn."""

    type: Literal["turn_complete"] = field(default="turn_complete", init=False)

    @property
    def num_turns(self) -> int | None:
        value = self._get("numTurns")
        return value if isinstance(value, int) else None

    @property
    def result(self) -> str | None:
        return self._text_or_none("result")


@dataclass(frozen=True)
class ApprovalEvent(_Event):
    """The agent waits for leave to use a tool, or for answers to its questions: see ``answer_approval``."""

    type: Literal["approval"] = field(default="approval", init=False)

    @property
    def approval_id(self) -> str:
        return self._text("approvalId")

    @property
    def tool_name(self) -> str:
        return self._text("toolName")

    @property
    def tool_use_id(self) -> str:
        return self._text("toolUseId")

    @property
    def input(self) -> Any:
        return self._get("input")


@dataclass(frozen=True)
class SessionStartEvent(_Event):
    """The first event of a turn's stream."""

    type: Literal["session_start"] = field(default="session_start", init=False)

    @property
    def session_id(self) -> str:
        return self._text("sessionId")

    @property
    def version(self) -> str | None:
        """Version of the server."""
        return self._text_or_none("version")

    @property
    def turn_id(self) -> str | None:
        return self._text_or_none("turnId")


@dataclass(frozen=True)
class ErrorEvent(_Event):
    """Something failed during the turn. ``code`` is one of the server's error table."""

    type: Literal["error"] = field(default="error", init=False)

    @property
    def error(self) -> str:
        return self._text("error")

    @property
    def code(self) -> str | None:
        return self._text_or_none("code")


@dataclass(frozen=True)
class DoneEvent(_Event):
    """The turn is over. ``status`` is ``completed``, ``failed`` or ``interrupted``."""

    type: Literal["done"] = field(default="done", init=False)

    @property
    def session_id(self) -> str:
        return self._text("sessionId")

    @property
    def turn_id(self) -> str | None:
        return self._text_or_none("turnId")

    @property
    def status(self) -> str | None:
        return self._text_or_none("status")


@dataclass(frozen=True)
class StreamEvent:
    """Any other event: one that this version doesn't know flows through."""

    event: str
    data: JsonObject

    @property
    def type(self) -> str:
        return self.event


AshEvent = (
    MessageEvent
    | TextDeltaEvent
    | ThinkingDeltaEvent
    | ToolUseEvent
    | ToolResultEvent
    | TurnCompleteEvent
    | ApprovalEvent
    | SessionStartEvent
    | ErrorEvent
    | DoneEvent
    | StreamEvent
)
"""Any event of a stream."""

_known: dict[str, Callable[[JsonObject], AshEvent]] = {
    "message": MessageEvent,
    "text_delta": TextDeltaEvent,
    "thinking_delta": ThinkingDeltaEvent,
    "tool_use": ToolUseEvent,
    "tool_result": ToolResultEvent,
    "turn_complete": TurnCompleteEvent,
    "approval": ApprovalEvent,
    "session_start": SessionStartEvent,
    "error": ErrorEvent,
    "done": DoneEvent,
}


def to_event(name: str, data: JsonObject) -> AshEvent:
    """The event of that name."""
    known = _known.get(name)
    return StreamEvent(name, data) if known is None else known(data)
