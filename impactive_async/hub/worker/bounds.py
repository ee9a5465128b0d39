"""A bound for each call to an engine: a frozen one does not answer, and does not close the connection either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from impactive_async.errors import HubError
from impactive_async.hub.reaching.refusals import OUTCOME_UNKNOWN

T = TypeVar("T")

SHORTEST: Final = 1.0
"""Seconds that a call has at least. The lease may have ended by our clock, but only the engine's clock decides."""


async def within(seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Call the engine, and wait `seconds` for it, or `SHORTEST` if that is more.

    Raises:
        HubError: The engine failed, or gave no answer in this time.
    """
    bound = max(seconds, SHORTEST)
    try:
        async with asyncio.timeout(bound):
            return await call()
    except TimeoutError:
        raise HubError(f"The engine gave no answer within {bound:.1f} s. {OUTCOME_UNKNOWN}") from None
