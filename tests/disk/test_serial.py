"""One thread for blocking calls."""

from __future__ import annotations

import asyncio
import threading

import pytest

from impactive_async._disk.serial import SerialThread
from tests.support import spin


async def test_calls_run_in_the_order_of_asking_whether_or_not_they_are_waited_for() -> None:
    """A call that is posted keeps its place between two that are run."""
    thread, order = SerialThread("test"), list[int]()
    first = asyncio.create_task(thread.run(lambda: order.append(1)))
    await spin(2)
    thread.post(lambda: order.append(2))
    await thread.run(lambda: order.append(3))
    await first
    assert order == [1, 2, 3]
    await thread.finish(lambda: None)


async def test_a_last_call_is_waited_for_in_spite_of_a_cancellation() -> None:
    """Whoever is told of the cancellation finds the last call done, and then no thread is left."""
    thread, begun, go_on, done = SerialThread("lasting"), threading.Event(), threading.Event(), list[int]()

    def last() -> None:
        begun.set()
        go_on.wait()
        done.append(1)

    finishing = asyncio.create_task(thread.finish(last))
    await asyncio.to_thread(begun.wait)
    finishing.cancel()
    await spin(5)
    assert not finishing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    assert done == [1]
    with pytest.raises(RuntimeError, match="shutdown"):
        thread.post(last)
