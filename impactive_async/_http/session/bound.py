"""A bound on the time of one attempt."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Bound:
    """Bounds a block of the current task to so many seconds, as `asyncio.timeout` does.

    `asyncio.timeout` can be rescheduled and asked for its state, and enters and leaves by coroutines. That would
    cost a tiny call three per cent.

    Raises:
        TimeoutError: At the end of the block: the time is over.
    """

    __slots__ = ("_cancelled_before", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - for type checkers: this runs in a coroutine of a task
        self._task, self._cancelled_before = task, task.cancelling()
        self._timer = loop.call_at(loop.time() + self._seconds, self._expire)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if (
            self._expired
            and self._task.uncancel() <= self._cancelled_before  # else somebody else has cancelled it, too
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
