"""Who may send when."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from impactive_async.bulk.gate import Gate, Window
from tests.support import spin


async def test_senders_share_the_gate_up_to_their_number() -> None:
    """So many are inside at once, and the next one waits for the first to leave."""
    gate, inside, leave = Gate(2), list[int](), asyncio.Event()

    async def send(number: int) -> None:
        async with gate.together():
            inside.append(number)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(send(number))
        await spin(5)
        assert inside == [0, 1]
        leave.set()
    assert inside == [0, 1, 2]


async def test_a_searcher_is_alone() -> None:
    """It enters when all have left, and whoever comes meanwhile enters after it."""
    gate, log, leave = Gate(4), list[str](), asyncio.Event()

    async def send(name: str) -> None:
        async with gate.together():
            log.append(f"{name} in")
            await leave.wait()
            log.append(f"{name} out")

    async def search() -> None:
        async with gate.alone():
            log.append("alone in")
            await spin(5)
            log.append("alone out")

    async with asyncio.TaskGroup() as group:
        group.create_task(send("first"))
        await spin(2)
        group.create_task(search())
        await spin(2)
        group.create_task(send("second"))
        await spin(5)
        assert log == ["first in"]
        leave.set()
    assert log == ["first in", "first out", "alone in", "alone out", "second in", "second out"]


async def test_whoever_is_cancelled_blocks_nobody() -> None:
    """A cancelled searcher or sender leaves the gate as it was."""
    gate = Gate(1)
    async with gate.together():
        waiting = asyncio.create_task(_alone(gate))
        await spin(3)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(5), gate.together():
        queued = asyncio.create_task(_alone(gate))
        await spin(3)
        assert not queued.done()
        queued.cancel()
        await asyncio.wait([queued])
    async with asyncio.timeout(5), gate.alone():
        pass


async def _alone(gate: Gate) -> None:
    async with gate.alone():
        pass


class Traffic:
    """Batches that go through a window, and what overlaps with each by our own count."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.recorded = list[int]()
        self.sent = list[int]()
        self.overlaps = dict[int, int]()

    async def record(self, batch: int, size: int) -> bool:
        """Record it if there is room."""
        if not await at_once(self.window.room(size)):
            return False
        self.window.enter(batch, size)
        self.overlaps[batch] = size * (len(self.recorded) + 1)
        self.recorded.append(batch)
        return True

    async def send(self, batch: int, size: int) -> bool:
        """Send it if it may go."""
        if not await at_once(self.window.turn(batch)):
            return False
        for other in self.recorded[: self.recorded.index(batch)]:
            self.overlaps[other] += size
        self.sent.append(batch)
        return True

    def end(self, place: int) -> None:
        """One of those that were sent has its answer."""
        batch = self.sent.pop(place % len(self.sent))
        self.recorded.remove(batch)
        self.window.leave(batch)


async def at_once(waiting: Coroutine[Any, Any, None]) -> bool:
    task = asyncio.ensure_future(waiting)
    await spin(2)
    task.cancel()
    await asyncio.wait([task])
    return not task.cancelled()


@pytest.mark.parametrize("size", [20, 30, 40, 50, 100, 200, 450])
async def test_no_batch_is_overlapped_by_more_rows_than_the_window(size: int) -> None:
    """However batches end: the rows recorded before one, and sent after it until it ends, are bounded."""
    senders, ends, number = 4, iter([3, 1, 0, 2] * 200), 0
    traffic, most = Traffic(Window(450, senders)), 0
    for _ in range(300):
        while await traffic.record(number, size):
            number += 1
        for batch in [batch for batch in traffic.recorded if batch not in traffic.sent]:
            if len(traffic.sent) == senders or not await traffic.send(batch, size):
                break
        most = max(most, len(traffic.sent))
        assert traffic.sent, "somebody may always go"
        traffic.end(next(ends))
    assert max(traffic.overlaps.values()) <= 450
    assert max(traffic.overlaps.values()) > 450 - 2 * size
    assert most >= min(senders, (450 // size + 1) // 2), "and as many are sent at once as fit"


async def test_a_batch_that_takes_long_holds_up_those_behind_it() -> None:
    """They are recorded and sent until they fill its window, and go on when it has ended."""
    window = Window(100, 2)
    for batch in range(3):
        assert await at_once(window.room(20))
        window.enter(batch, 20)
        assert await at_once(window.turn(batch))
    for batch in range(3, 5):
        window.leave(batch - 1)
        window.enter(batch, 20)
        assert await at_once(window.turn(batch))
    window.leave(4)
    window.enter("last", 20)
    last = asyncio.ensure_future(window.turn("last"))
    await spin(3)
    assert not last.done()
    window.leave(0)
    await spin(3)
    assert not last.done(), "the second was sent as early"
    window.leave(1)
    async with asyncio.timeout(5):
        await last


async def test_a_batch_larger_than_the_window_goes_alone() -> None:
    """Room for any size is there when nothing is under way."""
    window = Window(10, 4)
    await window.room(50)
    window.enter("large", 50)
    await window.turn("large")
    waiting = asyncio.ensure_future(window.room(1))
    await spin(3)
    assert not waiting.done()
    window.leave("large")
    async with asyncio.timeout(5):
        await waiting
