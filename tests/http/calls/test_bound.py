"""A bound does what `asyncio.timeout` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from impactive_async._http.session.bound import Bound
from tests.support import now, time_jumps

KINDS: list[Callable[[float], Any]] = [Bound, asyncio.timeout]


async def within(kind: Callable[[float], Any], seconds: float, sleep: float) -> str:
    """What comes of a sleep in a bound, with what the task is left with."""
    task = asyncio.current_task()
    assert task is not None
    began = now()
    said = "in time"
    try:
        bound = kind(seconds)
        if isinstance(bound, Bound):
            with bound:
                await asyncio.sleep(sleep)
        else:
            async with bound:
                await asyncio.sleep(sleep)
    except TimeoutError as error:
        said = f"{type(error).__name__} of {type(error.__cause__).__name__}"
    return f"{said} after {now() - began:.0f} s, {task.cancelling()} cancellations"


@time_jumps
async def test_what_takes_too_long_is_a_time_out() -> None:
    """It ends on time, and leaves the task uncancelled; what is quick is left alone, also afterwards."""
    late = [await within(kind, 5, 9) for kind in KINDS]
    quick = [await within(kind, 5, 1) for kind in KINDS]
    assert late[0] == late[1] == "TimeoutError of CancelledError after 5 s, 0 cancellations"
    assert quick[0] == quick[1] == "in time after 1 s, 0 cancellations"
    await asyncio.sleep(60)  # no timer of theirs is left


@pytest.mark.parametrize("cancelled_at", [1, 5], ids=["before its end", "at its end"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cancellation_from_outside_stays_one(kind: Callable[[float], Any], cancelled_at: float) -> None:
    """Whoever cancels the task is not told of a time-out, even if both fall into the same moment."""

    @time_jumps
    async def law() -> None:
        task = asyncio.create_task(within(kind, 5, 9))
        await asyncio.sleep(0)  # its timer is set first
        asyncio.get_running_loop().call_later(cancelled_at, task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()

    law()


@time_jumps
async def test_the_inner_of_two_ends_first() -> None:
    """Bounds may stand in one another: each ends for itself."""
    with Bound(9):
        with pytest.raises(TimeoutError), Bound(1):
            await asyncio.sleep(5)
        await asyncio.sleep(1)
    with pytest.raises(TimeoutError), Bound(1), Bound(9):
        await asyncio.sleep(5)
