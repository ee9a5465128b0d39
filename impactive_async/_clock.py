"""Time, as far as the client waits for it: injected, so that no test ever sleeps."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the client measures pauses with. Pass your own to `AsyncClient(clock=…)` in tests."""

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`, letting other tasks run."""
        ...


class SystemClock:
    """The real clock: `time.monotonic` and `asyncio.sleep`."""

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` with `asyncio.sleep`."""
        await asyncio.sleep(seconds)
