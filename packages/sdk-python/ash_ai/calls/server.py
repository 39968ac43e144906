"""The server itself, and the way to routes that this version has no method for."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from ash_ai.call import Call
from ash_ai.request import Request, as_object, unread
from ash_ai.types import JsonObject


class ServerCalls:
    """The calls about the server itself."""

    @Call
    def health(self) -> Request[JsonObject]:
        """Whether the server is well, and what it holds. Needs no key."""
        return Request(route="GET /health", read=as_object)

    @Call
    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> Request[httpx.Response]:
        """Any request, with this client's key, errors and retries; the response has been read.

        ``path`` is sent as it is, percent-encoded by the caller.
        """
        return Request(
            route=f"{method} {path}",
            query=query or {},
            body=body,
            idempotency_key=idempotency_key,
            read=unread,
        )
