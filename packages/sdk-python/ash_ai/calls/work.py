"""The queue of prompts, and what everything used."""

from __future__ import annotations

from datetime import datetime

from ash_ai.call import Call
from ash_ai.models import QueueItem, QueueStats, UsageEvent, UsageStats
from ash_ai.request import Request, given, many, new_key, one
from ash_ai.types import Id, QueueItemStatus


class WorkCalls:
    """The calls about the queue and about usage."""

    @Call
    def enqueue(
        self,
        agent_name: str,
        prompt: str,
        *,
        session_id: Id | None = None,
        priority: int | None = None,
        max_retries: int | None = None,
        idempotency_key: str | None = None,
    ) -> Request[QueueItem]:
        """Queues a prompt, in a session of that agent (default: a new one). Higher priorities (default 0) go first."""
        return Request(
            route="POST /api/queue",
            body=given(
                agentName=agent_name,
                prompt=prompt,
                sessionId=None if session_id is None else str(session_id),
                priority=priority,
                maxRetries=max_retries,
            ),
            idempotency_key=new_key(idempotency_key),
            read=one("item", QueueItem),
        )

    @Call
    def list_queue_items(
        self, *, status: QueueItemStatus | None = None, limit: int | None = None
    ) -> Request[list[QueueItem]]:
        """Queue items, newest first; ``limit`` 1 to 500 (default 50)."""
        query = {"status": status, "limit": limit}
        return Request(route="GET /api/queue", query=query, read=many("items", QueueItem))

    @Call
    def get_queue_item(self, id: Id) -> Request[QueueItem]:
        """One queue item. Raises `queue_item_not_found`."""
        return Request(route="GET /api/queue/{id}", at={"id": id}, read=one("item", QueueItem))

    @Call
    def cancel_queue_item(self, id: Id) -> Request[QueueItem]:
        """Cancels a pending queue item. Raises `queue_item_not_found`, `queue_item_not_pending`."""
        return Request(route="DELETE /api/queue/{id}", at={"id": id}, read=one("item", QueueItem))

    @Call
    def get_queue_stats(self) -> Request[QueueStats]:
        """Queue items by status."""
        return Request(route="GET /api/queue/stats", read=one("stats", QueueStats))

    @Call
    def list_usage_events(
        self,
        *,
        session_id: Id | None = None,
        agent_name: str | None = None,
        after: datetime | str | None = None,
        before: datetime | str | None = None,
        limit: int | None = None,
    ) -> Request[list[UsageEvent]]:
        """Usage, newest first, from ``after`` to ``before`` (inclusive); ``limit`` 1 to 1000 (default 100)."""
        query = {
            "sessionId": session_id,
            "agentName": agent_name,
            "after": after,
            "before": before,
            "limit": limit,
        }
        return Request(route="GET /api/usage", query=query, read=many("events", UsageEvent))

    @Call
    def get_usage_stats(
        self,
        *,
        session_id: Id | None = None,
        agent_name: str | None = None,
        after: datetime | str | None = None,
        before: datetime | str | None = None,
    ) -> Request[UsageStats]:
        """The sum of usage, with the filters of ``list_usage_events``."""
        query = {"sessionId": session_id, "agentName": agent_name, "after": after, "before": before}
        return Request(route="GET /api/usage/stats", query=query, read=one("stats", UsageStats))
