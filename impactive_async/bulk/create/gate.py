"""What senders pass before each request: so many at a time, and nobody while the gate is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import attrs


class SendingGate:
    """A gate that lets `senders` through at a time.

    It is closed while contacts that are created now could push a lost batch off the lists. Whoever is through
    already is not affected.
    """

    def __init__(self, senders: int) -> None:
        self._slots = asyncio.Semaphore(senders)
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._hold = _Hold(self._acquire, self._slots.release)

    def through(self) -> AbstractAsyncContextManager[None]:
        """Be one of the senders. Waits for a place, and while the gate is closed."""
        return self._hold

    def close(self) -> None:
        """Let nobody else through."""
        self._is_open.clear()

    def open(self) -> None:
        """Let those through who wait."""
        self._is_open.set()

    async def _acquire(self) -> None:
        await self._slots.acquire()
        try:
            while not self._is_open.is_set():
                await self._is_open.wait()
        except BaseException:
            self._slots.release()
            raise


@attrs.frozen
class _Hold(AbstractAsyncContextManager[None]):
    """A place among the senders. One object serves all of them, because every batch needs one."""

    acquire: Callable[[], Awaitable[None]]
    release: Callable[[], None]

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()
