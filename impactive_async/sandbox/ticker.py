"""Virtual time in step with real time, for a sandbox that people watch."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from .clock import VirtualClock

__all__ = ["Ticker"]

_PACE = 0.05  # real seconds between two steps


@define(eq=False)
class Ticker:
    """Moves a clock `speed` virtual seconds per real second while it runs."""

    clock: VirtualClock
    speed: float = field()
    _task: asyncio.Task[None] | None = field(init=False, default=None)

    @speed.validator
    def _forwards(self, _: object, value: float) -> None:
        if value <= 0:
            raise ValueError("speed must be above 0 virtual seconds per real second")

    def start(self) -> None:
        """Begin to tick, on the running loop."""
        self._task = asyncio.create_task(self._run(asyncio.get_running_loop().time), name="sandbox-clock")

    async def stop(self) -> None:
        """End it, and wait until it has ended."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, real: Callable[[], float]) -> None:
        before = real()
        while True:
            await asyncio.sleep(_PACE)
            now = real()
            await self.clock.advance(seconds=(now - before) * self.speed)
            before = now
