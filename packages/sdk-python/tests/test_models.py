"""Models: read leniently, written back as they came."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import pytest

import ash_ai
from ash_ai import UNSET, ListSessionsWithTotalResponse, Session, SessionConfig, SessionEvent, Unset
from ash_ai.model import Model
from tests.recorded import SESSION_ID

WIRE = {
    "id": SESSION_ID,
    "tenantId": "default",
    "agentName": "poet",
    "agentVersion": 2,
    "sandboxId": SESSION_ID,
    "status": "active",
    "isolation": "bubblewrap",
    "runnerId": None,
    "parentSessionId": None,
    "model": None,
    "config": {"allowedTools": [], "newer": {"a": [1]}},
    "lastSeq": 7,
    "createdAt": "2026-01-31T00:00:00.120Z",
    "lastActiveAt": "2026-01-31T00:00:01.000Z",
    "addedLater": [1, 2],
}


def test_a_session_is_read_and_written_back() -> None:
    session = Session.from_dict(WIRE)
    assert session.id == UUID(SESSION_ID)
    assert str(session.id) == SESSION_ID
    assert session.created_at == datetime(2026, 1, 31, 0, 0, 0, 120_000, timezone.utc)
    assert session.parent_session_id is None
    assert isinstance(session.config, SessionConfig)
    assert session.config.allowed_tools == []
    assert session.config.betas is UNSET
    assert session.additional_properties == {"addedLater": [1, 2]}
    assert session.to_dict() == WIRE
    assert Session.from_dict(session.to_dict()) == session


def test_what_is_missing_is_unset_and_what_is_odd_stays() -> None:
    session = Session.from_dict({"id": "a1b2c3d4", "createdAt": "", "config": [], "lastActiveAt": 5})
    assert session.to_dict() == {"id": "a1b2c3d4", "createdAt": "", "config": [], "lastActiveAt": 5}
    assert isinstance(session.status, Unset)
    assert ListSessionsWithTotalResponse.from_dict({"sessions": [WIRE, 5], "total": 1}).sessions == [
        Session.from_dict(WIRE),
        5,
    ]


def test_unset_is_falsy_and_one() -> None:
    assert not UNSET
    assert isinstance(UNSET, Unset)
    assert copy.deepcopy(UNSET) is copy.copy(UNSET) is pickle.loads(pickle.dumps(UNSET)) is UNSET


def test_an_event_keeps_its_data_as_text() -> None:
    event = SessionEvent.from_dict({"type": "text", "data": '{"text":"hi"}', "sequence": 3})
    assert (event.type, event.data, event.sequence) == ("text", '{"text":"hi"}', 3)


models = [each for each in vars(ash_ai).values() if isinstance(each, type) and issubclass(each, Model)]


@pytest.mark.parametrize("model", models)
@pytest.mark.parametrize("value", [None, 1, "x", [], [None], {}, True])
def test_reading_never_fails(model: type[Model], value: Any) -> None:
    keys = [*Session.from_dict(WIRE).to_dict(), "files", "logs", "ts", "pool", "sessions", "modifiedAt"]
    assert model.from_dict(dict.fromkeys(keys, value)).to_dict() == dict.fromkeys(keys, value)
