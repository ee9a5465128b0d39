"""How many rows may be created while the outcome of a batch is open."""

from __future__ import annotations

import asyncio

import pytest

from impactive_async.bulk.create.window import Window
from tests.support import PATIENCE, spin


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
    async with asyncio.timeout(PATIENCE):
        await waiting
