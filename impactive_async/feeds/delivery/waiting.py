"""Waiting for an event for a limited time, by a clock that may be a test's."""

from __future__ import annotations

import asyncio

from impactive_async._clock import Clock


async def happens_within(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until the event is set, but not for longer than these seconds; return whether it is."""
    if event.is_set() or seconds <= 0:
        return event.is_set()
    waits = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds)))
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in done:
            wait.result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    return event.is_set()
