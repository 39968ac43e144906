"""The three ways to make a call: the blocking client, the async client, and the blocking client's ``a…`` methods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
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
    return [pair(event) for event in items(kind, url, name, *args, options=options, **kwargs)]


def items(
    kind: str,
    url: str,
    name: str,
    *args: Any,
    options: dict[str, Any] | None = None,
    then: Callable[[list[Any]], object] = len,
    **kwargs: Any,
) -> list[Any]:
    """Goes through one stream or list to its end; ``then`` sees what came so far after each item."""
    got: list[Any] = []
    if kind == "sync":
        with AshClient(url, **(options or {})) as client:
            for item in getattr(client, name)(*args, **kwargs):
                got.append(item)
                then(got)
        return got

    async def read(iterator: AsyncGenerator[Any, None]) -> None:
        async for item in iterator:
            got.append(item)
            then(got)

    async def run() -> None:
        if kind == "a":
            with AshClient(url, **(options or {})) as client:
                await read(getattr(client, f"a{name}")(*args, **kwargs))
        else:
            async with AsyncAshClient(url, **(options or {})) as async_client:
                await read(getattr(async_client, name)(*args, **kwargs))

    asyncio.run(run())
    return got


def pair(event: AshEvent) -> tuple[str, dict[str, Any]]:
    return event.type, event.data


async def pairs(stream: AsyncGenerator[AshEvent, None]) -> list[tuple[str, dict[str, Any]]]:
    return [pair(event) async for event in stream]
