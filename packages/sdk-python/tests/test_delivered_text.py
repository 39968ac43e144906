"""Readers of deltas only have the whole text, wherever connections are cut and whatever the server forgot of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ash_ai import extract_stream_delta
from ash_ai.events import AshEvent, to_event
from ash_ai.position import StreamPosition
from ash_ai.streaming import Frame

Data = dict[str, Any]
START = to_event("session_start", {"sessionId": "s", "turnId": "turn"})
DONE = to_event("done", {"sessionId": "s", "turnId": "turn", "status": "completed"})
NOISE: Data = {"type": "system", "subtype": "status", "parent_tool_use_id": None}
NEVER = 10**6


@dataclass(frozen=True)
class Item:
    seq: int
    run: int
    data: Data

    @property
    def id(self) -> str:
        return f"{self.seq}.{self.run}" if self.run else str(self.seq)


def numbered(messages: list[Data]) -> list[Item]:
    """A turn as the server numbers it: entries, and previews between them; each message closes a run of previews."""
    seq, run, items = 3, 0, []
    for data in messages:
        seq, run = (seq, run + 1) if data["type"] == "stream_event" else (seq + 1, 0)
        items.append(Item(seq, run, data))
    return items


def served(items: list[Item], after: str | None, forgotten: int) -> list[Item]:
    """What a server streams that has forgotten the previews before a place: none after a gap."""
    seq, _, previews = (after or "3").partition(".")
    seen, rest = int(previews or 0), []
    for place, item in enumerate(items):
        if item.run == 0:
            if item.seq > int(seq):
                seen = 0
                rest.append(item)
        elif item.seq >= int(seq) and item.run == seen + 1 and place >= forgotten:
            seen = item.run
            rest.append(item)
    return rest


def granular(data: Data) -> list[AshEvent]:
    delta = data.get("event", {}).get("delta", {})
    for kind in ("text", "thinking"):
        if delta.get("type") == f"{kind}_delta":
            return [to_event(f"{kind}_delta", {"delta": delta[kind]})]
    return []


def read(items: list[Item], cuts: list[tuple[int, int]]) -> list[AshEvent]:
    """Reads the turn over connections of so many items; for each, up to where the server has forgotten previews."""
    position = StreamPosition(sent=True, until_done=True, partial=True)
    events: list[AshEvent] = []
    for length, forgotten in [*cuts, (NEVER, 0)]:
        rest = served(items, position.cursor, forgotten)
        events += position.take(Frame(START, "3" if position.cursor is None else None))
        for item in rest[:length]:
            for event in granular(item.data):
                events += position.take(Frame(event, None))
            events += position.take(Frame(to_event("message", item.data), item.id))
        if len(rest) <= length:
            return events + position.take(Frame(DONE, "999"))
        position.cut()
    raise AssertionError


def printed(events: list[AshEvent], of: str | None = None) -> str:
    """Prints deltas only: what is open of a message is void when another one starts."""
    text = partial = ""
    for event in events:
        if event.type != "message" or event.data.get("parent_tool_use_id") != of:
            continue
        if event.data.get("event", {}).get("type") == "message_start":
            partial = ""
        partial += extract_stream_delta(event.data) or ""
        if event.data["type"] == "assistant":
            text, partial = text + partial, ""
    return text + partial


@dataclass(frozen=True)
class Block:
    type: str
    pieces: list[str]
    noise: int = NEVER


@dataclass(frozen=True)
class Reply:
    blocks: list[Block]
    breaks: int | None = None
    """How much of it comes before its model stream breaks and it comes again."""
    unstreamed: bool = False
    """The whole one doesn't come in parts."""
    parent: str | None = None


def parts(reply: Reply, id: str, streamed: bool) -> list[Data]:
    def partial(event: Data) -> list[Data]:
        of = {"parent_tool_use_id": reply.parent, "session_id": "s", "uuid": "u"}
        return [{"type": "stream_event", "event": event, **of}] if streamed else []

    messages = partial({"type": "message_start", "message": {"id": id, "content": []}})
    for index, block in enumerate(reply.blocks):
        field, delta = (
            ("partial_json", "input_json_delta") if block.type == "tool_use" else (block.type, f"{block.type}_delta")
        )
        messages += partial({"type": "content_block_start", "index": index, "content_block": {"type": block.type}})
        for at, piece in enumerate(block.pieces):
            if at == block.noise:
                messages.append(NOISE)
            messages += partial({"type": "content_block_delta", "index": index, "delta": {"type": delta, field: piece}})
        whole = {"id": "t"} if block.type == "tool_use" else {block.type: "".join(block.pieces)}
        message = {"id": id, "model": "m", "content": [{"type": block.type, **whole}]}
        messages.append({"type": "assistant", "message": message, "parent_tool_use_id": reply.parent})
        messages += partial({"type": "content_block_stop", "index": index})
    return messages


def turn(replies: list[Reply]) -> list[Item]:
    messages: list[Data] = []
    for nth, reply in enumerate(replies):
        if reply.breaks is not None:
            begun = parts(reply, f"m{nth}a", True)
            complete = next(at for at, data in enumerate(begun) if data["type"] == "assistant")
            messages += [*begun[: min(reply.breaks, complete)], {**NOISE, "subtype": "api_retry"}]
        messages += parts(reply, f"m{nth}b", not reply.unstreamed)
    return numbered(messages)


def text_of(replies: list[Reply]) -> str:
    return "".join("".join(block.pieces) for reply in replies for block in reply.blocks if block.type == "text")


# Few letters, so that different blocks often begin alike.
PIECES = st.lists(st.text("ab👋", min_size=1, max_size=3), max_size=6)
BLOCKS = st.builds(Block, st.sampled_from(["text", "text", "thinking", "tool_use"]), PIECES, st.integers(0, 9))
REPLIES = st.lists(
    st.builds(Reply, st.lists(BLOCKS, min_size=1, max_size=3), st.none() | st.integers(0, 8), st.booleans(), st.none()),
    min_size=1,
    max_size=4,
)
CUTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 60)), max_size=6)
LONG = Reply([Block("text", ["One, ", "two, ", "three."]), Block("thinking", ["hm"])])


@settings(max_examples=500, deadline=None)
@given(REPLIES, CUTS)
def test_whoever_prints_deltas_has_the_whole_text(replies: list[Reply], cuts: list[tuple[int, int]]) -> None:
    items = turn(replies)
    assert printed(read(items, [])) == text_of(replies)
    told = read(items, cuts)
    assert printed(told) == text_of(replies)
    stored = [event.data for event in told if event.type == "message" and event.data["type"] != "stream_event"]
    assert stored == [item.data for item in items if item.run == 0]


@settings(deadline=None)
@given(REPLIES, st.lists(st.integers(0, 12)))
def test_nothing_is_made_up_for_a_reader_that_missed_nothing(replies: list[Reply], cuts: list[int]) -> None:
    quiet = [
        replace(reply, unstreamed=False, blocks=[replace(block, noise=NEVER) for block in reply.blocks])
        for reply in replies
    ]
    whole = read(turn(quiet), [])
    assert not any(event.data.get("recovered") for event in whole)
    assert read(turn(quiet), [(length, 0) for length in cuts]) == whole


@settings(deadline=None)
@given(CUTS)
def test_a_subagent_that_speaks_at_the_same_time_keeps_its_text_apart(cuts: list[tuple[int, int]]) -> None:
    mine, its = parts(LONG, "m", True), parts(replace(LONG, parent="call"), "i", True)
    told = read(numbered([each for both in zip(mine, its, strict=True) for each in both]), cuts)
    assert printed(told) == "One, two, three."
    # Of a subagent of which no part ever came nothing is recovered.
    assert printed(told, "call") in ("One, two, three.", "")


def test_the_rest_comes_before_the_complete_message_in_the_shape_of_the_server() -> None:
    told = read(turn([LONG]), [(3, 0), (NEVER, NEVER)])
    assert [event.type for event in told[3:8]] == ["text_delta", "message", "text_delta", "message", "message"]
    assert told[5].data == {"delta": "two, three.", "recovered": True}
    delta = {"type": "text_delta", "text": "two, three."}
    assert told[6].data == {
        "type": "stream_event",
        "event": {"type": "content_block_delta", "index": 0, "delta": delta},
        "session_id": None,
        "parent_tool_use_id": None,
        "recovered": True,
    }
    assert told[7].data["type"] == "assistant"


def test_a_message_whose_beginning_was_missed_too_starts() -> None:
    broken = parts(Reply([Block("text", ["No, "])]), "a", True)[:3]
    told = read(numbered([*broken, *parts(LONG, "b", True)]), [(3, 0), (NEVER, NEVER)])
    made = [event.data["event"] for event in told if event.type == "message" and event.data.get("recovered")]
    assert made[0] == {"type": "message_start", "message": {"id": "b", "model": "m", "content": []}}
    assert printed(told) == "One, two, three."


def test_an_error_in_the_words_of_the_runtime_is_not_made_to_text() -> None:
    message = {"id": "e", "model": "<synthetic>", "content": [{"type": "text", "text": "API Error"}]}
    data = {"type": "assistant", "message": message, "parent_tool_use_id": None}
    assert printed(read(numbered([data]), [])) == ""


def test_a_stream_that_begins_within_a_message_leaves_that_block_alone() -> None:
    position = StreamPosition(sent=False, until_done=True, partial=True, after="3.3", turn_id="turn")
    told: list[AshEvent] = []
    for item in served(turn([LONG, LONG]), "3.3", NEVER):
        told += position.take(Frame(to_event("message", item.data), item.id))
    assert printed(told) == "One, two, three."


def test_a_delta_without_index_or_start_is_not_doubled() -> None:
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "One, "}}
    whole = {"type": "assistant", "message": {"content": [{"type": "text", "text": "One, two."}]}}
    assert printed(read(numbered([{"type": "stream_event", "event": delta}, whole]), [])) == "One, two."


def test_streams_without_partial_messages_get_none() -> None:
    position = StreamPosition(sent=True, until_done=True)
    position.take(Frame(START, "3"))
    complete = to_event("message", next(item.data for item in turn([LONG]) if item.run == 0))
    assert position.take(Frame(complete, "4")) == [complete]
