"""Streams over broken connections: every event once, and no connection kept."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ash_ai import AshApiError, AshClient, AshStreamCut, AsyncAshClient
from tests.kinds import KINDS, events, pair, pairs
from tests.recorded import SESSION_ID, TURN_ID, WHOLE_TURN, frame, stream_from
from tests.scripted_server import Answer, Asked, ScriptedServer, answer_json, no_answer, stream

WHOLE = stream_from(None)
CUTS = range(len(WHOLE))
# The first event alone.
START = WHOLE[: WHOLE.index(b"id: 4\n")]


def cursor_of(asked: Asked) -> str | None:
    return parse_qs(urlsplit(asked.url).query).get("after", [None])[0]


def from_cursor(asked: Asked) -> Answer:
    return stream(stream_from(None if asked.method == "POST" else cursor_of(asked)))


class CutOnce:
    """Cuts each session's first connection at the byte that its id says: half of them as if the body had ended."""

    def __init__(self, ends: int) -> None:
        self.keys: dict[str, set[str]] = {}
        self._ends = ends
        self._seen: set[str] = set()

    def __call__(self, asked: Asked, _count: int) -> Answer:
        session = asked.url.split("/")[3]
        cut = int(session[:8], 16)
        if asked.method == "POST":
            self.keys.setdefault(session, set()).add(asked.headers["idempotency-key"])
        if session in self._seen:
            return from_cursor(asked)
        self._seen.add(session)
        return stream(WHOLE[:cut], "end" if cut % 2 == self._ends else "break")

    @staticmethod
    def session(cut: int) -> str:
        return f"{cut:08x}{SESSION_ID[8:]}"


def test_every_event_comes_once_wherever_the_connection_is_cut() -> None:
    answer = CutOnce(ends=0)
    with ScriptedServer(answer) as server, AshClient(server.url) as client:

        def run(cut: int) -> None:
            read = client.send_message_stream(answer.session(cut), "Hello!", include_partial_messages=True)
            assert [pair(event) for event in read] == WHOLE_TURN, f"cut at {cut}"

        with ThreadPoolExecutor(128) as pool:
            list(pool.map(run, CUTS))
    assert {len(keys) for keys in answer.keys.values()} == {1}
    assert len(answer.keys) == len(CUTS)


def test_the_same_without_blocking() -> None:
    answer = CutOnce(ends=1)
    # Fewer, for the sake of time: what decides is the same, and the cut of every byte is tried above.
    cuts = list(CUTS)[::4]

    async def work(client: AsyncAshClient) -> None:
        while cuts:
            cut = cuts.pop()
            read = client.send_message_stream(answer.session(cut), "Hello!", include_partial_messages=True)
            assert await pairs(read) == WHOLE_TURN, f"cut at {cut}"

    async def run(url: str) -> None:
        async with AsyncAshClient(url) as client:
            await asyncio.gather(*(work(client) for _ in range(64)))

    with ScriptedServer(answer) as server:
        asyncio.run(run(server.url))
    assert {len(keys) for keys in answer.keys.values()} == {1}


@pytest.mark.parametrize("kind", KINDS)
def test_reconnects_go_to_the_turn_from_the_cursor_with_the_same_wish(kind: str) -> None:
    first = stream(WHOLE[: WHOLE.index(b"id: 5")])
    with ScriptedServer(lambda asked, count: first if count == 1 else from_cursor(asked)) as server:
        read = events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!", include_partial_messages=True)
        assert read == WHOLE_TURN
        assert [f"{asked.method} {asked.url}" for asked in server.asked] == [
            f"POST /api/sessions/{SESSION_ID}/messages",
            f"GET /api/sessions/{SESSION_ID}/stream?after=4.5&turnId={TURN_ID}&includePartialMessages=true",
        ]
        assert server.asked[0].body == {"content": "Hello!", "includePartialMessages": True}


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_refuses_the_reconnect_is_believed_at_once(kind: str) -> None:
    gone = answer_json(404, {"error": "Session gone not found", "statusCode": 404, "code": "session_not_found"})
    with ScriptedServer(lambda asked, count: stream(START) if count == 1 else gone) as server:
        with pytest.raises(AshApiError) as raised:
            events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!")
        assert raised.value.code == "session_not_found"
        assert len(server.asked) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_reconnecting_without_progress_ends(kind: str) -> None:
    with ScriptedServer(lambda asked, count: stream(START)) as server:
        with pytest.raises(AshStreamCut):
            events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!", options={"max_retries": 1})
        assert len(server.asked) == 1 + 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_never_comes_is_an_error_of_httpx(kind: str) -> None:
    with ScriptedServer(lambda asked, count: no_answer) as server:
        with pytest.raises(httpx.TransportError):
            events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!", options={"max_retries": 1})
        assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1
        assert len(server.asked) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_answer_before_the_stream_is_raised_by_the_first_event(kind: str) -> None:
    paused = answer_json(400, {"error": "Session is paused", "statusCode": 400, "code": "session_not_active"})
    with ScriptedServer(lambda asked, count: paused) as server:
        with pytest.raises(AshApiError, match="Session is paused"):
            events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!")
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_turns_and_cursors_streams_through_and_ends_with_its_body(kind: str) -> None:
    old = (frame(("session_start", {"sessionId": "s"})) + frame(("error", {"error": "boom"}))).encode()
    with ScriptedServer(lambda asked, count: stream(old)) as server:
        read = events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!")
        assert read == [("session_start", {"sessionId": "s"}), ("error", {"error": "boom"})]
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stream_may_be_silent_for_longer_than_the_timeout(kind: str) -> None:
    with ScriptedServer(lambda asked, count: Answer(200, WHOLE, sizes=len(WHOLE) // 2 + 1, pause=1.2)) as server:
        options = {"timeout": 1, "max_retries": 0}
        assert events(kind, server.url, "send_message_stream", SESSION_ID, "Hello!", options=options) == WHOLE_TURN
        assert len(server.asked) == 1


def test_the_hint_of_the_server_is_a_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    hinted = stream(b"retry: 9000\n" + START)
    with ScriptedServer(lambda asked, count: hinted if count == 1 else from_cursor(asked)) as server:
        assert events("sync", server.url, "send_message_stream", SESSION_ID, "Hello!") == WHOLE_TURN
    # The recorded stream itself says `retry: 1` after it.
    assert len(waits) == 1
    assert 0.12 < waits[0] < 0.26
    last = stream(START + b"retry: 9000\n\n")
    with ScriptedServer(lambda asked, count: last if count == 1 else from_cursor(asked)) as server:
        assert events("sync", server.url, "send_message_stream", SESSION_ID, "Hello!") == WHOLE_TURN
    assert waits[1] == 9.0


def test_following_a_session_goes_over_turns_without_end_and_starts_after_the_cursor() -> None:
    def answer(asked: Asked, count: int) -> Answer:
        return no_answer if count == 3 else from_cursor(asked)

    with ScriptedServer(answer) as server, AshClient(server.url, max_retries=0) as client:
        read: list[tuple[str, object]] = []
        endless = client.follow_session(SESSION_ID, after=4)
        with pytest.raises((httpx.TransportError, AshStreamCut)):
            read.extend(pair(event) for event in endless)
        assert read == [WHOLE_TURN[0], *WHOLE_TURN[2:]]
        assert server.asked[0].url == f"/api/sessions/{SESSION_ID}/stream?after=4"


@pytest.mark.parametrize("kind", KINDS)
def test_following_a_turn_ends_with_it(kind: str) -> None:
    first = stream(stream_from("4")[:250])
    with ScriptedServer(lambda asked, count: first if count == 1 else from_cursor(asked)) as server:
        read = events(kind, server.url, "follow_session", SESSION_ID, after="4", turn_id=TURN_ID)
        assert read == [WHOLE_TURN[0], *WHOLE_TURN[2:]]


def test_leaving_the_loop_frees_the_connection_and_reconnects_nothing() -> None:
    with ScriptedServer(lambda asked, count: stream(START, "hold")) as server, AshClient(server.url) as client:
        for event in client.send_message_stream(SESSION_ID, "Hello!"):
            assert event.type == "session_start"
            break
        # Interpreters that count no references close what was left a little later.
        gc.collect()
        assert server.left.wait(30)
        assert len(server.asked) == 1


async def read_first(kind: str, url: str) -> None:
    """Leaves the stream at the second event."""
    async with AsyncAshClient(url) as client:
        with AshClient(url) as blocking:
            method = client.send_message_stream if kind == "async" else blocking.asend_message_stream
            async with aclosing(method(SESSION_ID, "Hello!")) as read:
                assert (await anext(read)).type == "session_start"
                await anext(read)


@pytest.mark.parametrize("kind", ["async", "a"])
def test_the_same_for_an_async_loop(kind: str) -> None:
    with ScriptedServer(lambda asked, count: stream(WHOLE[:400], "hold")) as server:
        asyncio.run(read_first(kind, server.url))
        assert server.left.wait(30)
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["async", "a"])
def test_a_cancelled_task_frees_its_connection(kind: str) -> None:
    asked_once = threading.Event()

    def answer(asked: Asked, count: int) -> Answer:
        asked_once.set()
        return stream(START, "hold")

    async def cancel(url: str) -> None:
        task = asyncio.create_task(read_first(kind, url))
        await asyncio.to_thread(asked_once.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ScriptedServer(answer) as server:
        asyncio.run(cancel(server.url))
        assert server.left.wait(30)
        assert len(server.asked) == 1


def test_more_streams_than_a_pool_would_hold_may_be_open() -> None:
    async def run(url: str) -> int:
        async with AsyncAshClient(url, timeout=30) as client:
            open_streams = [client.send_message_stream(SESSION_ID, "Hello!") for _ in range(150)]
            firsts = await asyncio.gather(*(anext(stream) for stream in open_streams))
            for stream in open_streams:
                await stream.aclose()
            return len(firsts)

    with ScriptedServer(lambda asked, count: stream(START, "hold")) as server:
        assert asyncio.run(run(server.url)) == 150
