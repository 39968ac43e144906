"""The client for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

import httpx

from ash_ai.call import SendsAsync
from ash_ai.calls import Calls
from ash_ai.errors import error_of
from ash_ai.events import AshEvent
from ash_ai.follow import Following
from ash_ai.request import Request
from ash_ai.session import AsyncSessionHandle
from ash_ai.settings import Settings, let_stream, pool_limits
from ash_ai.types import Id

T = TypeVar("T")


class AsyncLine(SendsAsync):
    """Sends requests with whatever ``_async_http`` gives."""

    _settings: Settings

    def _async_http(self) -> httpx.AsyncClient:
        raise NotImplementedError

    async def _aopen(self, request: Request[T]) -> httpx.Response:
        """One try."""
        http = self._async_http()
        response = await http.send(self._settings.build(http, request), stream=True)
        try:
            if not response.is_success or request.answer == "whole":
                await response.aread()
            if not response.is_success:
                raise error_of(response, f"{request.method} {request.path}")
            if request.answer == "stream":
                let_stream(response)
        except BaseException:
            await response.aclose()
            raise
        return response

    async def _asend(self, request: Request[T]) -> T:
        tried = 0
        while True:
            tried += 1
            try:
                return request.read(await self._aopen(request))
            except Exception as error:
                delay = request.delay_after(error, tried, self._settings.max_retries)
                if delay is None:
                    raise
            await asyncio.sleep(delay)

    async def _afollow(self, following: Following) -> AsyncGenerator[AshEvent, None]:
        while True:
            lost: Exception | None = None
            try:
                response = await self._aopen(following.next_request())
            except Exception as error:
                lost = error
            else:
                try:
                    chunks = response.aiter_bytes()
                    while not following.finished:
                        try:
                            chunk = await anext(chunks, None)
                        except Exception as error:
                            lost = error
                            break
                        if chunk is None:
                            following.body_ended()
                            break
                        for event in following.receive(chunk):
                            yield event
                finally:
                    await response.aclose()
            if following.finished:
                return
            await asyncio.sleep(following.delay_after(lost, self._settings.max_retries))


class AsyncAshClient(Calls, AsyncLine):
    """A client of one Ash server for one event loop: the methods of ``AshClient``, to be awaited; streams are async
    generators.

    Arguments and errors as of ``AshClient``. Cancelling a call gives up waiting; it never stops a turn.

    >>> async with AsyncAshClient("http://localhost:4100", api_key="your-api-key") as client:
    ...     session = await client.create_session("my-agent")
    """

    def __init__(
        self,
        server_url: str | None = None,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        token: str | None = None,
        timeout: float | None = 300.0,
        max_retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = Settings.of(server_url, api_key, base_url, token, timeout, max_retries)
        self._http = httpx.AsyncClient(transport=transport, limits=pool_limits)

    def session(self, id: Id) -> AsyncSessionHandle:
        """A handle on a session: the calls about it without its id. Nothing is sent, so it need not exist."""
        return AsyncSessionHandle(self, id)

    async def aclose(self) -> None:
        """Closes the idle connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncAshClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _async_http(self) -> httpx.AsyncClient:
        return self._http
