"""Who may send when."""

from __future__ import annotations

import asyncio

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


@pytest.mark.parametrize("size", [20, 30, 50, 100])
async def test_no_batch_is_overlapped_by_more_rows_than_the_window(size: int) -> None:
    """In whatever order batches end: the rows under way when one is sent, and sent until it ends, are bounded."""
    window, open_batches, overlaps = Window(450), dict[int, int](), dict[int, int]()
    ends = iter([3, 1, 0, 2] * 100)
    for number in range(200):
        while True:
            waiting = asyncio.ensure_future(window.room(size))
            await spin(1)
            if waiting.done():
                break
            ended = list(open_batches)[next(ends) % len(open_batches)]
            del open_batches[ended]
            window.leave(ended)
            await spin(2)
            assert waiting.done() or open_batches, "an empty window has room"
            waiting.cancel()
        overlaps[number] = size * (len(open_batches) + 1)
        for other in open_batches:
            overlaps[other] += size
        open_batches[number] = size
        window.enter(number, size)
    assert max(overlaps.values()) <= 450
    assert max(overlaps.values()) > 450 - size


async def test_a_batch_larger_than_the_window_goes_alone() -> None:
    """Room for any size is there when nothing is under way."""
    window = Window(10)
    await window.room(50)
    window.enter("large", 50)
    waiting = asyncio.ensure_future(window.room(1))
    await spin(3)
    assert not waiting.done()
    window.leave("large")
    async with asyncio.timeout(5):
        await waiting
