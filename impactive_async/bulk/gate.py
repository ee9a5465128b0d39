"""Who may send when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs


class Gate:
    """So many senders pass it together; a searcher passes it alone, when nothing is under way.

    A list is only evidence about a lost batch while no other batch is being created: a row of the one could be
    taken for a row of the other.
    """

    def __init__(self, senders: int) -> None:
        self._slots = asyncio.Semaphore(senders)
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._alone = asyncio.Lock()
        self._inside = 0
        self._place = _Place(self._enter, self._leave)

    def together(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place, and while somebody is, or wants to be, inside alone."""
        return self._place

    async def _enter(self) -> None:
        await self._slots.acquire()
        try:
            while not self._open.is_set():
                await self._open.wait()
        except BaseException:
            self._slots.release()
            raise
        self._inside += 1
        self._empty.clear()

    def _leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            self._empty.set()
        self._slots.release()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let nobody in, and wait until all have left."""
        async with self._alone:
            self._open.clear()
            try:
                await self._empty.wait()
                yield
            finally:
                self._open.set()


@attrs.frozen
class _Place(AbstractAsyncContextManager[None]):
    """A place inside; the same object for everybody, as every batch passes here."""

    enter: Callable[[], Awaitable[None]]
    leave: Callable[[], None]

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(self, *_: object) -> None:
        self.leave()


class Window:
    """Bounds the rows that can have been created since a batch was sent whose fate is open, its own included.

    A list shows so many of the newest contacts and no others. Those that can stand above a batch's are of batches
    that were under way when it was sent, and of batches sent while it is: of all that overlap with it in time.
    So a batch that takes long holds up those behind it.
    """

    def __init__(self, rows: int) -> None:
        self._most = rows
        self._sizes: dict[Hashable, int] = {}
        self._overlaps: dict[Hashable, int] = {}
        self._freed = asyncio.Event()

    async def room(self, rows: int) -> None:
        """Wait until so many rows may be sent. One waiter at a time."""
        while not self._fits(rows):
            self._freed.clear()
            await self._freed.wait()

    def enter(self, batch: Hashable, rows: int) -> None:
        """A batch is about to be sent."""
        for other in self._overlaps:
            self._overlaps[other] += rows
        self._overlaps[batch] = rows + sum(self._sizes.values())
        self._sizes[batch] = rows

    def leave(self, batch: Hashable) -> None:
        """It is known what became of it."""
        del self._sizes[batch], self._overlaps[batch]
        self._freed.set()

    def _fits(self, rows: int) -> bool:
        under_way = sum(self._sizes.values())
        most = max((under_way, *self._overlaps.values()))
        return not under_way or most + rows <= self._most
