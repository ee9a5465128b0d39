"""Leave to make requests: the hub's permits, and the silence after a 429."""

from __future__ import annotations

from impactive_async._clock import Clock
from impactive_async.errors import RateLimitError
from impactive_async.hub.back_off import pause_after
from impactive_async.hub.base import Hub
from impactive_async.hub.bounds import within
from impactive_async.hub.options import WorkerOptions
from impactive_async.hub.stopping import Stopped, Stopping


class Throttle:
    """One worker's part in the workspace's limits."""

    def __init__(self, hub: Hub, options: WorkerOptions, stopping: Stopping, clock: Clock) -> None:
        self._hub = hub
        self._options = options
        self._stopping = stopping
        self._clock = clock
        self._refusals = 0  # 429s in a row
        self._quiet_until = clock.monotonic()

    async def silence(self) -> None:
        """Wait until the silence is over that a 429 asked for."""
        await self._stopping.pause(self._quiet_until - self._clock.monotonic())

    async def permit(self, patience: float) -> float:
        """Wait for leave to make one request. Returns 0, or the seconds still to wait if that is too long.

        Raises:
            HubError: The engine does not answer.
        """
        until = self._clock.monotonic() + patience
        while (wait := await within(self._options.lease, self._hub.permit)) > 0:
            if self._stopping.is_set() or self._clock.monotonic() + wait > until:
                return wait
            await self._stopping.pause(wait)
        return 0.0

    async def leave(self) -> None:
        """Wait for leave to make one request, however long that takes.

        Raises:
            HubError: The engine does not answer.
            Stopped: The worker is to stop before that.
        """
        await self.silence()
        if await self.permit(float("inf")):
            raise Stopped

    def heed(self, refusal: RateLimitError | None) -> float | None:
        """Keep quiet after a 429, for the seconds returned; the other workers hear their own, once each."""
        if refusal is None:
            self._refusals = 0
            return None
        pause = pause_after(refusal, self._refusals, self._options.interval)
        self._refusals += 1
        self._quiet_until = max(self._quiet_until, self._clock.monotonic() + pause)
        return pause
