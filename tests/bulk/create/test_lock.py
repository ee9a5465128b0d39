"""The lock that senders share and a search has for itself."""

from __future__ import annotations

import asyncio

from impactive_async.bulk.create.lock import SharedLock
from tests.support import PATIENCE, spin


async def test_senders_share_the_lock_up_to_their_number() -> None:
    """So many hold it at once, and the next one waits for the first to release it."""
    lock, inside, leave = SharedLock(2), list[int](), asyncio.Event()

    async def send(number: int) -> None:
        async with lock.shared():
            inside.append(number)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(send(number))
        await spin(5)
        assert inside == [0, 1]
        leave.set()
    assert inside == [0, 1, 2]


async def test_a_search_has_it_hold() -> None:
    """It gets the lock when all senders have released it, and those who come meanwhile get it afterwards."""
    lock, log, leave = SharedLock(4), list[str](), asyncio.Event()

    async def send(name: str) -> None:
        async with lock.shared():
            log.append(f"{name} in")
            await leave.wait()
            log.append(f"{name} out")

    async def search() -> None:
        async with lock.exclusive():
            log.append("search in")
            await spin(5)
            log.append("search out")

    async with asyncio.TaskGroup() as group:
        group.create_task(send("first"))
        await spin(2)
        group.create_task(search())
        await spin(2)
        group.create_task(send("second"))
        await spin(5)
        assert log == ["first in"]
        leave.set()
    assert log == ["first in", "first out", "search in", "search out", "second in", "second out"]


async def test_whoever_is_cancelled_blocks_nobody() -> None:
    """A cancelled search or sender leaves the lock as it was."""
    lock = SharedLock(1)
    async with lock.shared():
        waiting = asyncio.create_task(_hold(lock))
        await spin(3)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(PATIENCE), lock.shared():
        queued = asyncio.create_task(_hold(lock))
        await spin(3)
        assert not queued.done()
        queued.cancel()
        await asyncio.wait([queued])
    async with asyncio.timeout(PATIENCE), lock.exclusive():
        pass


async def _hold(lock: SharedLock) -> None:
    async with lock.exclusive():
        pass
