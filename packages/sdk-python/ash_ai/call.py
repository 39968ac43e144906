"""How a call that is described once becomes a method of the sync client, of the async client, and one named ``a…``.

A class of calls has methods that return a :class:`Request` or a :class:`Following` and send nothing. The descriptors
here give such a method to a client with the same parameters and the result that this kind of client has for it.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from ash_ai.events import AshEvent
from ash_ai.follow import Following
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


class _Described(Generic[P, T]):
    def __init__(self, describe: Callable[Concatenate[Any, P], T]) -> None:
        self.describe = describe
        functools.update_wrapper(cast(Any, self), describe)

    def _method(self, client: object, perform: Callable[[Any], Any]) -> Callable[..., Any]:
        # A bound method, so that the signature is shown without `self`.
        @functools.wraps(MethodType(self.describe, client))
        def method(*args: Any, **kwargs: Any) -> Any:
            return perform(self.describe(client, *args, **kwargs))

        return method


class Call(_Described[P, Request[T]]):
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


class StreamCall(_Described[P, Following]):
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


class AsyncCall(_Described[P, Request[T]]):
    """A call as an async method, on whatever client."""

    @overload
    def __get__(self, client: None, owner: type) -> AsyncCall[P, T]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: SendsAsync | None, owner: type) -> Any:
        return self if client is None else self._method(client, client._asend)


class AsyncStreamCall(_Described[P, Following]):
    """A call that answers with events as an async method, on whatever client."""

    @overload
    def __get__(self, client: None, owner: type) -> AsyncStreamCall[P]: ...
    @overload
    def __get__(self, client: SendsAsync, owner: type) -> Callable[P, AsyncGenerator[AshEvent, None]]: ...
    def __get__(self, client: SendsAsync | None, owner: type) -> Any:
        return self if client is None else self._method(client, client._afollow)
