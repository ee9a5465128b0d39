"""A task that is cancelled ends, whatever redis-py raises or returns instead."""

from __future__ import annotations

import asyncio

import pytest

from impactive_async.errors import HubError
from impactive_async.hub.reaching.cancelling import heeding_cancellation


async def failing() -> None:
    """Turn a cancellation into an error, as a driver may."""
    with heeding_cancellation():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise HubError("no answer") from None


async def test_an_error_does_not_hide_a_cancellation() -> None:
    """What a driver raises in a call that was cancelled is only the cause."""
    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_an_earlier_cancellation_is_not_raised_again() -> None:
    """A task that went on after a cancellation of its own accord may call a hub."""

    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            with heeding_cancellation():
                await asyncio.sleep(0)
        with pytest.raises(HubError, match="refused"), heeding_cancellation():
            raise HubError("refused")
        return "done"

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "done"
