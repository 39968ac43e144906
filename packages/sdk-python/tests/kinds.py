"""The three ways to make a call: the blocking client, the async client, and the blocking client's ``a…`` methods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from ash_ai import AshClient, AshEvent, AsyncAshClient

KINDS = ["sync", "async", "a"]


def call(kind: str, url: str, name: str, *args: Any, options: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    """Makes one call with a client of its own."""
    if kind == "sync":
        with AshClient(url, **(options or {})) as client:
            return getattr(client, name)(*args, **kwargs)

    async def run() -> Any:
        if kind == "a":
            with AshClient(url, **(options or {})) as client:
                return await getattr(client, f"a{name}")(*args, **kwargs)
        async with AsyncAshClient(url, **(options or {})) as async_client:
            return await getattr(async_client, name)(*args, **kwargs)

    return asyncio.run(run())


def events(kind: str, url: str, name: str, *args: Any, options: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    """Reads one stream to its end, as pairs of type and data."""
    if kind == "sync":
        with AshClient(url, **(options or {})) as client:
            return [pair(event) for event in getattr(client, name)(*args, **kwargs)]

    async def run() -> list[tuple[str, dict[str, Any]]]:
        if kind == "a":
            with AshClient(url, **(options or {})) as client:
                return await pairs(getattr(client, f"a{name}")(*args, **kwargs))
        async with AsyncAshClient(url, **(options or {})) as async_client:
            return await pairs(getattr(async_client, name)(*args, **kwargs))

    return asyncio.run(run())


async def pairs(stream: AsyncGenerator[AshEvent, None]) -> list[tuple[str, dict[str, Any]]]:
    return [pair(event) async for event in stream]


def pair(event: AshEvent) -> tuple[str, dict[str, Any]]:
    return event.type, event.data
