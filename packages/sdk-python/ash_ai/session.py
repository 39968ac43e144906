"""The session handles: the calls about one session, without its id."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ash_ai.types import Id

if TYPE_CHECKING:
    from ash_ai.async_client import AsyncAshClient
    from ash_ai.client import AshClient

P = ParamSpec("P")
R = TypeVar("R")


class AshTurnFailed(Exception):  # noqa: N818
    """A turn that failed or was interrupted. ``code`` is that of the server's error table."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


def _here(call: Callable[Concatenate[Id, P], R], id: Id) -> Callable[P, R]:
    return functools.partial(call, id)


class _Answer:
    """The final text of a turn, as its events tell it."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, type: str, data: dict[str, Any]) -> None:
        if type == "turn_complete":
            self.text = data.get("result") or self.text
        elif type == "error":
            raise AshTurnFailed(str(data.get("error")), data.get("code"))
        elif type == "done" and data.get("status") == "interrupted":
            raise AshTurnFailed("The turn was interrupted")


class SessionFiles:
    """The workspace of a session."""

    def __init__(self, client: AshClient, id: Id) -> None:
        self.list = _here(client.get_session_files, id)
        self.read = _here(client.get_session_file, id)
        self.download = _here(client.download_session_file, id)
        self.write = _here(client.write_session_files, id)
        self.delete = _here(client.delete_session_file, id)


class SessionHandle:
    """One session of a client: ``client.session(id)``. It holds nothing but the id.

    >>> session = client.session(client.create_session("my-agent").id)
    >>> print(session.text("Hello!"))
    """

    def __init__(self, client: AshClient, id: Id) -> None:
        self.id = id
        self.send = _here(client.send_message_stream, id)
        self.follow = _here(client.follow_session, id)
        self.interrupt = _here(client.interrupt_session, id)
        self.get = _here(client.get_session, id)
        self.pause = _here(client.pause_session, id)
        self.resume = _here(client.resume_session, id)
        self.stop = _here(client.stop_session, id)
        self.end = _here(client.end_session, id)
        self.fork = _here(client.fork_session, id)
        self.update_config = _here(client.update_session_config, id)
        self.messages = _here(client.list_messages, id)
        self.events = _here(client.list_session_events, id)
        self.exec = _here(client.exec, id)
        self.logs = _here(client.get_session_logs, id)
        self.list_approvals = _here(client.list_approvals, id)
        self.answer_approval = _here(client.answer_approval, id)
        self.files = SessionFiles(client, id)

    def text(self, content: str) -> str:
        """Sends a message and gives the final text of its turn. Raises :class:`AshTurnFailed`."""
        answer = _Answer()
        for event in self.send(content):
            answer.take(event.type, event.data)
        return answer.text


class AsyncSessionFiles:
    """The workspace of a session, to be awaited."""

    def __init__(self, client: AsyncAshClient, id: Id) -> None:
        self.list = _here(client.get_session_files, id)
        self.read = _here(client.get_session_file, id)
        self.download = _here(client.download_session_file, id)
        self.write = _here(client.write_session_files, id)
        self.delete = _here(client.delete_session_file, id)


class AsyncSessionHandle:
    """The same for event loops: calls are awaited, streams are async generators."""

    def __init__(self, client: AsyncAshClient, id: Id) -> None:
        self.id = id
        self.send = _here(client.send_message_stream, id)
        self.follow = _here(client.follow_session, id)
        self.interrupt = _here(client.interrupt_session, id)
        self.get = _here(client.get_session, id)
        self.pause = _here(client.pause_session, id)
        self.resume = _here(client.resume_session, id)
        self.stop = _here(client.stop_session, id)
        self.end = _here(client.end_session, id)
        self.fork = _here(client.fork_session, id)
        self.update_config = _here(client.update_session_config, id)
        self.messages = _here(client.list_messages, id)
        self.events = _here(client.list_session_events, id)
        self.exec = _here(client.exec, id)
        self.logs = _here(client.get_session_logs, id)
        self.list_approvals = _here(client.list_approvals, id)
        self.answer_approval = _here(client.answer_approval, id)
        self.files = AsyncSessionFiles(client, id)

    async def text(self, content: str) -> str:
        """Sends a message and gives the final text of its turn. Raises :class:`AshTurnFailed`."""
        answer = _Answer()
        async for event in self.send(content):
            answer.take(event.type, event.data)
        return answer.text
