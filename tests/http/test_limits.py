"""How many at once, how fast, and the pause that one 429 means for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from impactive_async._http.limits import Limits
from tests.support import FakeClock, ManualClock, spin, time_jumps


@asynccontextmanager
async def sending(limits: Limits) -> AsyncIterator[None]:
    """A sending, as the transport makes it."""
    await limits.turn()
    try:
        yield
    finally:
        limits.done()


def limits(
    concurrency: int = 1, rate: float | None = None, clock: FakeClock | ManualClock | None = None
) -> Limits:
    return Limits(max_concurrency=concurrency, rate_limit=rate, clock=clock or FakeClock())


async def start_times(gate: Limits, count: int) -> list[float]:
    """When each of `count` tasks that all ask at once gets its turn, from the first on."""
    loop, times = asyncio.get_running_loop(), []

    async def one() -> None:
        async with sending(gate):
            times.append(loop.time())

    await asyncio.gather(*(one() for _ in range(count)))
    return [time - times[0] for time in times]


async def test_no_more_than_so_many_at_once() -> None:
    """The excess waits, is counted as waiting, and comes in as others leave."""
    gate, leave, peak = limits(3), asyncio.Event(), 0

    async def one() -> None:
        nonlocal peak
        async with sending(gate):
            peak = max(peak, gate.under_way)
            await leave.wait()

    tasks = [asyncio.create_task(one()) for _ in range(10)]
    await spin(20)
    assert (gate.under_way, gate.waiting) == (3, 7)
    leave.set()
    await asyncio.gather(*tasks)
    assert (gate.under_way, gate.waiting, peak) == (0, 0, 3)


async def test_a_pause_holds_everybody_until_it_is_over() -> None:
    """During a pause nobody starts, however many ask; at its end all do."""
    clock = ManualClock()
    gate = limits(5, clock=clock)
    gate.pause(7)
    tasks = [asyncio.create_task(start_times(gate, 1)) for _ in range(5)]
    await spin(20)
    clock.advance(6.999)
    await spin(20)
    assert (gate.under_way, gate.waiting) == (0, 5)
    clock.advance(0.001)
    await asyncio.gather(*tasks)
    assert gate.waiting == 0


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """The latest end counts, in whichever order the pauses were asked for."""
    clock = FakeClock()
    gate = limits(clock=clock)
    gate.pause(7)
    gate.pause(2)
    await start_times(gate, 1)
    assert clock.waits == [7]


async def test_a_pause_that_grows_while_somebody_waits_holds_them_longer() -> None:
    """Who has waited for the first end looks again before starting."""
    clock = ManualClock()
    gate = limits(clock=clock)
    gate.pause(2)
    task = asyncio.create_task(start_times(gate, 1))
    await spin(5)
    gate.pause(5)
    clock.advance(2)
    await spin(5)
    assert (task.done(), clock.sleepers) == (False, 1)
    clock.advance(3)
    await task


async def test_without_a_pause_nobody_waits() -> None:
    """No pause, no sleep; a pause that is over leaves nothing behind."""
    clock = FakeClock()
    gate = limits(clock=clock)
    await start_times(gate, 3)
    gate.pause(1)
    clock.now += 1
    await start_times(gate, 3)
    assert clock.waits == []


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0])
def test_starts_are_spread_by_the_rate(rate: float) -> None:
    """In no second do more than 110 % of `rate_limit` start (but always one), and the rate itself is reached."""

    @time_jumps
    async def law() -> None:
        times = await start_times(limits(100, rate), int(rate * 4) + 4)
        allowed = max(rate * 1.1, 1) + 1e-6
        assert all(sum(start <= t < start + 1 for t in times) <= allowed for start in times)
        assert times[-1] <= (len(times) - 1) / rate * 1.05 + 0.1

    law()


@time_jumps
async def test_a_pause_that_comes_while_waiting_for_the_rate_holds_too() -> None:
    """A task that had passed the gate before the 429 came does not start during the pause."""
    clock = ManualClock()
    gate = limits(2, rate=1.0, clock=clock)
    await start_times(gate, 1)
    late = asyncio.create_task(start_times(gate, 1))
    await spin(5)
    gate.pause(100)
    await asyncio.sleep(5)
    assert (late.done(), clock.sleepers) == (False, 1)
    clock.advance(100)
    await late


def test_a_cancelled_wait_takes_nothing() -> None:
    """Cancelled at the slot, the gate, the rate, or under way: the next one starts as if it never was."""

    async def cancel_after(turns: int, *, paused: bool) -> None:
        clock = ManualClock()
        gate = limits(1, rate=2.0, clock=clock)
        await start_times(gate, 1)
        if paused:
            gate.pause(3)
        victims = [asyncio.create_task(start_times(gate, 1)) for _ in range(3)]
        await spin(turns)
        for victim in victims:
            victim.cancel()
        await asyncio.gather(*victims, return_exceptions=True)
        assert (gate.under_way, gate.waiting) == (0, 0)
        clock.advance(3)
        before = asyncio.get_running_loop().time()
        await start_times(gate, 1)
        assert asyncio.get_running_loop().time() - before <= 0.51  # half a second after the first start, no later

    for turns in range(8):
        for paused in (False, True):
            time_jumps(cancel_after)(turns, paused=paused)


@time_jumps
async def test_a_cancelled_task_frees_its_slot_for_the_next_in_line() -> None:
    """Cancelling whoever holds the slot lets the waiting one in, at once."""
    gate = limits(1)
    entered = asyncio.Event()

    async def hold() -> None:
        async with sending(gate):
            entered.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await entered.wait()
    waiter = asyncio.create_task(start_times(gate, 1))
    await spin(3)
    holder.cancel()
    async with asyncio.timeout(1):
        await waiter
    with pytest.raises(asyncio.CancelledError):
        await holder


async def test_who_comes_while_a_slot_changes_hands_waits_behind() -> None:
    """A slot on its way to the next in line is not free; whoever gives up waiting leaves no trace."""
    gate, leave = limits(1), asyncio.Event()

    async def twice() -> None:
        async with sending(gate):
            await spin(5)
        async with sending(gate):  # before the other, who has been let in, has had a chance to run
            raise AssertionError("overtook")

    async def once() -> None:
        async with sending(gate):
            await leave.wait()

    first = asyncio.create_task(twice())
    await spin(2)
    second = asyncio.create_task(once())
    await spin(10)
    assert (gate.under_way, gate.waiting) == (1, 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (gate.under_way, gate.waiting) == (1, 0)
    leave.set()
    await second
    assert gate.under_way == 0
