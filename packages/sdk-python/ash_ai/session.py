"""The session handles: the calls about one session, without its id. Both kinds come from one description."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, overload

from ash_ai.call import Call, Described, PagesCall, Sends, SendsAsync, StreamCall
from ash_ai.calls import FileCalls, MessageCalls, SessionCalls
from ash_ai.events import AshEvent
from ash_ai.follow import Following
from ash_ai.request import Request
from ash_ai.types import Id

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class AshTurnFailed(Exception):  # noqa: N818
    """A turn that failed or was interrupted. ``code`` is that of the server's error table."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


def _here(describe: Callable[Concatenate[Any, Id, P], R]) -> Callable[Concatenate[Any, P], R]:
    """The description of a call, for the session of the handle that makes it."""

    @functools.wraps(describe)
    def described(handle: _Sending | _SendingAsync, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return describe(handle, handle.id, *args, **kwargs)

    own = inspect.signature(describe)
    owner, _id, *rest = own.parameters.values()
    cast(Any, described).__signature__ = own.replace(parameters=[owner, *rest])
    return described


class _Answer:
    """The final text of a turn, as its events tell it."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, event: AshEvent) -> None:
        if event.type == "turn_complete":
            self.text = event.data.get("result") or self.text
        elif event.type == "error":
            raise AshTurnFailed(str(event.data.get("error")), event.data.get("code"))
        elif event.type == "done" and event.data.get("status") == "interrupted":
            raise AshTurnFailed("The turn was interrupted")


def _text_of(events: Generator[AshEvent, None, None]) -> str:
    answer = _Answer()
    for event in events:
        answer.take(event)
    return answer.text


async def _atext_of(events: AsyncGenerator[AshEvent, None]) -> str:
    answer = _Answer()
    async for event in events:
        answer.take(event)
    return answer.text


class _TextCall(Described[P, Following]):
    """A call that answers with events, as one that gives the final text."""

    @overload
    def __get__(self, handle: None, owner: type) -> _TextCall[P]: ...
    @overload
    def __get__(self, handle: Sends, owner: type) -> Callable[P, str]: ...
    @overload
    def __get__(self, handle: SendsAsync, owner: type) -> Callable[P, Coroutine[Any, Any, str]]: ...
    def __get__(self, handle: Sends | SendsAsync | None, owner: type) -> Any:
        if handle is None:
            return self
        if isinstance(handle, Sends):
            return self._method(handle, lambda following: _text_of(handle._follow(following)))
        return self._method(handle, lambda following: _atext_of(handle._afollow(following)))


def _answered(describe: Callable[Concatenate[Any, P], Following]) -> Callable[Concatenate[Any, P], Following]:
    @functools.wraps(describe, assigned=())
    def text(handle: Any, /, *args: P.args, **kwargs: P.kwargs) -> Following:
        """Sends a message and gives the final text of its turn; empty when the agent said nothing. Arguments as of
        ``send_message_stream``. Raises :class:`AshTurnFailed` when the turn fails or is interrupted."""
        return describe(handle, *args, **kwargs)

    return text


class _Sending(Sends):
    """Sends with a client that waits."""

    def __init__(self, client: Sends, id: Id) -> None:
        self.id = id
        self._client = client

    def _send(self, request: Request[T]) -> T:
        return self._client._send(request)

    def _follow(self, following: Following) -> Generator[AshEvent, None, None]:
        return self._client._follow(following)


class _SendingAsync(SendsAsync):
    """Sends with a client for event loops."""

    def __init__(self, client: SendsAsync, id: Id) -> None:
        self.id = id
        self._client = client

    async def _asend(self, request: Request[T]) -> T:
        return await self._client._asend(request)

    def _afollow(self, following: Following) -> AsyncGenerator[AshEvent, None]:
        return self._client._afollow(following)


class _OfSession:
    send = StreamCall(_here(MessageCalls.send_message_stream.describe))
    text = _TextCall(_answered(_here(MessageCalls.send_message_stream.describe)))
    follow = StreamCall(_here(MessageCalls.follow_session.describe))
    interrupt = Call(_here(SessionCalls.interrupt_session.describe))
    get = Call(_here(SessionCalls.get_session.describe))
    pause = Call(_here(SessionCalls.pause_session.describe))
    resume = Call(_here(SessionCalls.resume_session.describe))
    stop = Call(_here(SessionCalls.stop_session.describe))
    end = Call(_here(SessionCalls.end_session.describe))
    fork = Call(_here(SessionCalls.fork_session.describe))
    update_config = Call(_here(SessionCalls.update_session_config.describe))
    messages = PagesCall(_here(MessageCalls.iterate_messages.describe))
    events = PagesCall(_here(MessageCalls.iterate_session_events.describe))
    exec = Call(_here(MessageCalls.exec.describe))
    logs = Call(_here(MessageCalls.get_session_logs.describe))


class _OfFiles:
    list = Call(_here(FileCalls.get_session_files.describe))
    read = Call(_here(FileCalls.get_session_file.describe))
    download = Call(_here(FileCalls.download_session_file.describe))
    write = Call(_here(FileCalls.write_session_files.describe))
    delete = Call(_here(FileCalls.delete_session_file.describe))


class _OfApprovals:
    list = Call(_here(SessionCalls.list_approvals.describe))
    answer = Call(_here(SessionCalls.answer_approval.describe))


class SessionFiles(_OfFiles, _Sending):
    """The workspace of a session."""


class SessionApprovals(_OfApprovals, _Sending):
    """What the agent asks leave for."""


class SessionHandle(_OfSession, _Sending):
    """One session of a client: ``client.session(id)``. It holds nothing but the id.

    >>> session = client.session(client.create_session("my-agent").id)
    >>> print(session.text("Hello!"))
    """

    def __init__(self, client: Sends, id: Id) -> None:
        super().__init__(client, id)
        self.files = SessionFiles(client, id)
        self.approvals = SessionApprovals(client, id)


class AsyncSessionFiles(_OfFiles, _SendingAsync):
    """The workspace of a session, to be awaited."""


class AsyncSessionApprovals(_OfApprovals, _SendingAsync):
    """What the agent asks leave for, to be awaited."""


class AsyncSessionHandle(_OfSession, _SendingAsync):
    """The same for event loops: calls are awaited, streams and lists are async generators."""

    def __init__(self, client: SendsAsync, id: Id) -> None:
        super().__init__(client, id)
        self.files = AsyncSessionFiles(client, id)
        self.approvals = AsyncSessionApprovals(client, id)
