"""Feeds whose client is closed before they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from impactive_async import NOW, AsyncClient, ConfigurationError
from impactive_async.sandbox import Sandbox
from tests.support import until

FEEDS: dict[str, Callable[[AsyncClient], Any]] = {
    "a list": lambda crm: crm.zapier.deals.watch(since=NOW),
    "bookings": lambda crm: crm.bookings.watch(since=NOW),
    "the workspace": lambda crm: crm.watch(["deals", "replies"], since=NOW),
}


async def followed(feed: Any) -> None:
    async with feed as rows:
        async for _ in rows:
            pass


async def batched(feed: Any) -> None:
    async with feed as rows:
        async for _ in rows.batches():
            pass


@pytest.mark.parametrize("follow", [followed, batched])
@pytest.mark.parametrize("make", FEEDS.values(), ids=FEEDS)
async def test_the_closing_of_a_client_is_told_to_feeds_that_wait(
    sandbox: Sandbox, make: Callable[[AsyncClient], Any], follow: Callable[[Any], Any]
) -> None:
    """At once, and not at their next poll, which may be five minutes away or an hour."""
    async with AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        task = asyncio.create_task(follow(make(crm)))
        await until(lambda: bool(sandbox.requests) and not crm.stats().in_flight)
        await asyncio.sleep(0.05)
    with pytest.raises(ConfigurationError, match=r"was closed while a feed .* Close a feed, or end the task"):
        await asyncio.wait_for(task, timeout=5)


async def test_a_feed_of_a_closed_client_keeps_its_pace(sandbox: Sandbox) -> None:
    """A loop around its errors waits for the next poll as before: it is not told again and again."""
    crm = AsyncClient(sandbox.api_key, base_url=sandbox.url)
    feed = crm.zapier.deals.watch(since=NOW)
    await crm.aclose()
    with pytest.raises(ConfigurationError, match="This client is closed"):
        await anext(feed)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(feed), timeout=0.1)
