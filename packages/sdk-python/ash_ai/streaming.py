"""From the bytes of a stream to its events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator
from dataclasses import dataclass

import httpx

from ash_ai.events import AshEvent, to_event
from ash_ai.sse import SseEvent, SseParser


@dataclass(frozen=True)
class Frame:
    """An event as it came, with its resume point if it has one. ``event`` is ``None`` when its data isn't JSON."""

    event: AshEvent | None
    id: str | None


def read_frames(parser: SseParser, chunk: bytes) -> Iterator[Frame]:
    """The frames that are whole with this chunk."""
    return (Frame(_event_of(sse), sse.id) for sse in parser.push(chunk))


def _event_of(sse: SseEvent) -> AshEvent | None:
    try:
        return to_event(sse.event, json.loads(sse.data))
    except (ValueError, RecursionError):
        return None


def parse_sse_stream(response: httpx.Response) -> Generator[AshEvent, None, None]:
    """Reads the events of an open response, whatever way its body is cut into chunks.

    Ends with the body; what isn't JSON is skipped; leaving the loop closes the response.

    >>> response = client.send_message(session.id, "Hello!")
    >>> for event in parse_sse_stream(response):
    ...     print(event.type)
    """
    parser = SseParser()
    try:
        for chunk in response.iter_bytes():
            for frame in read_frames(parser, chunk):
                if frame.event is not None:
                    yield frame.event
    finally:
        response.close()


async def parse_sse_stream_async(response: httpx.Response) -> AsyncGenerator[AshEvent, None]:
    """The same as :func:`parse_sse_stream` for a response of an async client."""
    parser = SseParser()
    try:
        async for chunk in response.aiter_bytes():
            for frame in read_frames(parser, chunk):
                if frame.event is not None:
                    yield frame.event
    finally:
        await response.aclose()
