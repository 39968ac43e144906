"""The parser: whatever way the bytes are cut."""

from __future__ import annotations

import asyncio
import gc
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ash_ai import AshClient, AsyncAshClient, parse_sse_stream, parse_sse_stream_async
from ash_ai.sse import SseEvent, SseEventTooLarge, SseParser
from tests.kinds import pair
from tests.recorded import SESSION_ID, WHOLE_TURN, stream_from
from tests.scripted_server import ScriptedServer, stream


def parsed(chunks: list[bytes]) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.push(chunk)]


def cut(whole: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(whole[:size])
        whole = whole[size:]
    return [*chunks, whole]


events = st.lists(
    st.tuples(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.dictionaries(st.text(), st.text() | st.integers()))
)


@given(events, st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 9)))
def test_events_come_out_whole_however_the_bytes_are_cut(
    given_events: list[tuple[str, dict[str, object]]], newline: str, sizes: list[int]
) -> None:
    lines = [f"id: {at}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for at, (name, data) in enumerate(given_events)]
    whole = "".join(lines).replace("\n", newline).encode()
    read = parsed(cut(whole, sizes))
    assert [(each.event, json.loads(each.data)) for each in read] == given_events
    assert [each.id for each in read] == [str(at) for at in range(len(given_events))]


@given(st.binary(max_size=200), st.lists(st.integers(0, 9)))
def test_cutting_never_changes_what_is_read(whole: bytes, sizes: list[int]) -> None:
    assert parsed(cut(whole, sizes)) == parsed([whole])


@given(st.lists(st.sampled_from([b"\r", b"\n", b"data: a", b"data", b":", b"event: b", b"id: c", b""]), max_size=30))
def test_mixed_line_ends_may_be_cut_anywhere(pieces: list[bytes]) -> None:
    assert parsed(pieces) == parsed([b"".join(pieces)])


def test_comments_unknown_fields_and_several_data_lines() -> None:
    text = (
        b"\xef\xbb\xbf: hello\r\nfoo: bar\r\nevent: custom\r\ndata: {\r\ndata:}\r\n\r\nevent: lost\n\nid: 1\n\ndata\n\n"
    )
    assert parsed([text]) == [SseEvent("custom", "{\n}"), SseEvent("message", "")]


def test_only_the_characters_of_the_specification_end_a_line() -> None:
    assert parsed(["data: a\u2028b\x0bc\x85d\n\n".encode()]) == [SseEvent("message", "a\u2028b\x0bc\x85d")]


def test_the_retry_hint_is_kept() -> None:
    parser = SseParser()
    assert (list(parser.push(b"retry: x\nretry: 200\n")), parser.retry_seconds) == ([], 0.2)


def test_an_event_over_the_bound_is_refused() -> None:
    with pytest.raises(SseEventTooLarge):
        list(SseParser(10).push(b"data: 12345678901\n"))
    parser = SseParser(10)
    assert [len(list(parser.push(b"data: 1\n\n"))) for _ in range(5)] == [1] * 5


def test_a_body_is_read_as_events() -> None:
    body = b'event: text_delta\ndata: {"delta":"a"}\n\nevent: bad\ndata: nope\n\nevent: new\ndata: {"b":1}\n\n'
    read = list(parse_sse_stream(httpx.Response(200, content=body)))
    assert [pair(event) for event in read] == [("text_delta", {"delta": "a"}), ("new", {"b": 1})]
    assert [type(event).__name__ for event in read] == ["TextDeltaEvent", "StreamEvent"]


@pytest.mark.parametrize("sizes", [1, 7])
def test_a_raw_response_is_read_with_either_client(sizes: int) -> None:
    with ScriptedServer(lambda asked, count: stream(stream_from(None), sizes=sizes)) as server:
        with AshClient(server.url) as client:
            read = [pair(event) for event in parse_sse_stream(client.send_message(SESSION_ID, "Hello!"))]

        async def run() -> list[tuple[str, dict[str, object]]]:
            async with AsyncAshClient(server.url) as client:
                response = await client.send_message(SESSION_ID, "Hello!")
                return [pair(event) async for event in parse_sse_stream_async(response)]

        assert read == asyncio.run(run()) == WHOLE_TURN


def test_leaving_the_loop_closes_the_response() -> None:
    with ScriptedServer(lambda asked, count: stream(stream_from(None)[:300], then="hold")) as server:
        with AshClient(server.url) as client:
            for _ in parse_sse_stream(client.send_message(SESSION_ID, "Hello!")):
                break
            gc.collect()
            assert server.left.wait(30)
