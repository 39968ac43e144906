"""How a call that is described once becomes a method of the sync client, of the async client, and one named ``a…``.

A class of calls has methods that return a :class:`Request`, :class:`Following` or :class:`Pages` and send nothing. The
descriptors here give such a method to a client with the same parameters and the result that this kind of client has for
it.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from ash_ai.events import AshEvent
from ash_ai.follow import Following
from ash_ai.paging import Pages, aread_pages, read_pages
from ash_ai.request import Request

P = ParamSpec("P")
T = TypeVar("T")


class Sends:
    """A client that sends requests and waits."""

    def _send(self, request: Request[T]) -> T:
        raise NotImplementedError

    def _follow(self, following: Following) -> Generator[AshEvent, None, None]:
        raise NotImplementedError


class SendsAsync:
    """A client that sends requests without blocking."""

    async def _asend(self, request: Request[T]) -> T:
        raise NotImplementedError

    def _afollow(self, following: Following) -> AsyncGenerator[AshEvent, None]:
        raise NotImplementedError


class Described(Generic[P, T]):
    """A call that is described once, as a method; a kind of call says what performing it gives."""

    def __init__(self, describe: Callable[Concatenate[Any, P], T]) -> None:
        self.describe = describe
        functools.update_wrapper(cast(Any, self), describe)

    def _method(self, client: object, perform: Callable[[Any], Any]) -> Callable[..., Any]:
        # A bound method, so that the signature is shown without `self`.
        @functools.wraps(MethodType(self.describe, client), updated=())
        def method(*args: Any, **kwargs: Any) -> Any:
            return perform(self.describe(client, *args, **kwargs))

        return method


class Call(Described[P, Request[T]]):
    """A call with one answer."""

    @overload
    def __get__(self, client: None, owner: type) -> Call[P, T]: ...
    @overload
    def __get__(self, client: Sends, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Sends | SendsAsync | None, owner: type) -> Any:
        if client is None:
            return self
        return self._method(client, client._send if isinstance(client, Sends) else client._asend)


class StreamCall(Described[P, Following]):
    """A call that answers with events."""

    @overload
    def __get__(self, client: None, owner: type) -> StreamCall[P]: ...
    @overload
    def __get__(self, client: Sends, owner: type) -> Callable[P, Generator[AshEvent, None, None]]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, AsyncGenerator[AshEvent, None]]: ...
    def __get__(self, client: Sends | SendsAsync | None, owner: type) -> Any:
        if client is None:
            return self
        return self._method(client, client._follow if isinstance(client, Sends) else client._afollow)


class PagesCall(Described[P, Pages[T]]):
    """A call that goes through a list of several pages."""

    @overload
    def __get__(self, client: None, owner: type) -> PagesCall[P, T]: ...
    @overload
    def __get__(self, client: Sends, owner: type) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, client: Sends | SendsAsync | None, owner: type) -> Any:
        if client is None:
            return self
        if isinstance(client, Sends):
            return self._method(client, functools.partial(read_pages, client._send))
        return self._method(client, functools.partial(aread_pages, client._asend))


class AsyncCall(Described[P, Request[T]]):
    """A call as an async method, on whatever client."""

    @overload
    def __get__(self, client: None, owner: type) -> AsyncCall[P, T]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: SendsAsync | None, owner: type) -> Any:
        return self if client is None else self._method(client, client._asend)


class AsyncStreamCall(Described[P, Following]):
    """A call that answers with events as an async method, on whatever client."""

    @overload
    def __get__(self, client: None, owner: type) -> AsyncStreamCall[P]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, AsyncGenerator[AshEvent, None]]: ...
    def __get__(self, client: SendsAsync | None, owner: type) -> Any:
        return self if client is None else self._method(client, client._afollow)


class AsyncPagesCall(Described[P, Pages[T]]):
    """A call that goes through a list of several pages as an async method, on whatever client."""

    @overload
    def __get__(self, client: None, owner: type) -> AsyncPagesCall[P, T]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, client: SendsAsync | None, owner: type) -> Any:
        return self if client is None else self._method(client, functools.partial(aread_pages, client._asend))
