"""The virtual clock and its tie to real time."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from impactive_async.sandbox import DEFAULT_NOW, Sandbox, VirtualClock
from impactive_async.sandbox.world.ticker import Ticker
from tests.support import PATIENCE

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_it_stands_still_until_it_is_moved() -> None:
    """Time passes by `advance` alone."""
    async with Sandbox() as sb:
        assert sb.clock.now() == DEFAULT_NOW
        await sb.clock.advance(timedelta(seconds=1), days=1, hours=2, minutes=3, seconds=4)
        assert sb.clock.now() - DEFAULT_NOW == timedelta(days=1, hours=2, minutes=3, seconds=5)


async def test_due_events_run_in_order_at_their_own_time() -> None:
    """Events run by due time, ties by order of scheduling, and see their due time as now; the past is now."""
    clock = VirtualClock(NOON)
    seen: list[tuple[str, datetime]] = []

    def event(name: str) -> None:
        seen.append((name, clock.now()))
        if name == "b":
            clock.schedule(NOON - timedelta(hours=1), lambda: event("past"))
            clock.schedule(NOON + timedelta(seconds=2), lambda: event("child"))

    assert clock.next_due() is None
    for name, seconds in (("c", 2), ("b", 1), ("d", 2), ("far", 100)):
        clock.schedule(NOON + timedelta(seconds=seconds), partial(event, name))
    assert clock.next_due() == NOON + timedelta(seconds=1)
    await clock.advance(seconds=10)
    offsets = [(name, (moment - NOON).total_seconds()) for name, moment in seen]
    assert offsets == [("b", 1), ("past", 1), ("c", 2), ("d", 2), ("child", 2)]
    assert clock.now() == NOON + timedelta(seconds=10)


async def test_it_never_goes_back() -> None:
    """A negative step is an error; a moment that has passed fires what is due and moves nothing."""
    clock = VirtualClock(NOON)
    fired: list[int] = []
    clock.schedule(NOON, lambda: fired.append(1))
    with pytest.raises(ValueError, match="cannot go back"):
        await clock.advance(seconds=-1)
    await clock.advance_to(NOON - timedelta(days=1))
    assert (clock.now(), fired) == (NOON, [1])
    await clock.advance_to(NOON + timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)


async def test_concurrent_advances_add_up() -> None:
    """Two advances at once are one after the other, and a long one lets others run in between."""
    clock = VirtualClock(NOON)
    turns: list[str] = []
    for second in range(1000):
        clock.schedule(NOON + timedelta(seconds=second), lambda: turns.append("event"))

    async def other() -> None:
        while len(turns) < 1000:
            turns.append("other")
            await asyncio.sleep(0)

    await asyncio.gather(clock.advance(hours=1), clock.advance(hours=1), other())
    assert clock.now() == NOON + timedelta(hours=2)
    assert "other" in turns[500:]


def test_a_naive_now_is_refused() -> None:
    """A sandbox cannot start at a moment that names no offset."""
    with pytest.raises(ValueError, match="aware"):
        Sandbox(now=datetime(2026, 1, 1))


async def test_now_is_kept_in_utc() -> None:
    """Whatever offset it is started with, a sandbox tells time in UTC."""
    async with Sandbox(now=datetime.fromisoformat("2026-01-01T00:00:00+05:00")) as sb:
        assert sb.clock.now().isoformat() == "2025-12-31T19:00:00+00:00"


@pytest.mark.parametrize("speed", [0, -1.0])
def test_time_cannot_run_backwards(speed: float) -> None:
    """A speed is above zero."""
    with pytest.raises(ValueError, match="speed"):
        Sandbox(speed=speed)


async def test_with_a_speed_it_follows_real_time() -> None:
    """A ticker moves the clock by real time multiplied, until it is stopped; stopping twice is fine."""
    clock = VirtualClock(NOON)
    fired = asyncio.Event()
    clock.schedule(NOON + timedelta(days=1), fired.set)
    ticker = Ticker(clock, speed=86400 * 100)
    ticker.start()
    async with asyncio.timeout(PATIENCE):
        await fired.wait()
    await ticker.stop()
    await ticker.stop()
    after = clock.now()
    assert after >= NOON + timedelta(days=1)
    assert len(asyncio.all_tasks()) == 1


async def test_a_sandbox_with_a_speed_stops_its_ticker() -> None:
    """Nothing keeps running after a sandbox has stopped."""
    async with Sandbox(speed=1):
        assert "sandbox-clock" in {task.get_name() for task in asyncio.all_tasks()}
    assert "sandbox-clock" not in {task.get_name() for task in asyncio.all_tasks()}
