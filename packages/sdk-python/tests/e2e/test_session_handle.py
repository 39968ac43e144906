"""The session handles, sync and async, on a real server."""

from __future__ import annotations

import asyncio

import pytest

from ash_ai import AshClient, AshTurnFailed, AsyncAshClient
from tests.e2e.real_server import RealServer

FAILS = 'Go. <script>[{"text": "x", "faults": [{"status": 400, "times": "always"}]}]</script>'


def test_a_handle_talks_and_knows_its_session(server: RealServer) -> None:
    with AshClient(server.url, api_key=server.api_key) as client:
        client.create_agent("handle", system_prompt="Answer briefly.")
        session = client.session(str(client.create_session("handle").id))
        assert session.text("My name is Ada.", max_turns=3) == "Nice to meet you, Ada."
        assert [message.role for message in session.messages(page_size=1)] == ["user", "assistant", "assistant"]
        assert [event.type for event in session.events(type="turn_complete")] == ["turn_complete"]
        assert session.id in {str(each.id) for each in client.iterate_sessions("handle", page_size=2)}
        session.files.write([{"path": "a.txt", "content": b"hi"}])
        assert session.files.read("a.txt").content == "hi"
        assert session.exec("cat a.txt").stdout == "hi"
        with pytest.raises(AshTurnFailed) as failed:
            session.text(FAILS)
        assert failed.value.code
        assert session.end().status == "ended"


def test_the_async_handle_does_the_same(server: RealServer) -> None:
    async def talk() -> None:
        async with AsyncAshClient(server.url, api_key=server.api_key) as client:
            session = client.session((await client.create_session("handle")).id)
            assert await session.text("My name is Ada.") == "Nice to meet you, Ada."
            assert len([message async for message in session.messages(page_size=2)]) == 3
            assert [event.type async for event in session.events(type="turn_complete")] == ["turn_complete"]
            assert await session.approvals.list() == []
            with pytest.raises(AshTurnFailed):
                await session.text(FAILS)
            assert (await session.end()).status == "ended"

    asyncio.run(talk())
