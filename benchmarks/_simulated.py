"""Hours in seconds: a fast clock, and a loop whose time stands still while anybody works and then jumps."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_GRANTED: Final = 0.0005
"""Real seconds that a packet on the loopback device may take."""


class FastClock:
    """So many seconds of the feeds pass in one of ours."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        """Accelerated seconds."""
        return time.monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait for that share of them."""
        await asyncio.sleep(seconds / self._speed)


class _JumpingSelector(selectors.DefaultSelector):
    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(timeout if timeout is None else min(timeout, _GRANTED))
        self.passed += 1e-6 if ready or timeout is None else timeout + 1e-6
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """Client and server have to run on this one loop."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """The seconds that have passed, most of them in jumps."""
        return self._jumping.passed


class LoopClock:
    """The loop's time as a client's clock."""

    def monotonic(self) -> float:
        """Seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many of them."""
        await asyncio.sleep(seconds)


def simulated(work: Coroutine[Any, Any, T]) -> T:
    """Run it on such a loop."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)
