"""The skill page's examples against a recorded turn."""

from __future__ import annotations

import gc

import pytest

from tests.recorded import SESSION_ID, stream_from
from tests.scripted_server import Answer, Asked, ScriptedServer, answer_json, stream
from tests.skill_page import quick_start


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_quick_start(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(asked: Asked, count: int) -> Answer:
        if asked.url.endswith("/messages"):
            return stream(stream_from(None))
        return answer_json(201, {"session": {"id": SESSION_ID, "status": "active"}})

    with ScriptedServer(answer) as server:
        quick_start(server.url, "your-api-key")
        # The page leaves its client to the collector.
        gc.collect()
    text = "Grüß dich, 👋!"
    assert capsys.readouterr().out == f"{SESSION_ID}\nactive\n{text}\nTurn complete.\n{text}"
    assert [asked.method for asked in server.asked] == ["POST", "POST", "POST", "DELETE"]
