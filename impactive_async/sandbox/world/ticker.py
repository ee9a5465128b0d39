"""Virtual time that follows real time, for a sandbox that is served to people."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from impactive_async.sandbox.world.clock import VirtualClock

__all__ = ["Ticker"]

_PACE = 0.05  # real seconds between two steps


@define(eq=False)
class Ticker:
    """Moves a clock `speed` virtual seconds per real second while it runs; `None`: it leaves the clock alone."""

    clock: VirtualClock
    speed: float | None = field()
    _task: asyncio.Task[None] | None = field(init=False, default=None)

    @speed.validator
    def _forwards(self, _: object, value: float | None) -> None:
        if value is not None and not 0 < value < float("inf"):
            raise ValueError("speed must be above 0 virtual seconds per real second")

    def start(self) -> None:
        """Start moving the clock, in a task of the running event loop."""
        if self.speed is not None:
            work = self._run(self.speed, asyncio.get_running_loop().time)
            self._task = asyncio.create_task(work, name="sandbox-clock")

    async def stop(self) -> None:
        """Stop the task, and wait until it has ended."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def change(self, speed: float | None) -> None:
        """Go on at another speed.

        Raises:
            ValueError: The speed is not above 0.
        """
        self.speed = speed
        await self.stop()
        self.start()

    async def _run(self, speed: float, real: Callable[[], float]) -> None:
        before = real()
        while True:
            await asyncio.sleep(_PACE)
            now = real()
            await self.clock.advance(seconds=(now - before) * speed)
            before = now
