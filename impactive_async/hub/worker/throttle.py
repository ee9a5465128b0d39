"""When a worker may make a request: the hub's permits, and the pause after a 429."""

from __future__ import annotations

from impactive_async._clock import Clock
from impactive_async._http.limits import Refusals
from impactive_async.errors import RateLimitError
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.worker.bounds import within
from impactive_async.hub.worker.failures import pause_after
from impactive_async.hub.worker.options import WorkerOptions
from impactive_async.hub.worker.stopping import Stopped, Stopping


class Throttle:
    """The permits of one worker, and its pause after a 429."""

    def __init__(self, hub: Hub, options: WorkerOptions, stopping: Stopping, clock: Clock) -> None:
        self._hub = hub
        self._options = options
        self._stopping = stopping
        self._clock = clock
        self._refusals = 0  # 429s in a row
        self._routes = Refusals(clock)
        self._pause_until = clock.monotonic()

    async def wait_after_429(self) -> None:
        """Wait until the pause after the last 429 is over."""
        await self._stopping.pause(self._pause_until - self._clock.monotonic())

    async def ask(self) -> float:
        """Ask for a permit for one request.

        Returns:
            0 with the permit, else the seconds to wait.

        Raises:
            HubError: The engine does not answer.
        """
        return await within(self._options.lease, self._hub.permit)

    async def permit(self, patience: float, wait: float | None = None) -> float:
        """Wait for a permit for one request, at most `patience` seconds.

        Args:
            patience: So many seconds.
            wait: What `ask` has returned; `None`: it was not asked.

        Returns:
            0 with the permit, else the seconds still to wait.

        Raises:
            HubError: The engine does not answer.
        """
        until = self._clock.monotonic() + patience
        wait = await self.ask() if wait is None else wait
        while wait > 0:
            if self._stopping.is_set() or self._clock.monotonic() + wait > until:
                return wait
            await self._stopping.pause(wait)
            wait = await self.ask()
        return 0.0

    async def acquire(self) -> None:
        """Wait for a permit for one request, however long that takes, and for the end of a pause after a 429.

        Raises:
            HubError: The engine does not answer.
            Stopped: The worker is to stop.
        """
        await self.wait_after_429()
        if await self.permit(float("inf")):
            raise Stopped

    def record(self, kind: str, error: Exception | None) -> float | None:
        """Record how a poll went; begin a pause after 429s to two kinds of lists, or to the only one.

        A 429 that only one kind meets leaves the others alone: its feed is put off by itself.

        Args:
            kind: What the list is.
            error: What the poll met; `None`: an answer.

        Returns:
            The seconds of the pause; `None` if there is none for all.
        """
        if error is None:
            self._refusals = 0
            self._routes.answered()
        if not isinstance(error, RateLimitError):
            return None
        pause = pause_after(error, self._refusals, self._options.interval)
        if not self._routes.concern_all(kind, pause) and len(self._options.kinds) > 1:
            return None
        self._refusals += 1
        self._pause_until = max(self._pause_until, self._clock.monotonic() + pause)
        return pause
