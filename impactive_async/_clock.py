"""The clock by which a client measures pauses. It is injected, so that no test has to sleep."""

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
