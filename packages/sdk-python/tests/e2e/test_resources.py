"""Every resource of the real server, there and back."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from ash_ai import UNSET, ApprovalEvent, AshApiError, AshClient, HealthResponse, PoolStats, Session


@pytest.fixture
def session(client: AshClient) -> Iterator[Session]:
    made = client.create_session("my-agent", extra_env={"COLOUR": "blue"}, allowed_tools=["Bash"])
    yield made
    client.end_session(made.id)


def test_health(client: AshClient) -> None:
    health = HealthResponse.from_dict(client.health())
    assert health.status == "ok"
    assert isinstance(health.pool, PoolStats)
    assert health.pool.max_capacity > 0


def test_agents_and_their_files(client: AshClient) -> None:
    files = [{"path": "CLAUDE.md", "content": b"# Poet"}, {"path": "data/é.txt", "content": "AP8="}]
    agent = client.create_agent("poet", files=files)  # type: ignore[arg-type]
    assert (agent.name, agent.version, agent.created_at.tzinfo) == ("poet", 1, timezone.utc)
    assert [entry.path for entry in client.list_agent_files("poet").files] == ["CLAUDE.md", "data/é.txt"]
    hashes = [entry.sha256 for entry in client.list_agent_files("poet", hashes=True).files]
    assert hashes[0] == hashlib.sha256(b"# Poet").hexdigest()
    assert client.get_agent_file("poet", "CLAUDE.md").content == "# Poet"
    assert client.create_agent("poet", system_prompt="Answer in verse.", replace=True).version == 2
    assert [each.name for each in client.list_agents()] == ["my-agent", "poet"]
    assert client.get_agent("poet").id == agent.id
    client.delete_agent("poet")
    with pytest.raises(AshApiError) as raised:
        client.get_agent("poet")
    assert (raised.value.status_code, raised.value.code) == (404, "agent_not_found")


def test_listing_sessions(client: AshClient, session: Session) -> None:
    assert client.list_sessions("my-agent", status="active", limit=1) == [client.get_session(session.id)]
    page = client.list_sessions_with_total(agent="my-agent", limit=1, offset=0)
    assert page.total >= len(page.sessions) == 1
    assert client.list_sessions(agent="nobody") == []


def test_configuring_a_session(client: AshClient, session: Session) -> None:
    changed = client.update_session_config(session.id, model="claude-sonnet-4-5", betas=[])
    assert changed.model == "claude-sonnet-4-5"
    assert changed.config is not None
    assert (changed.config.allowed_tools, changed.config.betas) == (["Bash"], [])
    again = client.update_session_config(session.id, allowed_tools=None, model=None)
    assert again.model is None
    assert again.config is not None
    assert (again.config.allowed_tools, again.config.betas) == (UNSET, [])


def test_files_commands_and_the_workspace(client: AshClient, session: Session) -> None:
    written = client.write_session_files(
        session.id, [{"path": "a b.txt", "content": b"hi"}, {"path": "../out", "content": b""}], "sub"
    )
    assert [each.written for each in written.files] == [True, False]
    assert client.get_session_file(session.id, "sub/a b.txt").content == "hi"
    downloaded = client.download_session_file(session.id, "sub/a b.txt")
    assert (downloaded.content, downloaded.mime_type.split(";")[0]) == (b"hi", "text/plain")
    raw = client.download_session_file_raw(session.id, "sub/a b.txt")
    assert b"".join(raw.iter_bytes()) == b"hi"
    result = client.exec(session.id, "echo $COLOUR; cat 'sub/a b.txt'; exit 3", timeout=20_000)
    assert (result.exit_code, result.stdout) == (3, "blue\nhi")
    assert "sub/a b.txt" in {entry.path for entry in client.get_session_files(session.id, include_hidden=False).files}
    assert client.get_session_logs(session.id, after=-1).source == "sandbox"

    bundle = client.download_workspace(session.id)
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        assert any(name.endswith("sub/a b.txt") for name in tar.getnames())
    assert client.delete_session_file(session.id, "sub/a b.txt").deleted is True
    client.upload_workspace(session.id, bundle)
    assert client.get_session_file(session.id, "sub/a b.txt").size == 2
    with pytest.raises(AshApiError) as raised:
        client.get_session_file(session.id, "missing.txt")
    assert raised.value.code == "file_not_found"


def test_attachments(client: AshClient, session: Session) -> None:
    made = client.upload_attachment(session.id, "photo é.png", b"\x00\xff", mime_type="image/png")
    assert (made.filename, made.size, made.session_id) == ("photo é.png", 2, session.id)
    assert client.list_attachments(session.id) == [made]
    assert client.download_attachment(made.id) == b"\x00\xff"
    client.delete_attachment(made.id)
    assert client.list_attachments(session.id) == []


def test_credentials_and_api_keys(client: AshClient) -> None:
    credential = client.store_credential("custom", "a secret", "mine")
    bedrock = client.store_bedrock_credential("id", "key", "eu-west-1")
    assert {each.id for each in client.list_credentials()} == {credential.id, bedrock.id}
    for each in (credential, bedrock):
        client.delete_credential(each.id)
    assert client.list_credentials() == []

    made = client.create_api_key("of a test")
    with AshClient(client._settings.server_url, made.key) as other:
        assert made.id in {key.id for key in other.list_api_keys()}
    client.delete_api_key(made.id)
    with AshClient(client._settings.server_url, made.key) as other, pytest.raises(AshApiError) as raised:
        other.list_api_keys()
    assert raised.value.status_code == 401


def test_the_queue(client: AshClient) -> None:
    item = client.enqueue("my-agent", "My name is Alice.", priority=5, max_retries=1)
    assert (item.priority, item.max_retries, item.completed_at) == (5, 1, None)
    assert item.id in {each.id for each in client.list_queue_items(limit=10)}
    assert sum(vars(client.get_queue_stats())[name] for name in ("pending", "processing", "completed")) >= 1
    with contextlib.suppress(AshApiError):
        # It may have been taken up already.
        client.cancel_queue_item(item.id)
    assert client.get_queue_item(item.id).status != "pending"


def test_usage(client: AshClient, session: Session) -> None:
    for event in client.send_message_stream(session.id, "Hello!"):
        assert event.type != "error"
    stats = client.get_usage_stats(session_id=session.id)
    assert stats.total_input_tokens > 0
    assert {event.event_type for event in client.list_usage_events(session_id=session.id)} >= {"input_tokens"}
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert client.list_usage_events(session_id=session.id, after=tomorrow) == []
    assert client.list_egress(session.id)[0].method == "model"


def test_forks(client: AshClient, session: Session) -> None:
    for event in client.send_message_stream(session.id, "My name is Alice."):
        assert event.type != "error"
    fork = client.fork_session_with_files(session.id)
    assert fork.session.parent_session_id == session.id
    assert isinstance(fork.files.as_of, datetime)
    first = client.list_messages(session.id, limit=1)[0]
    assert client.fork_session(session.id, at=first.sequence).status == "paused"
    assert client.resume_session(fork.session.id).status == "active"
    client.end_session(fork.session.id)


def test_approvals(client: AshClient) -> None:
    session = client.create_session("my-agent", permission_mode="default")
    answered = None
    types = []
    for event in client.send_message_stream(session.id, "Run touch /tmp/mark"):
        types.append(event.type)
        if isinstance(event, ApprovalEvent):
            (waiting,) = client.list_approvals(session.id, status="pending")
            assert (str(waiting.id), waiting.tool_name) == (event.approval_id, event.tool_name)
            answered = client.answer_approval(session.id, waiting.id, "deny", message="Not now.")
    assert answered is not None
    assert answered.status == "denied"
    assert types[-1] == "done"
    with pytest.raises(AshApiError) as raised:
        client.answer_approval(session.id, answered.id, "allow")
    assert raised.value.code == "approval_answered_already"
    client.end_session(session.id)


def test_interrupting(client: AshClient, session: Session) -> None:
    assert client.interrupt_session(session.id).interrupted is False
    slow = '<script>[{"tools":[{"name":"Bash","input":{"command":"sleep 30"}}]}]</script>'
    told = []
    for event in client.send_message_stream(session.id, slow):
        told.append(event)
        if event.type == "tool_use":
            assert client.interrupt_session(session.id).interrupted is True
    assert told[-1].data["status"] == "interrupted"
