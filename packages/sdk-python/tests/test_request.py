"""Single calls: what is sent, what is repeated, and what an error carries."""

from __future__ import annotations

import asyncio
import pickle
import re
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
import pytest

from ash_ai import AshApiError, AshClient, AsyncAshClient
from ash_ai.retry import delay_before, retry_after_seconds
from tests.kinds import KINDS, call
from tests.recorded import SESSION_ID
from tests.scripted_server import Answer, Asked, ScriptedServer, answer_json, no_answer, silence

SESSION = {"session": {"id": SESSION_ID, "status": "active"}}
ITEM = {"item": {"id": SESSION_ID, "sessionId": SESSION_ID, "startedAt": None}}


def refusal(status: int, code: str) -> dict[str, Any]:
    return {"error": f"No: {code}", "statusCode": status, "code": code, "requestId": "r1"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_repeated_after(status: int, kind: str) -> None:
    def answer(asked: Asked, count: int) -> Answer:
        return answer_json(status, {}) if count == 1 else answer_json(200, {"agents": []})

    with ScriptedServer(answer) as server:
        assert call(kind, server.url, "list_agents") == []
        assert len(server.asked) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_connection_is_repeated_and_a_creating_call_keeps_its_key(kind: str) -> None:
    with ScriptedServer(lambda asked, count: no_answer if count == 1 else answer_json(201, SESSION)) as server:
        assert str(call(kind, server.url, "create_session", "poet").id) == SESSION_ID
        keys = [asked.headers["idempotency-key"] for asked in server.asked]
        assert len(keys) == 2
        assert keys[0] == keys[1] == str(UUID(keys[0]))


@pytest.mark.parametrize("kind", KINDS)
def test_what_changes_something_and_has_no_key_is_sent_once(kind: str) -> None:
    with ScriptedServer(lambda asked, count: answer_json(503, {})) as server:
        with pytest.raises(AshApiError):
            call(kind, server.url, "pause_session", SESSION_ID)
        assert len(server.asked) == 1
        assert "content-type" not in server.asked[0].headers


def test_a_code_that_waiting_will_not_change_is_not_repeated_whatever_its_status() -> None:
    with ScriptedServer(lambda asked, count: answer_json(500, refusal(500, "isolation_unavailable"))) as server:
        with pytest.raises(AshApiError) as raised:
            call("sync", server.url, "create_session", "a")
        assert raised.value.retryable is False
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_repeating_ends_and_much_patience_is_refused(kind: str) -> None:
    def answer(asked: Asked, count: int) -> Answer:
        wait = {} if asked.url == "/health" else {"retry_after": "3600"}
        return answer_json(503, refusal(503, "shutting_down"), **wait)

    with ScriptedServer(answer) as server:
        with pytest.raises(AshApiError) as raised:
            call(kind, server.url, "health", options={"max_retries": 1})
        assert (raised.value.code, raised.value.retryable, len(server.asked)) == ("shutting_down", True, 2)
        with pytest.raises(AshApiError) as raised:
            call(kind, server.url, "list_agents")
        assert (raised.value.retry_after, len(server.asked)) == (3600, 3)


def test_an_error_carries_everything_the_body_says() -> None:
    body = {**refusal(404, "agent_not_found"), "suggestion": "Deploy it.", "details": {"agent": "x"}}
    with ScriptedServer(lambda asked, count: answer_json(404, body)) as server:
        with pytest.raises(AshApiError, match=r"^No: agent_not_found$") as raised:
            call("sync", server.url, "get_agent", "x")
    for error in (raised.value, pickle.loads(pickle.dumps(raised.value))):
        assert (error.status_code, error.message, error.code) == (404, "No: agent_not_found", "agent_not_found")
        assert (error.suggestion, error.details, error.request_id) == ("Deploy it.", {"agent": "x"}, "r1")
        assert (error.retryable, error.request) == (False, "GET /api/agents/x")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"message":"why","error":"Bad Request"}', "why"),
        ('{"error":"only this"}', "only this"),
        ("<html>", "Not Found"),
        ("", "Not Found"),
        ("null", "Not Found"),
    ],
)
def test_the_text_of_an_error(body: str, text: str) -> None:
    with ScriptedServer(lambda asked, count: Answer(404, body.encode())) as server:
        with pytest.raises(AshApiError, match=f"^{text}$"):
            call("sync", server.url, "get_session", SESSION_ID)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"other":1}', b'{"agent":1}'])
def test_an_answer_of_another_form_says_so(body: bytes) -> None:
    with ScriptedServer(lambda asked, count: Answer(200, body)) as server:
        with pytest.raises(AshApiError, match=r"^The answer of /api/agents/x (is no JSON object|has no \"agent\")$"):
            call("sync", server.url, "get_agent", "x")


def test_a_list_of_something_odd_says_so() -> None:
    with ScriptedServer(lambda asked, count: answer_json(200, {"agents": [1]})) as server:
        with pytest.raises(AshApiError, match=r'^The answer of /api/agents holds something odd in "agents"$'):
            call("sync", server.url, "list_agents")


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_an_error_of_httpx_also_before_a_stream(kind: str) -> None:
    options = {"timeout": 0.2, "max_retries": 0}
    with ScriptedServer(lambda asked, count: silence) as server:
        with pytest.raises(httpx.TimeoutException):
            call(kind, server.url, "health", options=options)
        with pytest.raises(httpx.TimeoutException):
            call(kind, server.url, "send_message", SESSION_ID, "Hello!", options=options)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent(kind: str) -> None:
    def answer(asked: Asked, count: int) -> Answer:
        if asked.method == "DELETE":
            return Answer(204) if "agents" in asked.url else answer_json(200, {"path": "c%.txt", "deleted": True})
        return answer_json(200, {**SESSION, **ITEM, "sessions": [], "total": 7, "messages": [], "events": []})

    with ScriptedServer(answer) as server:
        options = {"api_key": "ash_key"}
        url = f"{server.url}//"
        assert call(kind, url, "delete_agent", "a/b ?#é", options=options) is None
        call(kind, url, "list_sessions", agent="x&y", options=options)
        call(kind, url, "list_sessions", status="active", limit=5, agent=None, options=options)
        assert call(kind, url, "list_sessions_with_total", options=options).total == 7
        call(kind, url, "create_session", "p", allowed_tools=[], options=options)
        call(kind, url, "list_messages", UUID(SESSION_ID), after_sequence=3, options=options)
        assert call(kind, url, "delete_session_file", SESSION_ID, "./a b/c%.txt", options=options).deleted is True
        after = datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=1)))
        call(kind, url, "list_usage_events", after=after, before="2026-02-01T00:00:00Z", options=options)
        call(kind, url, "enqueue", "p", "half \ud83d", session_id=UUID(SESSION_ID), options=options)
        assert [f"{asked.method} {asked.url}" for asked in server.asked] == [
            "DELETE /api/agents/a%2Fb%20%3F%23%C3%A9",
            "GET /api/sessions?agent=x%26y",
            "GET /api/sessions?status=active&limit=5",
            "GET /api/sessions?includeTotal=true",
            "POST /api/sessions",
            f"GET /api/sessions/{SESSION_ID}/messages?after=3",
            f"DELETE /api/sessions/{SESSION_ID}/files/a%20b/c%25.txt",
            "GET /api/usage?after=2026-01-31T00%3A00%3A00.000Z&before=2026-02-01T00%3A00%3A00Z",
            "POST /api/queue",
        ]
        assert server.asked[4].body == {"agent": "p", "allowedTools": []}
        assert server.asked[8].body == {"agentName": "p", "prompt": "half \ud83d", "sessionId": SESSION_ID}
        assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer ash_key"}


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_of_nothing_is_not_sent(name: str) -> None:
    with ScriptedServer(lambda asked, count: answer_json(200, {})) as server:
        for method, args in (("get_agent", (name,)), ("get_session_file", (SESSION_ID, f"a/{name}"))):
            with pytest.raises(AshApiError) as raised:
                call("sync", server.url, method, *args)
            assert (raised.value.status_code, raised.value.code) == (400, "validation_failed")
        assert server.asked == []


def test_bytes_are_sent_as_base64_and_text_as_it_is() -> None:
    written = {"files": [{"path": "a", "written": True, "size": 3}]}
    with ScriptedServer(lambda asked, count: answer_json(200, written)) as server:
        files = [{"path": "a", "content": b"\x00\xff\x00"}, {"path": "b", "content": "AP8A", "mimeType": "x/y"}]
        assert call("sync", server.url, "write_session_files", SESSION_ID, files, "sub").files[0].size == 3
        assert server.asked[0].body == {
            "files": [{"path": "a", "content": "AP8A"}, {"path": "b", "content": "AP8A", "mimeType": "x/y"}],
            "targetPath": "sub",
        }


@pytest.mark.parametrize("kind", KINDS)
def test_a_download_tells_type_and_source(kind: str) -> None:
    def answer(asked: Asked, count: int) -> Answer:
        return Answer(200, b"\x00\xff", {"content-type": "image/png", "x-ash-source": "sandbox"} if count == 1 else {})

    with ScriptedServer(answer) as server:
        first = call(kind, server.url, "download_session_file", SESSION_ID, "a.png")
        assert (first.content, first.mime_type, first.source) == (b"\x00\xff", "image/png", "sandbox")
        second = call(kind, server.url, "download_session_file", SESSION_ID, "a.png")
        assert (second.mime_type, second.source) == ("application/octet-stream", "unknown")


def test_any_route_can_be_asked() -> None:
    with ScriptedServer(lambda asked, count: answer_json(200, {"a": 1})) as server, AshClient(server.url) as client:
        assert client.request("PATCH", "/api/new", query={"x": True}, body={"y": 1}).json() == {"a": 1}
        assert (server.asked[0].url, server.asked[0].body) == ("/api/new?x=true", {"y": 1})


def test_both_spellings_of_the_constructor() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"status": "ok"})

    transport = httpx.MockTransport(answer)
    for client in (
        AshClient("http://ash.test/", "k", transport=transport),
        AshClient(server_url="http://ash.test", api_key="k", transport=transport),
        AshClient(base_url="http://ash.test//", token="k", transport=transport, timeout=1),
    ):
        with client:
            assert client.health() == {"status": "ok"}

    async def run() -> None:
        async with AsyncAshClient(base_url="http://ash.test", token="k", transport=transport) as client:
            await client.health()
        with AshClient("http://ash.test", "k", async_transport=transport) as sync_client:
            await sync_client.ahealth()

    asyncio.run(run())
    assert {(str(request.url), request.headers["authorization"]) for request in seen} == {
        ("http://ash.test/health", "Bearer k")
    }


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, TypeError, "server_url is missing"),
        ({"server_url": "http://a", "base_url": "http://b"}, TypeError, "server_url and base_url are the same"),
        ({"server_url": "http://a", "api_key": "a", "token": "b"}, TypeError, "api_key and token are the same"),
        ({"server_url": "localhost:4100"}, ValueError, "Not the URL of a server: localhost:4100"),
    ],
)
def test_a_client_that_can_not_work_is_not_made(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=re.escape(text)):
        AshClient(**arguments)
    with pytest.raises(error, match=re.escape(text)):
        AsyncAshClient(**arguments)


def test_the_key_is_not_shown() -> None:
    with AshClient("http://ash.test", "ash_secret") as client:
        assert "ash_secret" not in repr(vars(client))


def test_delays_double_up_to_a_ceiling_with_half_of_them_left_to_chance() -> None:
    assert [delay_before(attempt, 0, 1) for attempt in range(1, 7)] == [0.25, 0.5, 1, 2, 4, 5]
    assert delay_before(1, 0, 0) == 0.125
    assert delay_before(5000, 0, 1) == 5
    assert delay_before(1, 7) == 7
    assert delay_before(1, 60.1) is None


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=timezone.utc).timestamp()
    assert retry_after_seconds("3") == 3
    assert retry_after_seconds("Wed, 21 Oct 2026 07:28:05 GMT", now) == 5
    assert retry_after_seconds("Wed, 21 Oct 2026 07:27:00 GMT", now) == 0
    assert [retry_after_seconds(text) for text in ("soon", "", " ", "-1", None)] == [None] * 5
