"""Sessions: create, list, get, their life cycle and their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ash_ai.call import Call, PagesCall
from ash_ai.models import (
    Approval,
    EgressRecord,
    ForkSessionResponse,
    InterruptSessionResponse,
    ListSessionsWithTotalResponse,
    Session,
)
from ash_ai.paging import USUAL_PAGE_SIZE, Pages, PagesOfSessions
from ash_ai.request import Reader, Request, T, as_model, given, many, new_key, one
from ash_ai.types import (
    UNSET,
    ApprovalStatus,
    Id,
    McpServerConfig,
    ModelLimits,
    PermissionMode,
    SandboxLimits,
    SessionStatus,
    Unset,
)

_session = one("session", Session)


class SessionCalls:
    """The calls about sessions."""

    @Call
    def create_session(
        self,
        agent: str,
        *,
        credential_id: str | None = None,
        extra_env: Mapping[str, str] | None = None,
        model: str | None = None,
        system_prompt: str | None = None,
        permission_mode: PermissionMode | None = None,
        allowed_tools: Sequence[str] | None = None,
        disallowed_tools: Sequence[str] | None = None,
        mcp_servers: Mapping[str, McpServerConfig] | None = None,
        betas: Sequence[str] | None = None,
        subagents: Mapping[str, Any] | None = None,
        initial_agent: str | None = None,
        limits: SandboxLimits | None = None,
        egress: Mapping[str, Any] | None = None,
        model_limits: ModelLimits | None = None,
        idempotency_key: str | None = None,
    ) -> Request[Session]:
        """Opens a session with the agent of that name.

        ``system_prompt`` takes the place of the agent's CLAUDE.md, ``extra_env`` are variables of its sandbox,
        ``subagents`` and ``initial_agent`` the Agent SDK's ``agents`` and ``agent``; ``egress`` (``{"allow": […]}``) is
        what it may reach besides the model API. Raises `agent_not_found`, `agent_directory_missing`,
        `credential_invalid`.
        """
        return Request(
            route="POST /api/sessions",
            body=given(
                agent=agent,
                credentialId=credential_id,
                extraEnv=extra_env,
                model=model,
                systemPrompt=system_prompt,
                permissionMode=permission_mode,
                allowedTools=allowed_tools,
                disallowedTools=disallowed_tools,
                mcpServers=mcp_servers,
                betas=betas,
                subagents=subagents,
                initialAgent=initial_agent,
                limits=limits,
                egress=egress,
                modelLimits=model_limits,
            ),
            idempotency_key=new_key(idempotency_key),
            read=_session,
        )

    @Call
    def list_sessions(
        self,
        agent: str | None = None,
        *,
        status: SessionStatus | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Request[list[Session]]:
        """Sessions, newest first: of one agent, in one status, ``limit`` of them after the first ``offset``."""
        query = {"agent": agent, "status": status, "limit": limit, "offset": offset}
        return _sessions(query)

    @PagesCall
    def iterate_sessions(
        self, agent: str | None = None, *, status: SessionStatus | None = None, page_size: int = USUAL_PAGE_SIZE
    ) -> Pages[Session]:
        """All sessions, newest first, each once: of one agent, in one status. Those that are created meanwhile may be
        missing. ``page_size``: how many are asked for at once, 1 to 1000.

        >>> for session in client.iterate_sessions(status="active"):
        ...     print(session.id)
        """
        filters = {"agent": agent, "status": status}
        return PagesOfSessions(
            page_size, lambda limit, offset: _sessions({**filters, "limit": limit, "offset": offset})
        )

    @Call
    def list_sessions_with_total(
        self,
        agent: str | None = None,
        *,
        status: SessionStatus | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Request[ListSessionsWithTotalResponse]:
        """Like ``list_sessions``, with the number of sessions before paging."""
        query = {"agent": agent, "status": status, "limit": limit, "offset": offset, "includeTotal": True}
        return Request(route="GET /api/sessions", query=query, read=as_model(ListSessionsWithTotalResponse))

    @Call
    def get_session(self, id: Id) -> Request[Session]:
        """One session. Raises `session_not_found`."""
        return Request(route="GET /api/sessions/{id}", at={"id": id}, read=_session)

    @Call
    def pause_session(self, id: Id) -> Request[Session]:
        """Pauses an active session. Raises `session_not_found`, `session_not_active`."""
        return Request(route="POST /api/sessions/{id}/pause", at={"id": id}, read=_session)

    @Call
    def resume_session(self, id: Id) -> Request[Session]:
        """Makes a paused or stopped session active again. Raises `session_not_found`, `session_ended`."""
        return Request(route="POST /api/sessions/{id}/resume", at={"id": id}, repeatable=True, read=_session)

    @Call
    def stop_session(self, id: Id) -> Request[Session]:
        """Stops a session and cuts its running turn; it can be resumed. Raises `session_not_active`."""
        return Request(route="POST /api/sessions/{id}/stop", at={"id": id}, read=_session)

    @Call
    def end_session(self, id: Id) -> Request[Session]:
        """Ends a session for good; its log can still be read. Raises `session_not_found`."""
        return Request(route="DELETE /api/sessions/{id}", at={"id": id}, repeatable=True, read=_session)

    @Call
    def fork_session(self, id: Id, *, at: int | None = None, idempotency_key: str | None = None) -> Request[Session]:
        """Makes a new session that goes on from this one, with its files and conversation; it is paused until resumed.

        ``at``: entry up to which the conversation is taken over (default: all of it); the files are those of now.
        Raises `session_not_found`, `fork_point_invalid`, `fork_failed`.
        """
        return _fork(id, at, idempotency_key, _session)

    @Call
    def fork_session_with_files(
        self, id: Id, *, at: int | None = None, idempotency_key: str | None = None
    ) -> Request[ForkSessionResponse]:
        """Like ``fork_session``, with the time that the files are of."""
        return _fork(id, at, idempotency_key, as_model(ForkSessionResponse))

    @Call
    def interrupt_session(self, id: Id) -> Request[InterruptSessionResponse]:
        """Interrupts the running turn; the session stays active. Raises `session_not_found`."""
        return Request(
            route="POST /api/sessions/{id}/interrupt", at={"id": id}, read=as_model(InterruptSessionResponse)
        )

    @Call
    def update_session_config(
        self,
        id: Id,
        *,
        model: str | Unset | None = UNSET,
        allowed_tools: Sequence[str] | Unset | None = UNSET,
        disallowed_tools: Sequence[str] | Unset | None = UNSET,
        betas: Sequence[str] | Unset | None = UNSET,
        subagents: Mapping[str, Any] | Unset | None = UNSET,
        initial_agent: str | Unset | None = UNSET,
    ) -> Request[Session]:
        """Changes the settings that are given, from the next turn on: ``None`` unsets one, an empty list is a value.
        Raises `session_not_found`."""
        return Request(
            route="PATCH /api/sessions/{id}/config",
            at={"id": id},
            body={
                "model": model,
                "allowedTools": allowed_tools,
                "disallowedTools": disallowed_tools,
                "betas": betas,
                "subagents": subagents,
                "initialAgent": initial_agent,
            },
            read=_session,
        )

    @Call
    def list_approvals(self, session_id: Id, *, status: ApprovalStatus | None = None) -> Request[list[Approval]]:
        """What the agent has asked leave for, oldest first. Raises `session_not_found`."""
        return Request(
            route="GET /api/sessions/{id}/approvals",
            at={"id": session_id},
            query={"status": status},
            read=many("approvals", Approval),
        )

    @Call
    def answer_approval(
        self,
        session_id: Id,
        approval_id: Id,
        decision: Literal["allow", "deny"],
        *,
        message: str | None = None,
        updated_input: Mapping[str, Any] | None = None,
    ) -> Request[Approval]:
        """Answers an approval; the agent goes on.

        ``message`` tells the agent why (with ``deny``), ``updated_input`` takes the place of the input (with
        ``allow``; the answers to questions go here). Raises `approval_not_found`, `approval_answered_already`,
        `approval_expired`.
        """
        return Request(
            route="POST /api/sessions/{id}/approvals/{approvalId}",
            at={"id": session_id, "approvalId": approval_id},
            body=given(decision=decision, message=message, updatedInput=updated_input),
            read=one("approval", Approval),
        )

    @Call
    def list_egress(
        self, id: Id, *, limit: int | None = None, after_sequence: int | None = None
    ) -> Request[list[EgressRecord]]:
        """What the session reached, or tried to, oldest first: ``limit`` (default 100) after ``after_sequence``."""
        query = {"limit": limit, "after": after_sequence}
        return Request(
            route="GET /api/sessions/{id}/egress", at={"id": id}, query=query, read=many("records", EgressRecord)
        )


def _sessions(query: Mapping[str, object]) -> Request[list[Session]]:
    return Request(route="GET /api/sessions", query=query, read=many("sessions", Session))


def _fork(id: Id, at: int | None, idempotency_key: str | None, read: Reader[T]) -> Request[T]:
    return Request(
        route="POST /api/sessions/{id}/fork",
        at={"id": id},
        body=given(at=at),
        idempotency_key=new_key(idempotency_key),
        read=read,
    )
