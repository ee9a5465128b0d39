"""The clock by which a client measures pauses. It is injected, so that no test has to sleep."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What a client measures pauses with. In tests, pass your own as `AsyncClient(clock=…)`."""

    def monotonic(self) -> float:
        """Return a number of seconds that never goes back. Only differences between two have a meaning."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` while other tasks run."""
        ...


class SystemClock:
    """The real clock: `time.monotonic` and `asyncio.sleep`."""

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` with `asyncio.sleep`."""
        await asyncio.sleep(seconds)


async def happens_within(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until the event is set, but not for longer than these seconds; return whether it is."""
    if event.is_set() or seconds <= 0:
        return event.is_set()
    waits = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds)))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in done:
            wait.result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    return event.is_set()
