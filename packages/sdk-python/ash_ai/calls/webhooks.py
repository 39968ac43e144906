"""Webhooks: endpoints, their secrets, and what was delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ash_ai.call import Call
from ash_ai.model import instant_text
from ash_ai.models import CreatedWebhook, GetWebhookDeliveryResponse, Webhook, WebhookDelivery
from ash_ai.request import Request, as_model, given, many, new_key, nothing, one, plain
from ash_ai.types import UNSET, Id, Unset, WebhookDeliveryStatus, WebhookEventType


class WebhookCalls:
    """The calls about webhooks."""

    @Call
    def create_webhook(
        self,
        url: str,
        *,
        events: Sequence[WebhookEventType] | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request[CreatedWebhook]:
        """Has events (default: all) sent to a URL. The secret, which ``verify_webhook`` checks signatures with, is
        shown only here. Raises `webhook_url_invalid`, `webhook_limit_reached`.

        >>> made = client.create_webhook("https://example.com/hooks", events=["turn.completed"])
        """
        return Request(
            route="POST /api/webhooks",
            body=given(url=url, events=None if events is None else list(events), description=description),
            idempotency_key=new_key(idempotency_key),
            read=as_model(CreatedWebhook),
        )

    @Call
    def list_webhooks(self) -> Request[list[Webhook]]:
        """All webhooks of the tenant, oldest first."""
        return Request(route="GET /api/webhooks", read=many("webhooks", Webhook))

    @Call
    def get_webhook(self, id: Id) -> Request[Webhook]:
        """One webhook. Raises `webhook_not_found`."""
        return Request(route="GET /api/webhooks/{id}", at={"id": id}, read=one("webhook", Webhook))

    @Call
    def update_webhook(
        self,
        id: Id,
        *,
        url: str | Unset = UNSET,
        events: Sequence[WebhookEventType] | Unset | None = UNSET,
        description: str | Unset = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> Request[Webhook]:
        """Changes what is given; ``events=None`` stands for all. Raises `webhook_not_found`, `webhook_url_invalid`."""
        return Request(
            route="PATCH /api/webhooks/{id}",
            at={"id": id},
            body={"url": url, "events": events, "description": description, "enabled": enabled},
            read=one("webhook", Webhook),
        )

    @Call
    def delete_webhook(self, id: Id) -> Request[None]:
        """Deletes a webhook and its deliveries. Raises `webhook_not_found`."""
        return Request(route="DELETE /api/webhooks/{id}", at={"id": id}, read=nothing)

    @Call
    def rotate_webhook_secret(
        self, id: Id, *, overlap_seconds: int | None = None, idempotency_key: str | None = None
    ) -> Request[CreatedWebhook]:
        """Makes a new secret. For ``overlap_seconds`` (default: a day) the one of before signs as well. Raises
        `webhook_not_found`."""
        return Request(
            route="POST /api/webhooks/{id}/rotate-secret",
            at={"id": id},
            body=given(overlapSeconds=overlap_seconds),
            idempotency_key=new_key(idempotency_key),
            read=as_model(CreatedWebhook),
        )

    @Call
    def test_webhook(self, id: Id, *, idempotency_key: str | None = None) -> Request[WebhookDelivery]:
        """Sends an event of type ``webhook.test``. Raises `webhook_not_found`, `webhook_disabled`."""
        return Request(
            route="POST /api/webhooks/{id}/test",
            at={"id": id},
            idempotency_key=new_key(idempotency_key),
            read=one("delivery", WebhookDelivery),
        )

    @Call
    def list_webhook_deliveries(
        self,
        id: Id,
        *,
        status: WebhookDeliveryStatus | None = None,
        type: WebhookEventType | Literal["webhook.test"] | None = None,
        limit: int | None = None,
        before: Id | None = None,
    ) -> Request[list[WebhookDelivery]]:
        """Deliveries of a webhook, newest first: ``limit`` of them (default 50), ``before`` the delivery of this id.
        They are kept for 30 days. Raises `webhook_not_found`."""
        return Request(
            route="GET /api/webhooks/{id}/deliveries",
            at={"id": id},
            query={"status": status, "type": type, "limit": limit, "before": before},
            read=many("deliveries", WebhookDelivery),
        )

    @Call
    def get_webhook_delivery(self, id: Id, delivery_id: Id) -> Request[GetWebhookDeliveryResponse]:
        """A delivery with what it sends. Raises `webhook_not_found`, `webhook_delivery_not_found`."""
        return Request(
            route="GET /api/webhooks/{id}/deliveries/{deliveryId}",
            at={"id": id, "deliveryId": delivery_id},
            read=as_model(GetWebhookDeliveryResponse),
        )

    @Call
    def redeliver_webhook(self, id: Id, delivery_id: Id) -> Request[WebhookDelivery]:
        """Sends a delivery again now. Raises `webhook_delivery_not_found`, `webhook_disabled`."""
        return Request(
            route="POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver",
            at={"id": id, "deliveryId": delivery_id},
            repeatable=True,
            read=one("delivery", WebhookDelivery),
        )

    @Call
    def replay_webhook(
        self,
        id: Id,
        since: datetime | str,
        *,
        until: datetime | str | None = None,
        statuses: Sequence[Literal["delivered", "failed", "skipped"]] | None = None,
    ) -> Request[int]:
        """Sends the events from ``since`` on (before ``until``) again: those given up and skipped, unless ``statuses``
        says otherwise. Returns how many deliveries wait now. Raises `webhook_not_found`, `webhook_disabled`."""
        return Request(
            route="POST /api/webhooks/{id}/replay",
            at={"id": id},
            body=given(
                since=_instant(since),
                until=None if until is None else _instant(until),
                statuses=None if statuses is None else list(statuses),
            ),
            repeatable=True,
            read=plain("replayed", int),
        )


def _instant(given: datetime | str) -> str:
    return instant_text(given) if isinstance(given, datetime) else given
