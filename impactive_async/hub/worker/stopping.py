"""Whether a worker is to stop, and pauses that end when it is."""

from __future__ import annotations

import asyncio

from impactive_async._clock import Clock


class Stopped(Exception):  # noqa: N818 - not an error
    """The worker is to stop; the step was given up."""


class Stopping:
    """Whether a worker is to stop. All its pauses are made here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def is_set(self) -> bool:
        """Return whether the worker is to stop."""
        return self._stopped.done()

    def set(self) -> None:
        """Tell the worker to stop."""
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def unless_over(self, other: asyncio.Future[None]) -> None:
        """Wait until the worker is to stop, or until the other future is done."""
        await asyncio.wait((self._stopped, other), return_when=asyncio.FIRST_COMPLETED)

    async def pause(self, seconds: float) -> None:
        """Wait until the time is over or the worker is to stop."""
        if self.is_set() or seconds <= 0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((sleeping, self._stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
