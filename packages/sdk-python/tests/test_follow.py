"""What a followed stream decides, without any connection."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ash_ai import AshApiError, AshStreamCut
from ash_ai.calls import Calls
from ash_ai.follow import Following
from ash_ai.sse import SseEventTooLarge
from tests.kinds import pair
from tests.recorded import SESSION_ID, WHOLE_TURN, Recorded, frame, stream_from

WHOLE = stream_from(None)


def sent() -> Following:
    return Calls.send_message_stream.describe(None, SESSION_ID, "Hello!", include_partial_messages=True)


@dataclass
class Reader:
    """Reads a followed stream from connections that are bytes."""

    following: Following

    def read(self, body: bytes, size: int = 64, broken: bool = False) -> list[Recorded]:
        self.following.next_request()
        chunks = (body[at : at + size] for at in range(0, len(body), size))
        events = [pair(event) for chunk in chunks for event in self.following.receive(chunk)]
        if not self.following.finished and not broken:
            self.following.body_ended()
        return events


@pytest.mark.parametrize("size", [16, 1000])
@pytest.mark.parametrize("broken", [False, True])
def test_every_event_comes_once_wherever_one_connection_is_cut(size: int, broken: bool) -> None:
    for cut in range(len(WHOLE)):
        reader = Reader(sent())
        events = reader.read(WHOLE[:cut], size, broken)
        assert not reader.following.finished
        assert reader.following.delay_after(None, 4) > 0
        after = reader.following.next_request().query.get("after")
        events += reader.read(stream_from(None if after is None else str(after)), size)
        assert events == WHOLE_TURN, f"cut at {cut}"
        assert reader.following.finished


def test_any_number_of_cuts_with_progress_is_fine() -> None:
    reader = Reader(sent())
    events = reader.read(WHOLE[: WHOLE.index(b"id: 4\n")])
    while not reader.following.finished:
        assert reader.following.delay_after(AshStreamCut(), 1) > 0
        after = str(reader.following.next_request().query["after"])
        rest = stream_from(after)
        one_more = rest.index(b"\n\n", rest.index(b"\nid: ")) + 2
        events += reader.read(rest[:one_more])
    assert events == WHOLE_TURN


def test_events_of_other_turns_start_again_when_there_is_no_end() -> None:
    following = Calls.follow_session.describe(None, SESSION_ID, after=7)
    other: Recorded = ("session_start", {"sessionId": SESSION_ID, "turnId": "other"})
    body = (frame(other, "8") + frame(other) + frame(("done", {"turnId": "other"}), "9")).encode() + WHOLE
    assert Reader(following).read(body) == [other, ("done", {"turnId": "other"}), *WHOLE_TURN]
    assert not following.finished


def test_an_end_without_a_cursor_ends_what_has_no_end() -> None:
    following = Calls.follow_session.describe(None, SESSION_ID)
    error: Recorded = ("error", {"error": "gone", "code": "internal"})
    done: Recorded = ("done", {"sessionId": SESSION_ID})
    assert Reader(following).read((frame(error) + frame(done)).encode()) == [error, done]
    assert following.finished


def test_what_is_not_json_still_moves_the_cursor() -> None:
    reader = Reader(sent())
    reader.read(WHOLE[: WHOLE.index(b"id: 4\n")] + b"id: 4\nevent: message\ndata: {\n\n")
    assert reader.following.next_request().query["after"] == "4"


def test_an_event_that_never_fits_is_not_asked_for_again() -> None:
    following = sent()
    following.next_request()
    line = b"data: " + b"x" * 1024 * 1024 + b"\n"
    assert [list(following.receive(line)) for _ in range(63)] == [[]] * 63
    with pytest.raises(SseEventTooLarge):
        list(following.receive(line))


def test_a_refusal_and_much_patience_end_it() -> None:
    for error in (AshApiError(404, "gone"), AshApiError(503, "later", retry_after=61)):
        reader = Reader(sent())
        reader.read(WHOLE[: WHOLE.index(b"id: 5")])
        with pytest.raises(AshApiError, match=str(error)):
            reader.following.delay_after(error, 4)
