"""Telling how far it is."""

from __future__ import annotations

import asyncio

from impactive_async.bulk.progress import Progress, ProgressReporter
from tests.support import FakeClock


async def test_rate_and_eta_leave_out_what_an_earlier_run_had_done() -> None:
    """30 of 100 rows in 10 s, 10 of them skipped, are 2 rows a second and 35 s to go."""
    told = list[Progress]()
    clock = FakeClock()
    meter = ProgressReporter(told.append, 100, clock)
    clock.now += 10
    await meter.report(lambda: (30, 3, 10))
    assert told == [Progress(done=30, total=100, failed=3, rate=2.0, eta=35.0)]


async def test_what_cannot_be_told_is_not() -> None:
    """No length, no end in sight; no time passed, no rate."""
    told = list[Progress]()
    meter = ProgressReporter(told.append, None, FakeClock())
    await meter.report(lambda: (30, 0, 0))
    assert told == [Progress(done=30, total=None, failed=0, rate=0.0, eta=None)]


async def test_an_async_callback_is_awaited_before_it_is_called_again() -> None:
    """Two reports at once do not overlap, and the later one tells of what was done meanwhile."""
    told, done, inside = list[int](), 0, 0

    async def tell(progress: Progress) -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        told.append(progress.done)
        inside -= 1

    meter = ProgressReporter(tell, None, FakeClock())

    async def work() -> None:
        nonlocal done
        done += 1
        await meter.report(lambda: (done, 0, 0))

    await asyncio.gather(*(work() for _ in range(4)))
    assert told == sorted(told)
    assert told[-1] == 4


async def test_nobody_listening_costs_nothing() -> None:
    """Without a callback the counts are not even taken."""

    def count() -> tuple[int, int, int]:
        raise AssertionError

    await ProgressReporter(None, None, FakeClock()).report(count)
