"""A clock that stands still until it is told the time: feeds keep their real pace, and a week takes seconds."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class VirtualTime:
    """A `Clock` for a known number of sleepers; when all of them sleep, nothing happens until time moves on.

    Args:
        now: Seconds.
        sleepers: How many tasks there are that ever sleep.
    """

    def __init__(self, now: float, sleepers: int) -> None:
        self._now = now
        self._sleepers = sleepers
        self._asleep: list[tuple[float, int, asyncio.Future[None]]] = []
        self._serial = itertools.count()
        self._all_asleep = asyncio.Event()

    def monotonic(self) -> float:
        """The time it was last told."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until it is told a time that is `seconds` later, or more."""
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._asleep, (self._now + seconds, next(self._serial), alarm))
        if len(self._asleep) == self._sleepers:
            self._all_asleep.set()
        await alarm

    async def next_alarm(self) -> float:
        """Wait until everybody sleeps; returns when the first of them wants to be woken."""
        await self._all_asleep.wait()
        return self._asleep[0][0]

    def move_to(self, now: float) -> None:
        """Let it be `now`, and wake those whose time has come."""
        self._now = now
        while self._asleep and self._asleep[0][0] <= now:
            alarm = heapq.heappop(self._asleep)[2]
            if not alarm.done():
                alarm.set_result(None)
        if len(self._asleep) < self._sleepers:
            self._all_asleep.clear()
