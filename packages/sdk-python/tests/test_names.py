"""Names: the alias module, the a… methods, and the same methods on both clients."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import ash_ai
import ash_ai.models
import ash_ai.streaming
import ash_sdk
import ash_sdk.models
import ash_sdk.streaming
from ash_ai import AshClient, AsyncAshClient, AsyncSessionHandle, SessionHandle
from ash_ai.call import Described
from ash_ai.calls import Calls


def described(owner: type) -> dict[str, object]:
    return {name: each for name, each in inspect.getmembers(owner) if isinstance(each, Described)}


def test_the_older_module_exposes_the_same_objects() -> None:
    assert ash_sdk.__all__ == ash_ai.__all__
    assert all(getattr(ash_sdk, name) is getattr(ash_ai, name) for name in ash_ai.__all__)
    assert ash_sdk.streaming.parse_sse_stream is ash_ai.streaming.parse_sse_stream
    assert ash_sdk.streaming.MessageEvent is ash_ai.MessageEvent
    assert ash_sdk.models.Session is ash_ai.Session


def test_what_older_programs_import_is_there() -> None:
    events = ["Message", "TextDelta", "ThinkingDelta", "ToolUse", "ToolResult", "TurnComplete", "SessionStart", "Error"]
    streams = [f"{name}Event" for name in [*events, "Done", "Stream"]]
    streams += ["AshEvent", "parse_sse_stream", "parse_sse_stream_async"]
    helpers = ["extract_text_from_event", "extract_stream_delta", "extract_display_items", "parse_message_content"]
    for module in (ash_ai, ash_sdk):
        assert not [name for name in ["AshClient", "AshApiError", *helpers] if not hasattr(module, name)]
    for module in (ash_ai, ash_sdk, ash_sdk.streaming):
        assert not [name for name in streams if not hasattr(module, name)], module
    models = ["Agent", "Session", "Message", "SessionEvent", "QueueItem", "Credential", "Attachment", "UsageEvent"]
    for name in [*models, "UsageStats", "HealthResponse", "PoolStats", "ApiError"]:
        model = getattr(ash_sdk.models, name)
        assert model is getattr(ash_ai.models, name)
        assert callable(model.from_dict)
        assert callable(model.to_dict)


def test_every_call_has_an_async_counterpart_of_the_same_signature() -> None:
    calls = described(Calls)
    assert len(calls) > 40
    assert set(described(AshClient)) == set(calls) | {f"a{name}" for name in calls}
    assert set(described(AsyncAshClient)) == set(calls)
    with AshClient("http://ash.test") as client:
        for name in calls:
            own = inspect.signature(getattr(client, name))
            assert own == inspect.signature(getattr(client, f"a{name}")), name
            assert "self" not in own.parameters
            assert getattr(client, name).__doc__


def test_methods_may_be_taken_off_the_client() -> None:
    with AshClient("http://ash.test") as client:
        assert client.get_agent.__name__ == "get_agent"
        assert client.send_message.__name__ == "send_message"


def test_every_call_is_in_the_readme() -> None:
    methods = (Path(__file__).parents[1] / "README.md").read_text().partition("## Methods")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", methods)) == set(described(Calls))


def test_both_handles_have_the_same_calls_without_the_id() -> None:
    with AshClient("http://ash.test") as client:
        handle, other = client.session("s"), AsyncAshClient("http://ash.test").session("s")
        assert set(described(SessionHandle)) == set(described(AsyncSessionHandle)) >= {"send", "text", "messages"}
        for own, its in ((handle, other), (handle.files, other.files), (handle.approvals, other.approvals)):
            calls = described(type(own))
            assert calls.keys() == described(type(its)).keys()
            for name in calls:
                signature = inspect.signature(getattr(own, name))
                assert signature == inspect.signature(getattr(its, name)), name
                assert not {"self", "id", "session_id"} & set(signature.parameters)
                assert getattr(own, name).__doc__
        assert inspect.signature(handle.text) == inspect.signature(handle.send)
        send = inspect.signature(client.send_message_stream).parameters
        assert list(inspect.signature(handle.send).parameters) == [name for name in send if name != "id"]
