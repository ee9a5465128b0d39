"""A bound on the time of one attempt."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType


class Bounds:
    """Bounds blocks of tasks of one event loop, and has one timer for all of them.

    A timer for each request would cost a tiny call three per cent. This one is set for the block that ends first,
    and stays where it is when blocks end in time. So it is mostly set once in as many seconds as a block has.
    """

    __slots__ = ("_ends", "_open", "_timer")

    def __init__(self) -> None:
        self._open: set[Bound] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ends = math.inf  # when the timer fires

    def within(self, seconds: float) -> Bound:
        """Return a context manager that bounds a block of the current task, as `asyncio.timeout` does."""
        return Bound(self, seconds)

    def add(self, bound: Bound, loop: asyncio.AbstractEventLoop) -> None:
        """Let a block end at its time."""
        self._open.add(bound)
        if bound.ends < self._ends:
            if self._timer is not None:
                self._timer.cancel()
            self._set(bound.ends, loop)

    def remove(self, bound: Bound) -> None:
        """Leave a block alone that has ended."""
        self._open.discard(bound)

    def _set(self, ends: float, loop: asyncio.AbstractEventLoop) -> None:
        self._ends, self._timer = ends, loop.call_at(ends, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        over = {bound for bound in self._open if bound.ends <= self._ends}
        self._open -= over
        self._ends, self._timer = math.inf, None
        if self._open:
            self._set(min(bound.ends for bound in self._open), loop)
        for bound in over:
            bound.expire()


class Bound:
    """A block of the current task that is bounded to so many seconds.

    `asyncio.timeout` can be rescheduled and asked for its state, and enters and leaves by coroutines, which would
    cost a tiny call another three per cent.

    Attributes:
        ends: The time of the event loop at which the block is over.

    Raises:
        TimeoutError: At the end of the block: the time is over.
    """

    __slots__ = ("_bounds", "_cancelled_before", "_expired", "_seconds", "_task", "ends")

    def __init__(self, bounds: Bounds, seconds: float) -> None:
        self._bounds = bounds
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - for type checkers: this runs in a coroutine of a task
        self._task, self._cancelled_before = task, task.cancelling()
        self.ends = loop.time() + self._seconds
        self._bounds.add(self, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._bounds.remove(self)
        if (
            self._expired
            and self._task.uncancel() <= self._cancelled_before  # else somebody else has cancelled it, too
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def expire(self) -> None:
        """End the block: its time is over."""
        self._expired = True
        self._task.cancel()
