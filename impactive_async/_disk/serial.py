"""Blocking calls, off the event loop, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from impactive_async._disk.forks import begin_anew_in_forks

T = TypeVar("T")


class SerialThread:
    """One thread that runs blocking calls in the order in which they were asked for.

    `asyncio.to_thread` would let a later save overtake an earlier one, and a save that waits for a lock would take
    a thread from the pool that also resolves host names. The thread is the standard library's executor's: it works
    with any event loop, ends with its owner, and does not keep the interpreter from exiting. A process that is
    forked has a thread of its own.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.begin_anew()
        begin_anew_in_forks(self)

    def begin_anew(self) -> None:
        """Begin with a thread that is still to be started. In a fork, the old one would never answer."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` and hand on what it returns or raises.

        Cancelling means that nobody waits for it: a call that has begun runs to its end, one that has not begun
        never does.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def post(self, call: Callable[[], object]) -> None:
        """Run `call` without waiting for it; what it returns or raises is lost."""
        self._executor.submit(call)

    async def finish(self, call: Callable[[], T]) -> T:
        """Run a last `call`; a cancellation is raised when it has ended."""
        last = asyncio.get_running_loop().run_in_executor(self._executor, call)
        self._executor.shutdown(wait=False)
        try:
            return await asyncio.shield(last)
        except asyncio.CancelledError:
            await asyncio.wait([last])
            raise
