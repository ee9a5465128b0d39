"""How long an engine is waited for: a frozen one answers nobody, and closes no connection either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from impactive_async.errors import HubError
from impactive_async.hub.base import OUTCOME_UNKNOWN

T = TypeVar("T")


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Call the engine, and wait no longer than so many seconds; without time left it is not called.

    Raises:
        HubError: The time is over; or the engine says so itself.
    """
    if seconds <= 0:
        raise HubError("No time was left to ask the engine: the lease has ended.")
    try:
        async with asyncio.timeout(seconds):
            return await call()
    except TimeoutError:
        raise HubError(f"The engine gave no answer within {seconds:.1f} s. {OUTCOME_UNKNOWN}") from None
