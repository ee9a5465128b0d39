"""Blocking calls, off the event loop, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class SerialThread:
    """One thread that runs blocking calls in the order they were asked for.

    `asyncio.to_thread` would let a later save overtake an earlier one, and a save that waits for a lock would
    take a thread from the pool that also resolves host names. The thread is the standard library's
    executor's: it works with any event loop, ends with its owner, and never holds up the interpreter's exit.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` and hand on what it returns or raises.

        Cancelling means that nobody waits for it: a call that has begun runs to its end, one that has not
        never begins.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
