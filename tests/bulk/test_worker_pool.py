"""Workers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from impactive_async.bulk.worker_pool import WorkerPool
from tests.support import PATIENCE, spin, until


def fetching(batches: list[int]) -> Callable[[], Awaitable[int | None]]:
    async def fetch() -> int | None:
        await asyncio.sleep(0)
        return batches.pop(0) if batches else None

    return fetch


async def test_every_batch_is_handled_and_no_more_at_once_than_there_are_workers() -> None:
    """Three workers handle all, three at a time at the most, and fetch nothing while all are busy."""
    handled, busy, most = list[int](), set[int](), 0
    batches = list(range(20))

    async def handle(batch: int) -> None:
        nonlocal most
        busy.add(batch)
        most = max(most, len(busy))
        assert 20 - len(batches) <= len(handled) + 3
        await spin(10 + batch % 4)
        busy.remove(batch)
        handled.append(batch)

    pool = WorkerPool(fetching(batches), handle, 3)
    await pool.run()
    assert pool.cause is None
    assert sorted(handled) == list(range(20))
    assert most == 3


@pytest.mark.parametrize("size", [1, 3])
async def test_a_failure_stops_the_fetching_and_lets_the_others_finish(size: int) -> None:
    """What raises is the cause; what was being handled is handled to its end, and nothing more is fetched."""
    handled, batches = list[int](), list(range(20))

    async def handle(batch: int) -> None:
        if batch == 4:
            raise OSError("no")
        await spin(5)
        handled.append(batch)

    pool = WorkerPool(fetching(batches), handle, size)
    await pool.run()
    assert isinstance(pool.cause, OSError)
    assert [batch for batch in range(4) if batch not in handled] == []
    assert len(batches) >= 20 - 4 - 2 * size


async def test_stopping_interrupts_a_fetch_that_waits() -> None:
    """A source that has nothing to give does not hold up the end of a stopped pool."""
    first = [True]

    async def fetch() -> int | None:
        if first:
            first.clear()
            return 1
        await asyncio.Event().wait()
        return None

    async def handle(_: int) -> None:
        await spin(5)
        pool.stop(OSError("enough"))

    pool: WorkerPool[int] = WorkerPool(fetch, handle, 2)
    async with asyncio.timeout(PATIENCE):
        await pool.run()
    assert str(pool.cause) == "enough"


async def test_a_cancelled_crew_leaves_no_task() -> None:
    """Cancelling ends workers and a pending fetch alike."""
    before = asyncio.all_tasks()

    async def fetch() -> int | None:
        await asyncio.Event().wait()
        return None

    async def handle(_: int) -> None:
        raise AssertionError

    running = asyncio.create_task(WorkerPool(fetch, handle, 3).run())
    await until(lambda: len(asyncio.all_tasks()) > len(before) + 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


async def test_an_input_that_swallows_the_cancellation_is_cancelled_all_the_same() -> None:
    """A fetch that goes on after it was cancelled gets no more batches handled."""
    handled = list[int]()
    started = asyncio.Event()

    async def fetch() -> int | None:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return 1

    async def handle(batch: int) -> None:
        handled.append(batch)

    running = asyncio.create_task(WorkerPool(fetch, handle, 2).run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert handled == []


async def test_an_input_that_cancels_itself_does_not_pass_for_one_that_has_ended() -> None:
    """`CancelledError` out of the input, when nobody cancelled, is the cause that stops the work."""

    async def fetch() -> int | None:
        raise asyncio.CancelledError

    async def handle(_: int) -> None:
        raise AssertionError

    pool: WorkerPool[int] = WorkerPool(fetch, handle, 2)
    await pool.run()
    assert "cancelled from within the input" in str(pool.cause)
