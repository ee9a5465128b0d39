"""How many requests are under way, how fast they start, and the pause that one 429 means for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from impactive_async._clock import Clock

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_BURST = 0.1
"""Seconds' worth of `rate_limit` that may start at once: within any second at most 110 % of the rate."""


class Limits:
    """Each sending waits for its `turn`, before its time-out starts, and says when it is `done`."""

    def __init__(self, *, max_concurrency: int, rate_limit: float | None, clock: Clock) -> None:
        self._most = max_concurrency
        self._slots = asyncio.Semaphore(max_concurrency)
        self._rate = _limiter(rate_limit)
        self._clock = clock
        self._closed_until = 0.0
        self.waiting = 0
        self.under_way = 0

    def turn(self) -> Awaitable[object]:
        """Wait until a sending may start; after that, and only then, `done` has to be called."""
        if self.waiting or self.under_way == self._most or self._rate is not None or self._closed_until:
            return self._wait()
        self.under_way += 1
        return self._slots.acquire()  # one is free, so that this does not wait

    def done(self) -> None:
        """Let the next one start."""
        self.under_way -= 1
        self._slots.release()

    async def _wait(self) -> None:
        self.waiting += 1
        try:
            await self._slots.acquire()
            try:
                await self._permission()
            except BaseException:
                self._slots.release()
                raise
        finally:
            self.waiting -= 1
        self.under_way += 1

    def pause(self, seconds: float) -> None:
        """Let nobody start for `seconds`: what the server asked of one task, it asked of the client."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    async def _permission(self) -> None:
        await self._gate()
        if self._rate is not None:
            await self._rate.acquire()
            await self._gate()  # a 429 may have come while this task waited for its turn

    async def _gate(self) -> None:
        if not self._closed_until:
            return
        while (left := self._closed_until - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        self._closed_until = 0.0


def _limiter(rate_limit: float | None) -> AsyncLimiter | None:
    if rate_limit is None:
        return None
    from aiolimiter import AsyncLimiter  # here, as most clients need none of it and it takes long to import

    burst = max(1.0, rate_limit * _BURST)
    return AsyncLimiter(burst, burst / rate_limit)
