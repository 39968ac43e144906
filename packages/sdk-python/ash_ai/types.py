"""Small types of the API: the mark of what is unset, closed sets of words, and shapes of what callers give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict
from uuid import UUID

Id = str | UUID
"""An id of a session, attachment, … as text or as UUID."""

JsonObject = dict[str, Any]
"""A JSON object as the standard library reads it."""


class Unset:
    """The type of :data:`UNSET`. It is falsy."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Unset:
        return self

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()
"""Stands where a server said nothing; ``None`` stands where it said ``null``."""

SessionStatus = Literal["starting", "active", "paused", "stopped", "ended", "error"]
PermissionMode = Literal["bypassPermissions", "permissionsByAgent", "default"]
WebhookDeliveryStatus = Literal["pending", "delivered", "failed", "skipped"]
WebhookEventType = Literal[
    "session.created",
    "session.configured",
    "session.paused",
    "session.resumed",
    "session.stopped",
    "session.ended",
    "session.sandbox_lost",
    "session.recovered",
    "turn.started",
    "turn.completed",
    "turn.failed",
    "turn.interrupted",
    "approval.requested",
    "approval.answered",
    "queue_item.completed",
    "queue_item.failed",
    "queue_item.cancelled",
]
Effort = Literal["low", "medium", "high", "max"]
WhenBusy = Literal["queue", "reject", "interrupt"]
CredentialType = Literal["anthropic", "openai", "custom", "bedrock"]
ApprovalStatus = Literal["pending", "allowed", "denied", "expired"]
QueueItemStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]


class McpServerConfig(TypedDict, total=False):
    """One MCP server of a session: ``url`` with ``headers``, or ``command`` with its ``args`` and ``env``."""

    type: Literal["http", "sse", "stdio"]
    url: str
    headers: dict[str, str]
    command: str
    args: list[str]
    env: dict[str, str]


class SandboxLimits(TypedDict, total=False):
    """What a sandbox may use at most, as far as the server allows. ``cpus`` may be a fraction."""

    memoryMb: int
    cpus: float
    pids: int
    diskMb: int
    inodes: int
    openFiles: int
    turnTimeoutMs: int


class ModelLimits(TypedDict, total=False):
    """Ceilings over the model calls of a whole session; those of the server hold as well."""

    models: list[str]
    maxSpendUsd: float
    maxTokens: int
    requestsPerMinute: int


class _Typed(TypedDict):
    type: str


class Thinking(_Typed, total=False):
    """How much the model may think: ``type`` and, in tokens, ``budgetTokens``."""

    budgetTokens: int


class OutputFormat(_Typed):
    """The form of a turn's structured output: ``type`` (``json_schema``) and the JSON ``schema``."""

    schema: Mapping[str, Any]


class _Content(TypedDict):
    path: str
    content: str | bytes


class AgentFile(_Content, total=False):
    """A file of an agent to deploy. ``executable`` says that it may be run as a program (default: it may not)."""

    executable: bool


class FileToWrite(_Content, total=False):
    """A file to upload. ``content`` is the file's bytes, or text that is base64 already; ``path`` is relative."""

    mimeType: str
