"""The consumer's clock, which only moves when it is set. So feeds keep their pace, and a week takes seconds."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class VirtualTime:
    """A `Clock` for a known number of tasks that sleep. While all of them sleep, nothing happens.

    Args:
        now: The time in seconds.
        sleepers: How many tasks sleep on this clock.
    """

    def __init__(self, now: float, sleepers: int) -> None:
        self._now = now
        self._sleepers = sleepers
        self._asleep: list[tuple[float, int, asyncio.Future[None]]] = []
        self._serial = itertools.count()
        self._all_asleep = asyncio.Event()

    def monotonic(self) -> float:
        """Return the time that was last set."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until a time is set that is at least `seconds` later."""
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._asleep, (self._now + seconds, next(self._serial), alarm))
        if len(self._asleep) == self._sleepers:
            self._all_asleep.set()
        await alarm

    async def next_alarm(self) -> float:
        """Wait until all tasks sleep. Return the time at which the first one is to wake."""
        await self._all_asleep.wait()
        return self._asleep[0][0]

    def move_to(self, now: float) -> None:
        """Set the time, and wake the tasks that are due."""
        self._now = now
        while self._asleep and self._asleep[0][0] <= now:
            alarm = heapq.heappop(self._asleep)[2]
            if not alarm.done():
                alarm.set_result(None)
        if len(self._asleep) < self._sleepers:
            self._all_asleep.clear()
