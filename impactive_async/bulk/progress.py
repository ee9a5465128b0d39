"""How far a bulk call has come."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

import attrs

from impactive_async._clock import Clock
from impactive_async.errors import InvalidArgumentError


@attrs.frozen(kw_only=True)
class Progress:
    """Where a bulk call stands."""

    done: int
    """Rows that have an outcome, whatever it is."""
    total: int | None
    """Rows of the input; `None` if it has no length."""
    failed: int
    """Rows among `done` that failed or whose outcome is unknown."""
    rate: float
    """Rows a second since the call began, without those that an earlier run had done; 0 at first."""
    eta: float | None
    """Seconds until the end at that rate; `None` without a total or a rate."""


OnProgress = Callable[[Progress], object]
"""Called after each batch; if it returns an awaitable, that is awaited before it is called again."""


class ProgressReporter:
    """Calls `on_progress`, one call at a time, with numbers that never shrink.

    Raises:
        InvalidArgumentError: It cannot be called.
    """

    def __init__(self, on_progress: OnProgress | None, total: int | None, clock: Clock) -> None:
        if on_progress is not None and not callable(on_progress):
            raise InvalidArgumentError(f"on_progress is a function, not {on_progress!r}")
        self._on_progress = on_progress
        self._total = total
        self._clock = clock
        self._start = clock.monotonic()
        self._turn = asyncio.Lock()

    async def report(self, count: Callable[[], tuple[int, int, int]]) -> None:
        """Call `on_progress`, and await what it returns if that can be awaited.

        Args:
            count: Returns how many rows are done, failed, and skipped because an earlier run had done them. It is
                called when the turn of this report has come.
        """
        if self._on_progress is None:
            return
        async with self._turn:
            answer = self._on_progress(self._progress(*count()))
            if inspect.isawaitable(answer):
                await answer

    def _progress(self, done: int, failed: int, skipped: int) -> Progress:
        seconds = self._clock.monotonic() - self._start
        rate = (done - skipped) / seconds if seconds > 0 else 0.0
        eta = max(0, self._total - done) / rate if self._total is not None and rate > 0 else None
        return Progress(done=done, total=self._total, failed=failed, rate=rate, eta=eta)
