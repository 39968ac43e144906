"""A real HTTP server on loopback that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Asked:
    """A request as it came."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """What to answer. ``then``: end the body, break the connection within it, or hold it until the client leaves."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    then: Literal["end", "break", "hold"] = "end"
    sizes: int | None = None
    """Size of the pieces in which the body is written (default: all at once)."""
    pause: float = 0
    """Silence before each piece but the first, in seconds."""


def answer_json(status: int, body: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), {"content-type": "application/json", **named})


def stream(body: bytes, then: Literal["end", "break", "hold"] = "end", sizes: int | None = None) -> Answer:
    return Answer(200, body, {"content-type": "text/event-stream"}, then, sizes)


# Ends the connection before any answer.
no_answer = Answer(0)
# Never answers.
silence = Answer(0, then="hold")


class ScriptedServer:
    """Serves from a thread of its own until its ``with`` block ends. ``asked`` holds the requests so far."""

    def __init__(self, answer: Callable[[Asked, int], Answer]) -> None:
        self.asked: list[Asked] = []
        self.left = threading.Event()
        """Set when a client has left a connection that was held."""
        self._answer = answer
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        connections: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1000)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _closing(writer):
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                answer = self._answer(asked, len(self.asked))
                if answer.status:
                    await _write(writer, answer)
                if answer.then == "hold":
                    with contextlib.suppress(ConnectionError):
                        await reader.read()
                    self.left.set()
                if answer.then != "end" or not answer.status:
                    return


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.split("\r\n")
    method, url, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, url, headers, json.loads(body) if body else None)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    headers = {**answer.headers, "transfer-encoding": "chunked"}
    head = f"HTTP/1.1 {answer.status} {_reasons.get(answer.status, '')}\r\n"
    writer.write((head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode())
    size = answer.sizes or max(1, len(answer.body))
    for at in range(0, len(answer.body), size):
        if at > 0:
            await asyncio.sleep(answer.pause)
        piece = answer.body[at : at + size]
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if answer.sizes is not None:
            await writer.drain()
    if answer.then == "end":
        writer.write(b"0\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await writer.drain()


_reasons = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found"}


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
