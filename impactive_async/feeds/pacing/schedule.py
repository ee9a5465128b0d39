"""Items in the order in which they are due: one heap, instead of a sleeping task for each feed."""

from __future__ import annotations

import asyncio
import heapq
import math
from typing import Generic, TypeVar

from impactive_async._clock import Clock


class Due:
    """Something that is due at a moment, in seconds of the clock. Items compare by it."""

    __slots__ = ("due",)

    def __init__(self, due: float) -> None:
        self.due = due

    def __lt__(self, other: Due) -> bool:
        return self.due < other.due


D = TypeVar("D", bound=Due)


class Schedule(Generic[D]):
    """A queue ordered by due time. Any number of tasks may add items; one task may wait for them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[D] = []
        self._nap: asyncio.Future[None] | None = None

    def add(self, item: D) -> None:
        """Add an item. If it is due first, the waiting task wakes and waits for it instead."""
        heapq.heappush(self._heap, item)
        if self._heap[0] is item and self._nap is not None:
            self._nap.cancel()

    async def next(self) -> D:
        """Wait until the item that is due first is due; remove and return it."""
        while (left := self._left()) > 0:
            await self._sleep(left)
        return heapq.heappop(self._heap)

    def _left(self) -> float:
        return self._heap[0].due - self._clock.monotonic() if self._heap else math.inf

    async def _sleep(self, seconds: float) -> None:
        """Sleep for so many seconds, or until an item that is due earlier is added."""
        idle = seconds == math.inf
        nap = (
            asyncio.get_running_loop().create_future()
            if idle
            else asyncio.ensure_future(self._clock.sleep(seconds))
        )
        self._nap = nap
        try:
            await asyncio.wait((nap,))
        finally:
            self._nap = None
            if nap.cancel():  # we are cancelled ourselves: leave no task behind
                await asyncio.wait((nap,))
        if not nap.cancelled():
            nap.result()
