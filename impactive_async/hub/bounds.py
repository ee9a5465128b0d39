"""How long an engine is waited for: a frozen one answers nobody, and closes no connection either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from impactive_async.errors import HubError
from impactive_async.hub.base import OUTCOME_UNKNOWN

T = TypeVar("T")

LAST_WORD: Final = 1.0
"""Seconds that the engine is given though a lease has ended by our clock: it alone can say that it has."""


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Call the engine, and wait no longer than so many seconds, but `LAST_WORD` at the least.

    Raises:
        HubError: The time is over; or the engine has failed by itself.
    """
    patience = max(seconds, LAST_WORD)
    try:
        async with asyncio.timeout(patience):
            return await call()
    except TimeoutError:
        raise HubError(f"The engine gave no answer within {patience:.1f} s. {OUTCOME_UNKNOWN}") from None
