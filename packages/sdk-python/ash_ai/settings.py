"""How a client reaches its server, and what every request carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from ash_ai.request import Request

# Every open stream holds a connection: a bound would make the next call wait for the end of somebody's turn.
pool_limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)


@dataclass(frozen=True)
class Settings:
    """What a client was made with."""

    server_url: str
    api_key: str | None = field(repr=False)
    timeout: float | None
    max_retries: int

    @classmethod
    def of(
        cls,
        server_url: str | None,
        api_key: str | None,
        base_url: str | None,
        token: str | None,
        timeout: float | None,
        max_retries: int,
    ) -> Settings:
        """Settings from a constructor's arguments, some of which have two names."""
        url = _either("server_url", server_url, "base_url", base_url)
        if url is None:
            raise TypeError("server_url is missing")
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError(f"Not the URL of a server: {url}")
        return cls(url.rstrip("/"), _either("api_key", api_key, "token", token), timeout, max_retries)

    def build(self, http: httpx.Client | httpx.AsyncClient, request: Request[Any]) -> httpx.Request:
        """The request as ``http`` sends it."""
        headers = {}
        if self.api_key is not None:
            headers["authorization"] = f"Bearer {self.api_key}"
        if request.idempotency_key is not None:
            headers["idempotency-key"] = request.idempotency_key
        body = request.content
        if body is not None:
            headers["content-type"] = "application/json"
        return http.build_request(
            request.method,
            self.server_url + request.path,
            params=request.params,
            headers=headers,
            content=body,
            timeout=None if self.timeout is None else self.timeout + request.patience,
        )


def _either(name: str, value: str | None, other_name: str, other: str | None) -> str | None:
    if value is not None and other is not None:
        raise TypeError(f"{name} and {other_name} are the same: give one of them")
    return other if value is None else value


def let_stream(response: httpx.Response) -> None:
    """Takes the read timeout off a response that has begun: a stream may be silent for as long as its turn takes."""
    response.request.extensions["timeout"]["read"] = None
