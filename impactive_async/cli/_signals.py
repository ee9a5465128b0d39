"""Ctrl-C and SIGTERM: how a command ends that is waiting, that is busy, or that has something to finish."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import attrs

from impactive_async.cli._errors import INTERRUPTED, TERMINATED

_CODES = {signal.SIGINT: INTERRUPTED.code, signal.SIGTERM: TERMINATED}


@attrs.define
class Signals:
    """Cancels the task that a command runs in, so that cursors are saved and connections closed.

    Attributes:
        code: What to exit with; a signal sets it to its own.
        first: What the first signal does instead, if anything; the next one cancels.
    """

    code: int = 0
    first: Callable[[], object] | None = None
    _at_once: bool = False

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Heed signals; to be entered in the task that they are to cancel."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - for type checkers: this runs in one

        def heed(number: int, _: FrameType | None) -> None:
            self.code = _CODES[signal.Signals(number)]
            if self._at_once:
                raise asyncio.CancelledError
            loop.call_soon_threadsafe(self._end, task)  # wakes the loop as well

        with contextlib.ExitStack() as stack:
            for number in _CODES:
                with contextlib.suppress(ValueError):  # not the main thread, which alone may handle signals
                    stack.callback(signal.signal, number, signal.signal(number, heed))
            yield

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """End what holds up the event loop, such as reading a long file or standard input, where it stands.

        Nothing in it may leave anything half done.
        """
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    @contextlib.contextmanager
    def grace(self, act: Callable[[], object], seconds: float) -> Iterator[None]:
        """Let the first signal do this, and cancel what is inside if it has not come to its end so much later."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - as above
        timers: list[asyncio.TimerHandle] = []

        def begin() -> None:
            act()
            timers.append(loop.call_later(seconds, task.cancel))

        self.first = begin
        try:
            yield
        finally:
            self.first = None
            for timer in timers:
                timer.cancel()

    def _end(self, task: asyncio.Task[None]) -> None:
        act, self.first = self.first, None
        if act is None:
            task.cancel()
        else:
            act()
