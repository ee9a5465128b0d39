"""A lock that many senders share, and a search has for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs


class SharedLock:
    """A lock with `senders` shared holders at most, or one exclusive holder.

    The lists tell what became of a lost batch only while no other batch is being created: else a row of the one
    could be taken for a row of the other.
    """

    def __init__(self, senders: int) -> None:
        self._slots = asyncio.Semaphore(senders)
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._exclusive = asyncio.Lock()
        self._holders = 0
        self._hold = _Hold(self._acquire, self._release)

    def shared(self) -> AbstractAsyncContextManager[None]:
        """Hold the lock with others. Waits for a slot, and while somebody holds or wants the lock exclusively."""
        return self._hold

    async def _acquire(self) -> None:
        await self._slots.acquire()
        try:
            while not self._open.is_set():
                await self._open.wait()
        except BaseException:
            self._slots.release()
            raise
        self._holders += 1
        self._empty.clear()

    def _release(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._empty.set()
        self._slots.release()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Hold the lock alone: nobody else gets it from now on, and those who have it are waited for."""
        async with self._exclusive:
            self._open.clear()
            try:
                await self._empty.wait()
                yield
            finally:
                self._open.set()


@attrs.frozen
class _Hold(AbstractAsyncContextManager[None]):
    """A shared hold. One object serves all holders, because every batch needs one."""

    acquire: Callable[[], Awaitable[None]]
    release: Callable[[], None]

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()
