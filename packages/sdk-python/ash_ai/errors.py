"""How a failed request looks to the caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from ash_ai.retry import retry_after_seconds
from ash_ai.types import JsonObject

_RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

# Codes of the server's error table whose trouble passes, or doesn't, against what their status says.
_PASSING_CODES = frozenset({"session_busy", "storage_full"})
_LASTING_CODES = frozenset(
    {
        "budget_exceeded",
        "bundle_too_large",
        "conversation_lost",
        "credential_key_missing",
        "disk_limit_reached",
        "execution_failed",
        "internal_secret_missing",
        "isolation_unavailable",
        "memory_limit_reached",
        "model_unauthorized",
        "process_limit_reached",
        "runtime_missing",
        "sandbox_launch_failed",
        "secret_unreadable",
        "setup_failed",
        "turn_limit_reached",
        "turn_timeout",
        "workspace_lost",
    }
)


class AshApiError(Exception):
    """A request that the server answered with an error. Failures inside a turn come as ``error`` events instead."""

    def __init__(
        self,
        status_code: int,
        message: str,
        code: str | None = None,
        suggestion: str | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        *,
        request: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        """HTTP status."""
        self.message = message
        self.code = code
        """Code of the server's error table, e.g. ``session_not_found``; None when something else answered (a proxy)."""
        self.suggestion = suggestion
        """What the caller can do about it."""
        self.details: JsonObject = dict(details or {})
        self.request_id = request_id
        """The id under which the server logged the request."""
        self.retryable = _is_retryable(status_code, code) if retryable is None else retryable
        """Whether the same call may succeed later without a change by the caller."""
        self.request = request
        """What was asked, e.g. ``GET /api/sessions/…``."""
        self.retry_after = retry_after
        """How long the server asks to wait before another try, in seconds."""

    def __repr__(self) -> str:
        return f"AshApiError({self.status_code}, {self.message!r}, code={self.code!r}, request_id={self.request_id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from `args`, the message alone; a process pool sends them pickled.
        return (type(self), (self.status_code, self.message), self.__dict__)


class AshStreamCut(Exception):
    """Connections of a stream kept ending before the turn was done. The turn itself goes on at the server."""


def _is_retryable(status_code: int, code: str | None) -> bool:
    return code in _PASSING_CODES or (status_code in _RETRYABLE_STATUSES and code not in _LASTING_CODES)


def error_of(response: httpx.Response, request: str) -> AshApiError:
    """The error that a response that isn't 2xx stands for. Its body has been read."""
    body = json_object(response.text)
    texts = [body.get("message"), body.get("error"), response.reason_phrase, f"HTTP {response.status_code}"]
    return AshApiError(
        response.status_code,
        next(text for text in texts if isinstance(text, str) and text != ""),
        _text(body, "code"),
        _text(body, "suggestion"),
        details if isinstance(details := body.get("details"), dict) else None,
        _text(body, "requestId"),
        request=request,
        retry_after=retry_after_seconds(response.headers.get("retry-after")),
    )


def is_passing(error: Exception) -> bool:
    """Whether a call that may be repeated should be: the connection failed, or the server had a passing trouble."""
    if isinstance(error, AshApiError):
        return error.status_code in _RETRYABLE_STATUSES and error.retryable
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return False
    return isinstance(error, (httpx.TransportError, AshStreamCut))


def json_object(text: str) -> JsonObject:
    """The JSON object that ``text`` is; an empty one when it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(body: JsonObject, key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) else None
