"""Lists of several pages: which page to ask for next, and which of its items to give. It sends nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from typing import Generic, Protocol, TypeVar

from ash_ai.models import Session
from ash_ai.request import Request

T = TypeVar("T")

USUAL_PAGE_SIZE = 100


class _InOrder(Protocol):
    sequence: int


S = TypeVar("S", bound=_InOrder)


class Pages(Generic[T]):
    """One list over as many requests as it takes: a client asks :meth:`next_request` and gives the answer's items to
    :meth:`receive`, until it is ``finished``."""

    finished = False

    def next_request(self) -> Request[list[T]]:
        """The request for the next page."""
        raise NotImplementedError

    def receive(self, items: list[T]) -> Iterator[T]:
        """The items to give, now that a page came."""
        raise NotImplementedError


class PagesBySequence(Pages[S]):
    """Pages that begin after a sequence. They never split the items of one sequence, and may be short before the end:
    only an empty one is the end."""

    def __init__(self, after: int | None, page_after: Callable[[int | None], Request[list[S]]]) -> None:
        self._after = after
        self._page_after = page_after

    def next_request(self) -> Request[list[S]]:
        """The page after the last item."""
        return self._page_after(self._after)

    def receive(self, items: list[S]) -> Iterator[S]:
        """All of them."""
        if items:
            self._after = items[-1].sequence
        else:
            self.finished = True
        return iter(items)


class PagesOfSessions(Pages[Session]):
    """Pages by offset of a list that grows at its beginning, and from which sessions may leave. They overlap by one
    session, which proves that nothing is missing between them."""

    def __init__(self, page_size: int, page_at: Callable[[int, int], Request[list[Session]]]) -> None:
        self._limit = max(2, page_size)
        self._offset = 0
        self._given: set[object] = set()
        self._page_at = page_at

    def next_request(self) -> Request[list[Session]]:
        """The page at the offset."""
        return self._page_at(self._limit, self._offset)

    def receive(self, items: list[Session]) -> Iterator[Session]:
        """Those that weren't given yet."""
        if self._offset > 0 and (not items or items[0].id not in self._given):
            # Sessions that no longer match the filter have drawn the others nearer.
            self._offset = max(0, self._offset - self._limit)
            return
        if len(items) < self._limit:
            self.finished = True
        self._offset += self._limit - 1
        for session in items:
            if session.id not in self._given:
                self._given.add(session.id)
                yield session


def read_pages(send: Callable[[Request[list[T]]], list[T]], pages: Pages[T]) -> Generator[T, None, None]:
    """The items, page after page."""
    while not pages.finished:
        yield from pages.receive(send(pages.next_request()))


async def aread_pages(
    send: Callable[[Request[list[T]]], Awaitable[list[T]]], pages: Pages[T]
) -> AsyncGenerator[T, None]:
    """The same without blocking."""
    while not pages.finished:
        for item in pages.receive(await send(pages.next_request())):
            yield item
