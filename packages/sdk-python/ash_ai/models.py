"""The objects of the API (its reference: /docs of any server). Ids are UUIDs, instants are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ash_ai.model import Model
from ash_ai.types import UNSET, JsonObject, Unset


@dataclass(kw_only=True)
class Agent(Model):
    """A deployed agent, at its active version."""

    id: UUID
    name: str
    tenant_id: str
    version: int
    hash: str
    path: str
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class AgentVersion(Model):
    """One deployment of an agent; it never changes. New sessions are made from the active one."""

    id: UUID
    tenant_id: str
    agent_name: str
    version_number: int
    name: str
    is_active: bool
    hash: str
    size_bytes: int
    file_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class ActivateAgentVersionResponse(Model):
    """Which version is active now."""

    activated: bool
    version_number: int


@dataclass(kw_only=True)
class SessionConfig(Model):
    """Settings that hold for every turn of a session."""

    allowed_tools: list[str] | Unset = UNSET
    disallowed_tools: list[str] | Unset = UNSET
    betas: list[str] | Unset = UNSET
    subagents: JsonObject | Unset = UNSET
    initial_agent: str | Unset = UNSET


@dataclass(kw_only=True)
class Session(Model):
    """A conversation with one version of an agent. ``str(session.id)`` is the text of its id."""

    id: UUID
    tenant_id: str
    agent_name: str
    agent_version: int
    sandbox_id: str
    status: str
    isolation: str
    runner_id: str | None
    parent_session_id: UUID | None
    model: str | None
    config: SessionConfig | None
    limits: JsonObject
    enforced: JsonObject
    last_seq: int
    created_at: datetime
    last_active_at: datetime


@dataclass(kw_only=True)
class ListSessionsWithTotalResponse(Model):
    """A page of sessions, and how many there are before paging."""

    sessions: list[Session]
    total: int


@dataclass(kw_only=True)
class InterruptSessionResponse(Model):
    """Whether a turn was running, and which."""

    interrupted: bool
    turn_id: UUID | None


@dataclass(kw_only=True)
class ForkedFiles(Model):
    """Of which moment a fork's files are, and whether the parent was working when it was forked."""

    as_of: datetime
    turn_running: bool
    #: ``snapshot`` with ``at``, when there is one that is not later; else ``now``.
    source: str | None = None
    #: Newest entry of the parent's log at that moment.
    seq: int | None = None


@dataclass(kw_only=True)
class ForkedConversation(Model):
    """Newest entry of the parent's log that was taken over."""

    up_to: int


@dataclass(kw_only=True)
class ForkSessionResponse(Model):
    """A fork, and what it was made from."""

    session: Session
    files: ForkedFiles
    conversation: ForkedConversation


@dataclass(kw_only=True)
class Approval(Model):
    """A tool call of the agent that waits, or waited, for leave; ``expired`` when its turn ended before an answer."""

    id: UUID
    session_id: UUID
    turn_id: UUID
    status: str
    tool_name: str
    input: JsonObject
    tool_use_id: str
    agent_id: str | Unset = UNSET
    reason: str | Unset = UNSET
    title: str | Unset = UNSET
    description: str | Unset = UNSET
    created_at: datetime
    answered_at: datetime | None


@dataclass(kw_only=True)
class EgressRecord(Model):
    """One decision over what a session wanted to reach: a model call, a request, a refusal."""

    seq: int
    turn_id: UUID | None
    at: datetime
    method: str
    host: str
    port: int
    address: str | None
    allowed: bool
    reason: str | None
    status: int | None
    bytes_out: int
    bytes_in: int
    duration_ms: float
    count: int
    model: str | None
    tokens: JsonObject | None
    cost_usd: float | None


@dataclass(kw_only=True)
class Message(Model):
    """One message: ``content`` is JSON text, ``sequence`` a place in the session's log."""

    id: UUID
    session_id: UUID
    tenant_id: str
    role: str
    content: str
    sequence: int
    created_at: datetime


@dataclass(kw_only=True)
class SessionEvent(Model):
    """One event of a session's timeline: ``data`` is JSON text, ``sequence`` a place in the session's log."""

    id: UUID
    session_id: UUID
    tenant_id: str
    type: str
    data: str | None
    sequence: int
    created_at: datetime


@dataclass(kw_only=True)
class SandboxLogEntry(Model):
    """One line of a sandbox's output: ``level`` is ``stdout``, ``stderr`` or ``system``."""

    index: int
    level: str
    text: str
    ts: datetime


@dataclass(kw_only=True)
class SessionLogs(Model):
    """Output of a session's sandbox."""

    logs: list[SandboxLogEntry]
    source: str


@dataclass(kw_only=True)
class ExecResult(Model):
    """How a command ended. A command that fails is a result, not an error."""

    exit_code: int
    stdout: str
    stderr: str
    stopped: str | Unset = UNSET
    """Why it was killed: ``timeout``, ``output`` or ``aborted``."""


@dataclass(kw_only=True)
class FileEntry(Model):
    """A file of a listing; ``size`` in bytes, ``path`` relative with ``/``."""

    path: str
    size: int
    modified_at: datetime
    sha256: str | Unset = UNSET
    """Of an agent's file, when asked for."""


@dataclass(kw_only=True)
class ListFilesResponse(Model):
    """Files, and for a session whether they come from its ``sandbox`` or from a ``snapshot``."""

    files: list[FileEntry]
    source: str | Unset = UNSET
    truncated: bool | Unset = UNSET
    """Set when there are more files than the server lists."""


@dataclass(kw_only=True)
class GetFileResponse(Model):
    """A text file; ``size`` in bytes."""

    path: str
    content: str
    size: int
    source: str | Unset = UNSET


@dataclass(kw_only=True)
class WrittenFile(Model):
    """What became of one file of a batch."""

    path: str
    written: bool
    size: int | Unset = UNSET
    error: str | Unset = UNSET


@dataclass(kw_only=True)
class WriteFilesResponse(Model):
    """What became of a batch, in its order."""

    files: list[WrittenFile]


@dataclass(kw_only=True)
class DeleteFileResponse(Model):
    """Which file was deleted."""

    path: str
    deleted: bool


@dataclass(kw_only=True)
class Attachment(Model):
    """A stored attachment; ``size`` in bytes, ``message_id`` is ``unlinked`` when it belongs to no message."""

    id: UUID
    tenant_id: str
    message_id: str
    session_id: UUID
    filename: str
    mime_type: str
    size: int
    created_at: datetime


@dataclass(kw_only=True)
class Credential(Model):
    """A stored credential, never with its key."""

    id: str
    type: str
    label: str
    active: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(kw_only=True)
class ApiKey(Model):
    """An API key, masked. The key that the server's environment gives has the id ``env`` and no instant."""

    id: str
    label: str
    key_prefix: str
    created_at: datetime


@dataclass(kw_only=True)
class CreatedApiKey(Model):
    """A new API key: the only time that ``key`` is shown."""

    id: str
    key: str
    tenant_id: str | Unset = UNSET


@dataclass(kw_only=True)
class QueueItem(Model):
    """A prompt in the queue."""

    id: UUID
    tenant_id: str
    session_id: UUID | None
    turn_id: UUID | None
    agent_name: str
    prompt: str
    status: str
    priority: int
    retry_count: int
    max_retries: int
    error: str | None
    retry_after: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(kw_only=True)
class QueueStats(Model):
    """Queue items by status."""

    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int


@dataclass(kw_only=True)
class UsageEvent(Model):
    """One measure of use: so many tokens, tool calls, seconds, … of a session."""

    id: UUID
    tenant_id: str
    session_id: UUID
    agent_name: str
    event_type: str
    value: float
    created_at: datetime


@dataclass(kw_only=True)
class UsageStats(Model):
    """Use, summed up."""

    total_input_tokens: float
    total_output_tokens: float
    total_cache_creation_tokens: float
    total_cache_read_tokens: float
    total_tool_calls: float
    total_messages: float
    total_compute_seconds: float
    total_cost_usd: float


@dataclass(kw_only=True)
class PoolStats(Model):
    """Sandboxes by state, and how sessions were woken."""

    total: int
    cold: int
    warming: int
    warm: int
    waiting: int
    running: int
    max_capacity: int
    resume_warm_hits: int
    resume_cold_hits: int
    resume_cold_local_hits: int
    resume_cold_cloud_hits: int
    resume_cold_fresh_hits: int
    pre_warm_hits: int


@dataclass(kw_only=True)
class HealthResponse(Model):
    """What ``health()`` answers, as a model: ``HealthResponse.from_dict(client.health())``. ``uptime`` in seconds."""

    status: str
    version: str
    coordinator_id: str
    active_sessions: int
    active_sandboxes: int
    remote_runners: int
    uptime: int
    isolation: str
    pool: PoolStats


@dataclass(kw_only=True)
class ApiError(Model):
    """The JSON body of every answer that isn't 2xx."""

    error: str
    status_code: int
    code: str
    suggestion: str | Unset = UNSET
    details: JsonObject | Unset = UNSET
    request_id: str | Unset = UNSET


@dataclass(kw_only=True)
class Webhook(Model):
    """Where events are sent to."""

    id: UUID
    tenant_id: str
    url: str
    description: str
    events: list[str] | None
    enabled: bool
    previous_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class CreatedWebhook(Model):
    """A webhook with its secret, which is shown only when it is made."""

    webhook: Webhook
    secret: str


@dataclass(kw_only=True)
class WebhookDelivery(Model):
    """One event for one webhook, and what became of it."""

    id: UUID
    webhook_id: UUID
    event_id: str
    type: str
    session_id: UUID | None
    queue_item_id: UUID | None
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(kw_only=True)
class GetWebhookDeliveryResponse(Model):
    """A delivery with what it sends."""

    delivery: WebhookDelivery
    payload: JsonObject | None
