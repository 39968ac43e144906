"""Conversations with the real server."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ash_ai import AshApiError, AshClient, AsyncAshClient, extract_text_from_event, parse_sse_stream
from tests.e2e.real_server import RealServer
from tests.skill_page import quick_start


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_quick_start_of_the_skill_page(server: RealServer, capsys: pytest.CaptureFixture[str]) -> None:
    quick_start(server.url, server.api_key)
    gc.collect()
    session_id, status, *rest = capsys.readouterr().out.split("\n")
    assert status == "active"
    assert "Turn complete." in rest
    # The haiku came in deltas, after the last line of the first turn.
    assert len("\n".join(rest[rest.index("Turn complete.") + 1 :]).split()) > 5
    with AshClient(server.url, server.api_key) as client:
        assert client.get_session(session_id).status == "ended"


def test_alice(client: AshClient) -> None:
    session = client.create_session("my-agent")
    for event in client.send_message_stream(session.id, "My name is Alice."):
        assert event.type != "error"
    texts = []
    for event in client.send_message_stream(session.id, "What is my name?"):
        if event.type == "message":
            texts.append(extract_text_from_event(event.data))
    assert "Your name is Alice." in texts
    client.end_session(session.id)


@pytest.mark.parametrize("kind", ["async", "a"])
def test_alice_without_blocking(server: RealServer, kind: str) -> None:
    async def run() -> list[str | None]:
        async with AsyncAshClient(server.url, server.api_key) as client:
            with AshClient(server.url, server.api_key) as blocking:
                create = client.create_session if kind == "async" else blocking.acreate_session
                send = client.send_message_stream if kind == "async" else blocking.asend_message_stream
                session = await create("my-agent")
                async for event in send(session.id, "My name is Alice."):
                    assert event.type != "error"
                stream = send(session.id, "What is my name?")
                texts = [extract_text_from_event(event.data) async for event in stream if event.type == "message"]
                await client.end_session(session.id)
                return texts

    assert "Your name is Alice." in asyncio.run(run())


def test_a_raw_response_and_the_log_tell_the_same(client: AshClient) -> None:
    session = client.create_session("my-agent")
    told = list(parse_sse_stream(client.send_message(session.id, "Run echo hi", include_partial_messages=True)))
    types = [event.type for event in told]
    assert types[0] == "session_start"
    assert types[-1] == "done"
    assert {"text_delta", "tool_use", "tool_result", "turn_complete"} <= set(types)
    stored = [event.data for event in told if event.type == "message" and event.data["type"] != "stream_event"]
    followed = client.follow_session(session.id, turn_id=told[-1].data["turnId"])
    assert [event.data for event in followed if event.type == "message"] == stored
    messages = client.list_messages(session.id)
    assert messages[0].role == "user"
    assert client.list_messages(session.id, after_sequence=messages[0].sequence, limit=1) == messages[1:2]
    assert {event.type for event in client.list_session_events(session.id)} >= {"lifecycle", "tool_start", "text"}
    client.end_session(session.id)


def test_a_refused_message_is_raised_by_the_first_event(client: AshClient) -> None:
    session = client.create_session("my-agent")
    assert client.pause_session(session.id).status == "paused"
    with pytest.raises(AshApiError, match=r"^Session is paused$") as raised:
        next(client.send_message_stream(session.id, "Hello!"))
    assert (raised.value.status_code, raised.value.code) == (400, "session_not_active")
    assert raised.value.request_id
    assert raised.value.suggestion
    assert client.resume_session(session.id).status == "active"
    client.end_session(session.id)


def test_a_retry_with_the_same_key_is_the_same_session(client: AshClient) -> None:
    first = client.create_session("my-agent", idempotency_key="one")
    assert client.create_session("my-agent", idempotency_key="one").id == first.id
    with pytest.raises(AshApiError) as raised:
        client.create_session("my-agent", model="other", idempotency_key="one")
    assert raised.value.code == "idempotency_key_reused"
    client.end_session(first.id)
