"""A bound does what `asyncio.timeout` does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from impactive_async._http.session.bound import Bound, Bounds
from tests.support import now, time_jumps


def bound(seconds: float) -> Bound:
    """One with a timer of its own."""
    return Bounds().within(seconds)


KINDS: list[Callable[[float], Any]] = [bound, asyncio.timeout]


async def within(kind: Callable[[float], Any], seconds: float, sleep: float) -> str:
    """What comes of a sleep in a bound, with what the task is left with."""
    task = asyncio.current_task()
    assert task is not None
    began = now()
    said = "in time"
    try:
        scope = kind(seconds)
        if isinstance(scope, Bound):
            with scope:
                await asyncio.sleep(sleep)
        else:
            async with scope:
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
    bounds = Bounds()
    with bounds.within(9):
        with pytest.raises(TimeoutError), bounds.within(1):
            await asyncio.sleep(5)
        await asyncio.sleep(1)
    with pytest.raises(TimeoutError), bounds.within(1), bounds.within(9):
        await asyncio.sleep(5)


@time_jumps
async def test_many_share_a_timer_and_each_ends_on_its_own_time() -> None:
    """Whichever begins or ends first, also behind others that ended in time; and at the same moment."""
    draw, bounds = random.Random(3), Bounds()
    plans = [(draw.randrange(20), draw.randrange(1, 9), draw.randrange(1, 12)) for _ in range(200)]

    async def planned(begin: int, seconds: int, sleep: int) -> str:
        await asyncio.sleep(begin)
        return await within(bounds.within, seconds, sleep + 0.25)  # never at the same moment as its end

    said = await asyncio.gather(*(planned(*plan) for plan in plans))
    for (_, seconds, sleep), end in zip(plans, said, strict=True):
        late = f"TimeoutError of CancelledError after {seconds} s, 0 cancellations"
        assert end == (late if seconds <= sleep else f"in time after {sleep} s, 0 cancellations")
    await asyncio.sleep(60)
