"""What Ctrl-C and SIGTERM do to a command that waits, computes, or has requests under way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import attrs

from impactive_async.cli.kit.errors import INTERRUPTED, TERMINATED

UNHEARD = 0.1
"""Seconds after which a signal that has not ended a block is sent once more."""

_CODES = {signal.SIGINT: INTERRUPTED.code, signal.SIGTERM: TERMINATED}


class _EndedError(asyncio.CancelledError):
    """A signal has ended a block at once."""


@attrs.define
class Signals:
    """Cancels the task of a command when a signal arrives, so that it saves cursors and closes connections.

    Attributes:
        code: The exit code. A signal sets it.
        first: Called by the first signal instead of cancelling; `None`: the first signal cancels.
    """

    code: int = 0
    first: Callable[[], object] | None = None
    _at_once: bool = False
    _unheard: int = 0
    """How many signals have arrived that wait for the event loop's next turn."""
    _ended: bool = False
    """Whether a signal is ending a block at once."""

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle signals in the block. Enter it in the task that signals cancel."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - for type checkers: this runs in one

        def on_signal(number: int, _: FrameType | None) -> None:
            self.code = _CODES[signal.Signals(number)]
            if self._at_once:
                self._ended = True
                raise _EndedError
            if self._ended:
                return  # sent once more, while the block was being left
            self._unheard += 1
            loop.call_soon_threadsafe(self._end, task)  # wakes the loop as well

        with contextlib.ExitStack() as stack:
            for number in _CODES:
                with contextlib.suppress(ValueError):  # not the main thread, which alone may handle signals
                    stack.callback(signal.signal, number, signal.signal(number, on_signal))
            yield

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """End the block at once when a signal arrives, although it blocks the event loop.

        It is meant for reading and checking: the block is left in the middle of any statement. A signal that
        arrived since the event loop's last turn ends the block before it begins.
        """
        before, self._at_once = self._at_once, True
        try:
            if self._unheard and self.first is None:
                self._unheard = 0
                raise _EndedError
            with self._waking():
                yield
            if self._ended:  # and Python has ignored it
                raise _EndedError
        finally:
            self._at_once, self._ended = before, False

    @contextlib.contextmanager
    def _waking(self) -> Iterator[None]:
        """End the block although a signal has arrived in vain.

        One that arrives just before a read begins does not end it, and Python runs no handler before it ends. And
        what the handler raises is ignored where it runs within a finalizer or a callback of a weak reference, of
        which imports have some. So a thread sends it once more, until the block is over.
        """
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
            yield
            return
        signals, end = os.pipe()
        os.set_blocking(end, False)
        before = signal.set_wakeup_fd(end, warn_on_full_buffer=False)
        over, main = threading.Event(), threading.get_ident()

        def wake() -> None:
            while arrived := os.read(signals, 1):
                while not over.wait(UNHEARD):
                    signal.pthread_kill(main, arrived[0])

        thread = threading.Thread(target=wake, daemon=True)
        thread.start()
        try:
            with _ignored_quietly():
                yield
        finally:
            self._at_once = False  # nothing ends what follows
            over.set()
            signal.set_wakeup_fd(before)
            os.close(end)
            thread.join()
            os.close(signals)

    @contextlib.contextmanager
    def grace(self, act: Callable[[], object], seconds: float) -> Iterator[None]:
        """Have the first signal call `act`, and cancel the block if it still runs so many seconds later."""
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
        if not self._unheard:
            return
        self._unheard -= 1
        act, self.first = self.first, None
        if act is None:
            task.cancel()
        else:
            act()


@contextlib.contextmanager
def _ignored_quietly() -> Iterator[None]:
    """Print no traceback where Python ignores the end that a signal meant: the signal comes again."""
    before = sys.unraisablehook

    def tell(ignored: sys.UnraisableHookArgs) -> None:
        if not isinstance(ignored.exc_value, _EndedError):
            before(ignored)

    sys.unraisablehook = tell
    try:
        yield
    finally:
        sys.unraisablehook = before
