"""Whether a webhook comes from the server that has the secret (Standard Webhooks)."""

from __future__ import annotations

import binascii
import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ash_ai.types import JsonObject


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """What a webhook brings."""

    id: str
    """``webhook-id``: the same for every attempt at one event."""
    type: str
    """``turn.completed``, …"""
    timestamp: str
    """When it happened."""
    data: JsonObject


class AshWebhookInvalid(Exception):  # noqa: N818
    """A request that must not be believed."""


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = 300.0,
    now: float | None = None,
) -> WebhookEvent:
    """Checks a webhook's signature and age, and gives its event. Raises :class:`AshWebhookInvalid`.

    ``body`` is the request's as it came: parsed and written again it is another one. ``secret`` is ``whsec_…``, or
    several while one takes the place of another. ``tolerance`` is how far its clock may be from this one (``now``,
    default ``time.time()``), in seconds.

    >>> event = verify_webhook(request.body, request.headers, secret)
    """
    raw = body.encode() if isinstance(body, str) else body
    id, timestamp, signatures = (_header(headers, f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise AshWebhookInvalid("webhook-timestamp is no time")
    age = (time.time() if now is None else now) - int(timestamp)
    if abs(age) > tolerance:
        raise AshWebhookInvalid(f"It is {abs(age):.0f} s {'old' if age > 0 else 'from the future'}")
    signed = f"{id}.{timestamp}.".encode() + raw
    given = [part.removeprefix("v1,") for part in signatures.split(" ")[:10] if part.startswith("v1,")]
    keys = [_key(each) for each in ([secret] if isinstance(secret, str) else secret)]
    wanted = [b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    # Each comparison takes the same time wherever the two differ.
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given):
        raise AshWebhookInvalid("No signature is made with the secret")
    event: Any = json.loads(raw)
    if not isinstance(event, dict) or not {"type", "timestamp", "data"} <= event.keys():
        raise AshWebhookInvalid("It holds no event")
    return WebhookEvent(id=id, type=event["type"], timestamp=event["timestamp"], data=event["data"])


def _header(headers: Mapping[str, str], name: str) -> str:
    for each, value in headers.items():
        if each.lower() == name and value:
            return value
    raise AshWebhookInvalid(f"It has no header {name}")


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise AshWebhookInvalid('The secret is not "whsec_" and base64')
    return key
