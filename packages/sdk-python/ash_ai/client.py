"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TypeVar

import httpx

from ash_ai.async_client import AsyncLine
from ash_ai.async_names import AsyncNames
from ash_ai.call import Sends
from ash_ai.calls import Calls
from ash_ai.errors import error_of
from ash_ai.events import AshEvent
from ash_ai.follow import Following
from ash_ai.request import Request
from ash_ai.session import SessionHandle
from ash_ai.settings import Settings, let_stream, pool_limits
from ash_ai.types import Id

T = TypeVar("T")


class AshClient(Calls, AsyncNames, Sends, AsyncLine):
    """A client of one Ash server, for threads and for scripts.

    Every method has an async counterpart under the prefix ``a`` (``await client.aget_session(id)``), which opens a
    connection of its own; :class:`AsyncAshClient` keeps connections. Calls that are safe to repeat are repeated after
    network failures and 408, 429, 500, 502, 503 and 504. Errors: :class:`AshApiError` for every answer that isn't 2xx,
    ``httpx.TransportError`` when there was none.

    ``server_url`` (or ``base_url``): address of the server, e.g. ``http://localhost:4100``.
    ``api_key`` (or ``token``): sent as ``Authorization: Bearer …``.
    ``timeout``: how long a connection, or a silence within an answer, may take, in seconds; ``None`` is no limit. A
    stream has this limit only until it begins.
    ``max_retries``: how often a call is repeated when repeating it is safe. A stream reconnects up to three times as
    often in a row before it gives up.
    ``transport``, ``async_transport``: what to send with, in place of the network.

    >>> client = AshClient(server_url="http://localhost:4100", api_key="your-api-key")
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
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = Settings.of(server_url, api_key, base_url, token, timeout, max_retries)
        self._tls = httpx.create_ssl_context()
        self._http = httpx.Client(verify=self._tls, transport=transport, limits=pool_limits)
        self._async_transport = async_transport

    def session(self, id: Id) -> SessionHandle:
        """A handle on a session: the calls about it without its id. Nothing is sent, so it need not exist."""
        return SessionHandle(self, id)

    def close(self) -> None:
        """Closes the idle connections."""
        self._http.close()

    def __enter__(self) -> AshClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _async_http(self) -> httpx.AsyncClient:
        # Event loops come and go during the client's life, and a connection belongs to one: none is kept.
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(verify=self._tls, transport=self._async_transport, limits=limits)

    def _open(self, request: Request[T]) -> httpx.Response:
        """One try."""
        response = self._http.send(self._settings.build(self._http, request), stream=True)
        try:
            if not response.is_success or request.answer == "whole":
                response.read()
            if not response.is_success:
                raise error_of(response, f"{request.method} {request.path}")
            if request.answer == "stream":
                let_stream(response)
        except BaseException:
            response.close()
            raise
        return response

    def _send(self, request: Request[T]) -> T:
        tried = 0
        while True:
            tried += 1
            try:
                return request.read(self._open(request))
            except Exception as error:
                delay = request.delay_after(error, tried, self._settings.max_retries)
                if delay is None:
                    raise
            time.sleep(delay)

    def _follow(self, following: Following) -> Generator[AshEvent, None, None]:
        while True:
            lost: Exception | None = None
            try:
                response = self._open(following.next_request())
            except Exception as error:
                lost = error
            else:
                try:
                    chunks = response.iter_bytes()
                    while not following.finished:
                        try:
                            chunk = next(chunks, None)
                        except Exception as error:
                            lost = error
                            break
                        if chunk is None:
                            following.body_ended()
                            break
                        yield from following.receive(chunk)
                finally:
                    response.close()
            if following.finished:
                return
            time.sleep(following.delay_after(lost, self._settings.max_retries))
