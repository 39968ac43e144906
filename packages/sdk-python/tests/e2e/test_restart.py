"""A stream over the death of its server."""

from __future__ import annotations

import threading

from ash_ai import AshClient
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
