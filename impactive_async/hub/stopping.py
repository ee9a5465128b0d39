"""A worker's end: pauses that it cuts short."""

from __future__ import annotations

import asyncio

from impactive_async._clock import Clock


class Stopped(Exception):  # noqa: N818 - not an error: a step was given up because the worker is to stop
    """The worker is to stop, and does not go on with this."""


class Stopping:
    """Whether a worker is to stop, and the only way it waits for anything but an answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def is_set(self) -> bool:
        """Whether it is to stop."""
        return self._stopped.done()

    def set(self) -> None:
        """Let it stop."""
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the worker is to stop."""
        if self.is_set() or seconds <= 0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((sleeping, self._stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
