"""Messages: send, stream, follow, and read what was said; commands beside the conversation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec

import httpx

from ash_ai.call import Call, PagesCall, StreamCall
from ash_ai.follow import Following
from ash_ai.models import ExecResult, Message, SessionEvent, SessionLogs
from ash_ai.paging import USUAL_PAGE_SIZE, Pages, PagesBySequence
from ash_ai.position import StreamPosition
from ash_ai.request import Request, as_model, given, many, new_key, unread
from ash_ai.types import Effort, Id, OutputFormat, Thinking, WhenBusy

P = ParamSpec("P")


def _only_sent(
    describe: Callable[Concatenate[Any, P], Following],
) -> Callable[Concatenate[Any, P], Request[httpx.Response]]:
    @functools.wraps(describe, assigned=())
    def send_message(calls: Any, /, *args: P.args, **kwargs: P.kwargs) -> Request[httpx.Response]:
        """Sends a message and gives the open response; its body is the event stream of the turn, for
        ``parse_sse_stream``. It doesn't reconnect, and the caller closes it. Arguments as of ``send_message_stream``.
        """
        return describe(calls, *args, **kwargs).next_request()

    return send_message


class MessageCalls:
    """The calls about messages."""

    @StreamCall
    def send_message_stream(
        self,
        id: Id,
        content: str | Sequence[Mapping[str, Any]],
        *,
        include_partial_messages: bool | None = None,
        model: str | None = None,
        max_turns: int | None = None,
        max_budget_usd: float | None = None,
        effort: Effort | None = None,
        thinking: Thinking | None = None,
        output_format: OutputFormat | None = None,
        when_busy: WhenBusy | None = None,
        idempotency_key: str | None = None,
    ) -> Following:
        """Sends a message and streams the turn.

        When the connection breaks it reconnects from where it was, so that every event comes once; leaving the loop
        closes the connection and leaves the turn running. Failures of the turn are ``error`` events.

        ``content`` is text or content blocks, ``include_partial_messages`` asks for token deltas, ``when_busy`` says
        what to do while a turn is running (default ``queue``); the rest holds for this turn. The first event raises
        `session_not_found`, `session_not_active`, `turn_queue_full`, …

        >>> for event in client.send_message_stream(session.id, "Hello!"):
        ...     if event.type == "message":
        ...         print(extract_text_from_event(event.data))
        """
        send = Request(
            route="POST /api/sessions/{id}/messages",
            at={"id": id},
            body=given(
                content=content,
                includePartialMessages=include_partial_messages,
                model=model,
                maxTurns=max_turns,
                maxBudgetUsd=max_budget_usd,
                effort=effort,
                thinking=thinking,
                outputFormat=output_format,
                whenBusy=when_busy,
            ),
            idempotency_key=new_key(idempotency_key),
            answer="stream",
            read=unread,
        )
        follow = _stream_of(id, include_partial_messages)
        return Following(
            StreamPosition(sent=True, until_done=True, partial=include_partial_messages),
            lambda position: _from(follow, position) if position.begun else send,
        )

    send_message = Call(_only_sent(send_message_stream.describe))

    @StreamCall
    def follow_session(
        self,
        id: Id,
        *,
        after: str | int | None = None,
        turn_id: Id | None = None,
        include_partial_messages: bool | None = None,
    ) -> Following:
        """Follows a session: what was stored after the cursor ``after`` (an SSE id, or the ``sequence`` of a message;
        default: all), then what happens live.

        With ``turn_id`` only that turn, up to its ``done``; else without end. Reconnects like ``send_message_stream``.
        Raises `session_not_found`, `turn_not_found`, `cursor_invalid`.
        """
        position = StreamPosition(
            sent=False,
            until_done=turn_id is not None,
            after=None if after is None else str(after),
            turn_id=None if turn_id is None else str(turn_id),
            partial=include_partial_messages,
        )
        follow = _stream_of(id, include_partial_messages)
        return Following(position, lambda position: _from(follow, position))

    @Call
    def list_messages(
        self, id: Id, *, limit: int | None = None, after_sequence: int | None = None
    ) -> Request[list[Message]]:
        """Messages of a session, oldest first: ``limit`` of them (default 100) after ``after_sequence``."""
        return _messages(id, limit, after_sequence)

    @PagesCall
    def iterate_messages(
        self, id: Id, *, after_sequence: int | None = None, page_size: int = USUAL_PAGE_SIZE
    ) -> Pages[Message]:
        """All messages of a session after ``after_sequence``, oldest first, each once; also those that come while it
        reads. ``page_size``: how many are asked for at once, 1 to 1000. Raises `session_not_found`."""
        return PagesBySequence(after_sequence, lambda after: _messages(id, page_size, after))

    @Call
    def list_session_events(
        self, id: Id, *, limit: int | None = None, after_sequence: int | None = None, type: str | None = None
    ) -> Request[list[SessionEvent]]:
        """The timeline of a session, oldest first: ``limit`` events (default 200) after ``after_sequence``, of one
        ``type``."""
        return _events(id, limit, after_sequence, type)

    @PagesCall
    def iterate_session_events(
        self,
        id: Id,
        *,
        after_sequence: int | None = None,
        type: str | None = None,
        page_size: int = USUAL_PAGE_SIZE,
    ) -> Pages[SessionEvent]:
        """The whole timeline of a session after ``after_sequence``, oldest first, of one ``type``, each event once;
        also those that come while it reads. ``page_size`` and errors as of ``iterate_messages``."""
        return PagesBySequence(after_sequence, lambda after: _events(id, page_size, after, type))

    @Call
    def get_session_logs(self, id: Id, *, after: int | None = None) -> Request[SessionLogs]:
        """Output of the session's sandbox after the line of index ``after``; empty while it has none."""
        return Request(
            route="GET /api/sessions/{id}/logs", at={"id": id}, query={"after": after}, read=as_model(SessionLogs)
        )

    @Call
    def exec(self, id: Id, command: str, *, timeout: int | None = None) -> Request[ExecResult]:
        """Runs a shell command in the session's workspace. ``timeout`` in milliseconds, 1 to 300,000 (default 30,000).
        Raises `session_not_found`, `session_not_active`."""
        return Request(
            route="POST /api/sessions/{id}/exec",
            at={"id": id},
            body=given(command=command, timeout=timeout),
            patience=(timeout or 30_000) / 1000,
            read=as_model(ExecResult),
        )


def _messages(id: Id, limit: int | None, after: int | None) -> Request[list[Message]]:
    query = {"limit": limit, "after": after}
    return Request(route="GET /api/sessions/{id}/messages", at={"id": id}, query=query, read=many("messages", Message))


def _events(id: Id, limit: int | None, after: int | None, type: str | None) -> Request[list[SessionEvent]]:
    query = {"limit": limit, "after": after, "type": type}
    return Request(route="GET /api/sessions/{id}/events", at={"id": id}, query=query, read=many("events", SessionEvent))


def _stream_of(id: Id, include_partial_messages: bool | None) -> Request[httpx.Response]:
    return Request(
        route="GET /api/sessions/{id}/stream",
        at={"id": id},
        query={"includePartialMessages": include_partial_messages},
        answer="stream",
        read=unread,
    )


def _from(follow: Request[httpx.Response], position: StreamPosition) -> Request[httpx.Response]:
    return replace(follow, query={"after": position.cursor, "turnId": position.turn_id, **follow.query})
