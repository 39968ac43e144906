"""The helpers for user interfaces."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ash_ai import extract_display_items, extract_stream_delta, extract_text_from_event


def assistant(content: Any) -> dict[str, Any]:
    return {"type": "assistant", "message": {"content": content}}


def shown(data: dict[str, Any]) -> list[dict[str, Any]] | None:
    items = extract_display_items(data)
    return None if items is None else [item.to_dict() for item in items]


def test_the_text_of_an_assistant_message() -> None:
    assert extract_text_from_event(assistant("as is")) == "as is"
    blocks = [{"type": "text", "text": "a"}, {"type": "thinking"}, {"type": "text", "text": "b"}]
    assert extract_text_from_event(assistant(blocks)) == "ab"
    assert extract_text_from_event(assistant([{"type": "tool_use", "name": "Bash"}])) is None
    assert extract_text_from_event({"type": "result", "result": "x"}) is None


def test_the_delta_of_a_partial_message() -> None:
    def partial(delta: Any) -> dict[str, Any]:
        return {"type": "stream_event", "event": {"type": "content_block_delta", "delta": delta}}

    assert extract_stream_delta(partial({"type": "text_delta", "text": "hi"})) == "hi"
    assert extract_stream_delta(partial({"type": "input_json_delta", "partial_json": "{"})) is None
    assert extract_stream_delta({"type": "stream_event", "event": {"type": "message_start"}}) is None


def test_display_items_of_an_assistant_message() -> None:
    given_input = {"command": "ls", "deep": {"a": 1}, "long": "x" * 300}
    use = {"type": "tool_use", "name": "Bash", "input": given_input}
    items = shown(assistant([{"type": "text", "text": "Look:"}, {"type": "thinking"}, use]))
    assert items is not None
    tool_input = items[1].pop("toolInput")
    assert items == [
        {"type": "text", "content": "Look:"},
        {"type": "tool_use", "content": "Bash", "toolName": "Bash"},
    ]
    assert tool_input.startswith('command: ls, deep: {"a":1}, long: xxx')
    assert tool_input.endswith("xxx...")
    assert len(tool_input) == 203


def test_display_items_of_a_tool_result() -> None:
    def user(**rest: Any) -> dict[str, Any]:
        return {"type": "user", **rest}

    both = user(tool_use_result={"stdout": "out", "stderr": "err"})
    assert shown(both) == [{"type": "tool_result", "content": "out\nerr"}]
    block = {"type": "tool_result", "content": [{"type": "text", "text": "read"}]}
    assert shown(user(message={"content": [block]})) == [{"type": "tool_result", "content": "read"}]
    assert shown(user(tool_use_result={"stdout": " \n"})) is None
    assert shown(user(tool_use_result={"stdout": "x" * 1001})) == [
        {"type": "tool_result", "content": "x" * 1000 + "\n..."}
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "content"]), inner),
    max_leaves=6,
)
block_types = st.sampled_from(["text", "tool_use", "tool_result"])
blocks = st.fixed_dictionaries(
    {"type": block_types}, optional={"text": anything, "input": anything, "content": anything}
)
messages = anything | st.fixed_dictionaries({"content": anything | st.lists(anything | blocks, max_size=3)})


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["assistant", "user", "stream_event", "result"])},
        optional={"message": messages, "event": anything, "tool_use_result": anything},
    )
    | anything
)
def test_no_helper_raises_whatever_it_is_given(data: Any) -> None:
    extract_text_from_event(data)
    extract_stream_delta(data)
    shown(data)
