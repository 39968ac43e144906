"""A stream over the death of its server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from ash_ai import AshClient, AshEvent, extract_stream_delta
from tests.e2e.real_server import RealServer
from tests.kinds import pair

# Marks are written slowly, so that the server dies between them.
LONG = (
    '<script>[{"tools":[{"name":"Bash","input":{"command":'
    '"for i in 1 2 3 4 5 6; do echo $i >> marks; sleep 0.3; done; cat marks"}}]},{"text":"All done."}]</script>'
)


def test_a_stream_goes_on_over_kill_9() -> None:
    with RealServer() as server, AshClient(server.url, server.api_key) as client:
        client.create_agent("my-agent", system_prompt="Be helpful.")
        session = client.create_session("my-agent")
        told = []
        restarting: threading.Thread | None = None
        for event in client.send_message_stream(session.id, LONG):
            told.append(event)
            if event.type == "tool_use":
                server.kill()
                restarting = threading.Thread(target=server.restart)
                restarting.start()
        assert restarting is not None
        restarting.join()

        types = [event.type for event in told]
        assert (types[0], types[-1], types.count("session_start"), types.count("done")) == (
            "session_start",
            "done",
            1,
            1,
        )
        assert told[-1].data["status"] == "completed"
        result = next(event for event in told if event.type == "tool_result")
        assert result.data["content"].split() == ["1", "2", "3", "4", "5", "6"]
        again = list(client.follow_session(session.id, turn_id=told[-1].data["turnId"]))
        assert [pair(event) for event in again] == [pair(event) for event in told[1:]]
        client.end_session(session.id)


TEXTS = ["First: half of it is heard. " * 4, "Second: as it comes. " * 4]
TOOLS = [{"name": "Bash", "input": {"command": "true"}}]
SPOKEN = [*({"text": text, "chunk": 4, "delayMs": 60, "tools": TOOLS} for text in TEXTS), {"text": "The end."}]


class Away(httpx.HTTPTransport):
    """Keeps requests waiting while the client is away."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.Event()
        self.here.set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert self.here.wait(60)
        return super().handle_request(request)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_whoever_prints_deltas_has_the_whole_text_over_three_restarts() -> None:
    away = Away()
    with (
        RealServer() as server,
        AshClient(server.url, server.api_key) as other,
        AshClient(server.url, server.api_key, transport=away) as client,
    ):
        other.create_agent("my-agent", system_prompt="Be helpful.")
        session = other.create_session("my-agent")
        told: list[AshEvent] = []

        def printed() -> str:
            return "".join(extract_stream_delta(event.data) or "" for event in list(told) if event.type == "message")

        def committed() -> bool:
            messages = other.list_messages(session.id)
            return any(message.role == "assistant" and TEXTS[0] in message.content for message in messages)

        def restart() -> None:
            server.kill()
            server.restart()

        def listen() -> None:
            content = f"<script>{json.dumps(SPOKEN)}</script>"
            for event in client.send_message_stream(session.id, content, include_partial_messages=True):
                told.append(event)

        with ThreadPoolExecutor(1) as pool:
            listening = pool.submit(listen)
            until(lambda: len(printed()) > 8)
            away.here.clear()
            restart()
            # The message is committed, then the server is gone that could have shown how it came about.
            until(committed)
            restart()
            away.here.set()
            until(lambda: "Second" in printed())
            restart()
            listening.result(60)
        assert told[-1].data["status"] == "completed"
        assert printed() == "".join(TEXTS) + "The end."
        assert any(event.data.get("recovered") for event in told)
        other.end_session(session.id)
