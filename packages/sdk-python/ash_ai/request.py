"""One request described as data: where it goes, what it carries, whether it may be repeated, how its answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, cast
from urllib.parse import quote
from uuid import uuid4

import httpx

from ash_ai.errors import AshApiError, is_passing, json_object
from ash_ai.model import M, instant_text
from ash_ai.retry import delay_before
from ash_ai.types import UNSET, JsonObject

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Reader = Callable[[httpx.Response], T]


@dataclass(frozen=True, kw_only=True)
class Request(Generic[T_co]):
    """A call of the API, ready to be sent (any number of times) by a sync or an async client."""

    route: str
    """Method and path; ``{name}`` marks a parameter, ``{*}`` a path of several segments."""
    read: Callable[[httpx.Response], T_co]
    """Makes the result of an answer."""
    at: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, object] = field(default_factory=dict)
    """What is ``None`` here is not sent."""
    body: Mapping[str, object] | None = None
    """What is ``UNSET`` here is not sent."""
    idempotency_key: str | None = None
    repeatable: bool = False
    """Whether it may be repeated by its meaning, although it is no read."""
    answer: Literal["whole", "open", "stream"] = "whole"
    """Whether the answer's body is read first, left to the caller, or left and endless."""
    patience: float = 0.0
    """How long the server itself may take, in seconds, on top of the client's timeout."""

    @property
    def method(self) -> str:
        """``GET``, ``POST``, …"""
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path with its parameters filled in, percent-encoded by segment."""
        return re.sub(r"\{([\w*]+)\}", self._fill, self.route.partition(" ")[2])

    @property
    def params(self) -> dict[str, str] | None:
        """The query."""
        return {name: _query_text(value) for name, value in self.query.items() if value is not None} or None

    @property
    def content(self) -> bytes | None:
        """The body as JSON."""
        if self.body is None:
            return None
        sent = {name: value for name, value in self.body.items() if value is not UNSET}
        try:
            return json.dumps(sent, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            # Half of a surrogate pair can only be sent escaped.
            return json.dumps(sent, allow_nan=False).encode()

    def delay_after(self, error: Exception, tried: int, retries: int) -> float | None:
        """How long to wait before the next try, in seconds; ``None`` when the error is the caller's."""
        safe = self.idempotency_key is not None or self.repeatable or self.method == "GET"
        if not safe or tried > retries or not is_passing(error):
            return None
        return delay_before(tried, (error.retry_after or 0.0) if isinstance(error, AshApiError) else 0.0)

    def _fill(self, match: re.Match[str]) -> str:
        name, text = match[1], str(self.at[match[1]])
        if name != "*":
            return _segment(name, text)
        # A leading "./" says nothing.
        return "/".join(_segment("path", part) for part in re.sub(r"^(\./)+(?=.)", "", text).split("/"))


def _segment(name: str, text: str) -> str:
    # URLs fold `.` and `..` even when encoded, and an empty segment addresses the list: neither can name one thing.
    if text in ("", ".", ".."):
        raise AshApiError(400, f"{json.dumps(text)} can't be the {name} of anything", "validation_failed")
    return quote(text, safe="")


def _query_text(value: object) -> str:
    if isinstance(value, datetime):
        return instant_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def given(**fields: object) -> dict[str, object]:
    """The fields of a body that aren't ``None``."""
    return {name: value for name, value in fields.items() if value is not None}


def new_key(given: str | None) -> str:
    """The Idempotency-Key of a call that creates something: the caller's, or a new one."""
    return str(uuid4()) if given is None else given


def as_object(response: httpx.Response) -> JsonObject:
    """The answer's JSON object, which is never empty."""
    found = json_object(response.text)
    if found == {}:
        raise _unreadable(response, "is no JSON object")
    return found


def as_model(kind: type[M]) -> Reader[M]:
    """Reads the answer as a model."""
    return lambda response: kind.from_dict(as_object(response))


def one(key: str, kind: type[M]) -> Reader[M]:
    """Reads the model under ``key``."""
    return lambda response: kind.from_dict(_part(response, key, dict))


def many(key: str, kind: type[M]) -> Reader[list[M]]:
    """Reads the list of models under ``key``."""

    def read(response: httpx.Response) -> list[M]:
        found = _part(response, key, list)
        if not all(isinstance(each, dict) for each in found):
            raise _unreadable(response, f'holds something odd in "{key}"')
        return [kind.from_dict(each) for each in found]

    return read


def plain(key: str, kind: type[T]) -> Reader[T]:
    """Reads the plain value under ``key``."""
    return lambda response: cast(T, _part(response, key, kind))


def nothing(_response: httpx.Response) -> None:
    """Reads nothing: the answer says no more than that it was done."""


def as_bytes(response: httpx.Response) -> bytes:
    """Reads the answer's bytes."""
    return response.content


def unread(response: httpx.Response) -> httpx.Response:
    """Gives the open response to the caller, who closes it."""
    return response


def _part(response: httpx.Response, key: str, kind: type) -> Any:
    found = as_object(response).get(key)
    if not isinstance(found, kind):
        raise _unreadable(response, f'has no "{key}"')
    return found


def _unreadable(response: httpx.Response, why: str) -> AshApiError:
    return AshApiError(response.status_code, f"The answer of {response.request.url.path} {why}")
