"""The real clock, which no other test waits for."""

import asyncio

from impactive_async._clock import SystemClock
from tests.support import time_jumps


@time_jumps
async def test_it_sleeps_by_the_loop() -> None:
    """A sleep lasts as long as the loop says."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await SystemClock().sleep(30)
    assert 30 <= loop.time() - start < 30.1


def test_it_never_goes_back() -> None:
    """Differences of its readings are durations."""
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
