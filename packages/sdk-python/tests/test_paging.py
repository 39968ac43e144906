"""Lists as iterators: page after page, every item once, also while more come."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ash_ai import AshApiError, AshClient
from tests.kinds import KINDS, items
from tests.recorded import SESSION_ID
from tests.scripted_server import Answer, Asked, ScriptedServer, answer_json

Entry = dict[str, Any]
HUNDRED = [f"s{at}" for at in range(100)]


def entries_of(*sequences: int) -> list[Entry]:
    return [{"id": f"{sequence}.{at}", "sequence": sequence} for at, sequence in enumerate(sequences)]


def serve(sessions: list[str], entries: list[Entry]) -> ScriptedServer:
    """A server of lists that a test changes: sessions by offset, messages and events by cursor, as Ash pages them."""

    def answer(asked: Asked, _count: int) -> Answer:
        url = urlsplit(asked.url)
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items() if values[0].isdigit()}
        limit = query["limit"]
        if url.path == "/api/sessions":
            page = sessions[query["offset"] :][:limit]
            return answer_json(200, {"sessions": [{"id": id} for id in page]})
        rest = [each for each in entries if each["sequence"] > query.get("after", 0)]
        # Items of one sequence are never split: a page may be short, or longer than asked.
        ends = [
            at + 1
            for at, each in enumerate(rest)
            if rest[at + 1 : at + 2] == [] or rest[at + 1]["sequence"] != each["sequence"]
        ]
        end = max((end for end in ends if end <= limit), default=min(ends, default=0))
        return answer_json(200, {url.path.rpartition("/")[2]: rest[:end]})

    return ScriptedServer(answer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["iterate_messages", "iterate_session_events"])
@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 100])
def test_messages_and_events_come_once_each_with_those_that_come_meanwhile(
    kind: str, name: str, page_size: int
) -> None:
    entries = entries_of(1, 3, 3, 3, 4, 7, 7, 9)

    def more(got: list[Any]) -> None:
        if len(got) % 2 == 0 and len(got) < 20:
            last = entries[-1]["sequence"]
            entries.extend(entries_of(last + 2, last + 2))

    with serve([], entries) as server:
        got = items(kind, server.url, name, SESSION_ID, page_size=page_size, then=more)
    assert [each.to_dict() for each in got] == entries


def test_a_list_goes_on_after_a_sequence_and_keeps_its_type() -> None:
    with serve([], entries_of(1, 2, 3)) as server, AshClient(server.url) as client:
        events = client.iterate_session_events(SESSION_ID, after_sequence=1, type="text", page_size=1)
        assert [event.sequence for event in events] == [2, 3]
        queries = [asked.url.partition("?")[2] for asked in server.asked]
    assert queries == [f"limit=1&after={after}&type=text" for after in (1, 2, 3)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page_size", [1, 2, 7, 50, 100, 1000])
def test_sessions_come_once_each_though_others_are_created(kind: str, page_size: int) -> None:
    sessions = list(HUNDRED)

    def more(got: list[Any]) -> None:
        if len(got) % 3 == 0 and len(got) < 60:
            sessions.insert(0, f"new{len(got)}")

    with serve(sessions, []) as server:
        got = [each.id for each in items(kind, server.url, "iterate_sessions", "a", page_size=page_size, then=more)]
        assert all("agent=a" in asked.url for asked in server.asked)
    assert [id for id in got if id.startswith("s")] == HUNDRED
    assert len(set(got)) == len(got)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page_size", [2, 7, 50, 100])
def test_none_is_left_out_when_others_leave_the_list(kind: str, page_size: int) -> None:
    sessions = list(HUNDRED)
    with serve(sessions, []) as server:
        # As a program does that ends what it finds.
        got = items(
            kind,
            server.url,
            "iterate_sessions",
            status="active",
            page_size=page_size,
            then=lambda got: sessions.remove(got[-1].id),
        )
        assert all("status=active" in asked.url for asked in server.asked)
    assert [each.id for each in got] == HUNDRED


def test_nothing_is_asked_before_the_first_item_and_after_the_last_wanted() -> None:
    with serve([], entries_of(1, 2, 3)) as server, AshClient(server.url) as client:
        messages = client.iterate_messages(SESSION_ID, page_size=1)
        assert server.asked == []
        assert next(messages).sequence == 1
        messages.close()
        with suppress(StopIteration):
            next(messages)
        assert len(server.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_refuses_is_raised(kind: str) -> None:
    gone = answer_json(404, {"error": "Session gone not found", "statusCode": 404, "code": "session_not_found"})
    with ScriptedServer(lambda _asked, _count: gone) as server, pytest.raises(AshApiError) as refused:
        items(kind, server.url, "iterate_messages", SESSION_ID)
    assert refused.value.code == "session_not_found"
