"""Signatures of webhooks: the example of Standard Webhooks, and everything that must not pass."""

from __future__ import annotations

import pytest

from ash_ai import AshWebhookInvalid, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1614265330
BODY = '{"test": 2432232314}'
EVENT = b'{"type":"turn.completed","timestamp":"2026-01-01T00:00:00.000Z","data":{"text":"Gr\xc3\xbc\xc3\x9fe"}}'
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def headers(signature: str, at: int = NOW) -> dict[str, str]:
    return {"Webhook-Id": ID, "WEBHOOK-TIMESTAMP": str(at), "webhook-signature": signature}


def test_the_example_of_the_standard_is_signed_but_no_event() -> None:
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    with pytest.raises(AshWebhookInvalid, match="holds no event"):
        verify_webhook(BODY, headers(signature), SECRET, now=NOW)


def test_an_event_is_given_with_its_id() -> None:
    signature = "v1,bkJ9Zw5Aq83cjcMiBAurCWnb+yJBkWvgQq/ddDAhFiw="
    given = headers(f"v2,x v1,AAAA {signature}")
    event = verify_webhook(EVENT, given, ["whsec_AAAA", SECRET], now=NOW + 299)
    assert (event.id, event.type, event.data) == (ID, "turn.completed", {"text": "Grüße"})
    assert verify_webhook(EVENT.decode(), given, SECRET, now=NOW) == event


@pytest.mark.parametrize(
    ("body", "given", "secret", "now", "why"),
    [
        (EVENT + b" ", {}, SECRET, NOW, "No signature"),
        (EVENT, {}, "whsec_AAAA", NOW, "No signature"),
        (EVENT, {"Webhook-Id": "msg_other"}, SECRET, NOW, "No signature"),
        (EVENT, {"webhook-signature": "v1,"}, SECRET, NOW, "No signature"),
        (EVENT, {"webhook-signature": "v1,é"}, SECRET, NOW, "No signature"),
        (EVENT, {"WEBHOOK-TIMESTAMP": str(NOW + 1)}, SECRET, NOW, "No signature"),
        (EVENT, {}, SECRET, NOW + 301, "301 s old"),
        (EVENT, {}, SECRET, NOW - 301, "from the future"),
        (EVENT, {"WEBHOOK-TIMESTAMP": "soon"}, SECRET, NOW, "no time"),
        (EVENT, {"WEBHOOK-TIMESTAMP": "1e9"}, SECRET, NOW, "no time"),
        (EVENT, {"Webhook-Id": ""}, SECRET, NOW, "no header webhook-id"),
        (EVENT, {}, "whsec_", NOW, "secret"),
        (EVENT, {}, "not base64!", NOW, "secret"),
    ],
)
def test_what_must_not_be_believed(body: bytes, given: dict[str, str], secret: str, now: int, why: str) -> None:
    good = headers("v1,bkJ9Zw5Aq83cjcMiBAurCWnb+yJBkWvgQq/ddDAhFiw=")
    with pytest.raises(AshWebhookInvalid, match=why):
        verify_webhook(body, good | given, secret, now=now)
