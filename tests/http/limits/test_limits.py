"""How many at once, how fast, and the pause that one 429 means for all."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from impactive_async._http.limits import Limits, PausedError
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
    """During a pause nobody starts, however many ask; at its end the first of them does."""
    clock = ManualClock()
    gate = limits(5, clock=clock)
    gate.pause(7)
    tasks = [asyncio.create_task(start_times(gate, 1)) for _ in range(5)]
    await spin(20)
    clock.advance(6.999)
    await spin(20)
    assert (gate.under_way, gate.waiting) == (0, 5)
    clock.advance(0.001)
    await tasks[0]
    await spin(20)
    assert gate.waiting == 4
    clock.advance(1000)
    await asyncio.gather(*tasks)
    assert gate.waiting == 0


async def test_after_a_pause_the_waiting_do_not_start_at_once() -> None:
    """Those who waited start one by one, in the order in which they came, and none is held up for long."""
    clock = FakeClock()
    gate = limits(16, clock=clock)
    await start_times(gate, 10)
    gate.pause(7)
    order: list[int] = []
    times: list[float] = []

    async def one(number: int) -> None:
        async with sending(gate):
            order.append(number)
            times.append(clock.now - 1007)

    await asyncio.gather(*(one(number) for number in range(10)))
    assert order == list(range(10))
    assert times[:2] == pytest.approx([0, 0.2])  # half of the ten of the second before
    assert all(later - earlier > 0.05 for earlier, later in pairwise(times))
    assert times[-1] < 2


@pytest.mark.parametrize("rate", [10.0, 200.0])
async def test_after_a_pause_a_rate_limit_allows_no_burst(rate: float) -> None:
    """With a `rate_limit`, those who waited start at just that rate."""
    clock = FakeClock()
    gate = limits(100, rate, clock)
    gate.pause(7)
    times: list[float] = []

    async def one() -> None:
        async with sending(gate):
            times.append(clock.now - 1007)

    await asyncio.gather(*(one() for _ in range(40)))
    assert times == pytest.approx([number / rate for number in range(40)])


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


async def test_two_refusals_in_one_turn_of_the_loop_end_a_wait_once() -> None:
    """A wait that has been ended, and whose task has not run since, is left alone by the next refusal."""
    clock = ManualClock()
    gate = limits(clock=clock)
    gate.pause(2)
    waiter = asyncio.ensure_future(gate.turn(patience=5))
    await spin(5)
    gate.pause(100)
    await asyncio.sleep(0)  # the wait has ended, and its task has not been told yet
    gate.pause(200)
    with pytest.raises(PausedError):
        await waiter
    assert gate.waiting == 0


async def test_without_a_pause_nobody_waits() -> None:
    """No pause, no sleep; a pause that is long over leaves nothing behind."""
    clock = FakeClock()
    gate = limits(clock=clock)
    await start_times(gate, 3)
    gate.pause(1)
    clock.now += 12
    await start_times(gate, 3)
    assert clock.waits == []


@pytest.mark.parametrize("rate", [0.5, 5.0, 20.0, 300.0])
async def test_starts_are_spread_by_the_rate(rate: float) -> None:
    """In no second do more than 110 % of `rate_limit` start (but always one), and the rate itself is reached."""
    clock = FakeClock()
    gate = limits(10, rate, clock)
    times: list[float] = []

    async def one() -> None:
        async with sending(gate):
            times.append(clock.now)

    await asyncio.gather(*(one() for _ in range(int(rate * 4) + 4)))
    allowed = max(rate * 1.1, 1) + 1e-6
    assert all(bisect_left(times, start + 1 - 1e-9) - number <= allowed for number, start in enumerate(times))
    assert times[-1] - times[0] <= (len(times) - 1) / rate * 1.001


async def test_the_rate_goes_by_the_clock_that_was_given() -> None:
    """Waiting for the rate is a sleep of the injected clock: a test's clock decides how long it takes."""
    clock = FakeClock()
    await start_times(limits(16, 0.1, clock), 4)
    assert clock.waits == pytest.approx([10, 10, 10])


async def test_turns_are_given_in_the_order_of_asking() -> None:
    """Whoever asks first starts first, whether it is a place or the rate that is waited for."""
    for gate in (limits(2), limits(2, rate=5.0)):
        order: list[int] = []

        async def one(number: int, gate: Limits = gate, order: list[int] = order) -> None:
            async with sending(gate):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(one(number) for number in range(12)))
        assert order == list(range(12))


async def test_a_pause_that_comes_while_waiting_for_the_rate_holds_too() -> None:
    """A task that waits for the rate when the 429 comes does not start during the pause."""
    clock = ManualClock()
    gate = limits(2, rate=1.0, clock=clock)
    await start_times(gate, 1)
    late = asyncio.create_task(start_times(gate, 1))
    await spin(5)
    gate.pause(100)
    clock.advance(5)
    await spin(5)
    assert (late.done(), clock.sleepers) == (False, 1)
    clock.advance(95)
    await late


async def test_a_cancelled_wait_takes_nothing() -> None:
    """Cancelled in the line, at the gate, at the rate, or under way: the next one starts as if it never was."""
    for turns in range(8):
        for paused in (False, True):
            clock = ManualClock()
            gate = limits(1, rate=2.0, clock=clock)
            await start_times(gate, 1)
            if paused:
                gate.pause(0.4)
            victims = [asyncio.create_task(start_times(gate, 1)) for _ in range(3)]
            await spin(turns)
            for victim in victims:
                victim.cancel()
            await asyncio.gather(*victims, return_exceptions=True)
            assert (gate.under_way, gate.waiting) == (0, 0)
            clock.advance(0.5)  # half a second after the first start, and no later
            async with asyncio.timeout(5):
                await start_times(gate, 1)


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
