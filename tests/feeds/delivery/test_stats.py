"""What a feed's statistics say of how it goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from impactive_async.errors import AuthenticationError, ServerError
from tests.feeds.lists import FakeList, Over, StopsAt, feed_of
from tests.feeds.workspace.test_workspace import FakeWorkspace, take


async def test_they_know_the_last_success_and_the_last_error() -> None:
    """Each with its moment; a success leaves what the last error was."""
    listed = FakeList()
    listed.add(1)
    listed.trouble = [ServerError("down", status=503)]
    feed = feed_of(listed, StopsAt(polls=2))
    before = datetime.now(UTC)
    await anext(feed)
    stats = feed.stats
    assert stats.last_error == "ServerError: down"
    assert stats.last_error_at is not None
    assert stats.last_success is not None
    assert before <= stats.last_error_at <= stats.last_success <= datetime.now(UTC)


async def test_an_error_that_is_raised_counts_too() -> None:
    """A dashboard that reads the statistics sees why nothing comes."""
    listed = FakeList()
    listed.trouble = [AuthenticationError("no such key", status=401)]
    feed = feed_of(listed, StopsAt())
    with pytest.raises(AuthenticationError):
        await anext(feed)
    assert feed.stats.last_error == "AuthenticationError: no such key"
    assert feed.stats.last_success is None


async def test_they_count_the_rows_that_are_not_handled_yet() -> None:
    """Those that wait, and the one in hand; none when all is handled."""
    listed, clock = FakeList(), StopsAt()
    listed.add(1, 2, 3)
    feed = feed_of(listed, clock)
    behind = []
    for _ in range(3):
        await anext(feed)
        behind.append(feed.stats.rows_behind)
    assert behind == [3, 2, 1]
    with pytest.raises(Over):
        await anext(feed)
    assert feed.stats.rows_behind == 0


async def test_a_stream_counts_them_over_all_lists() -> None:
    """The pages that wait for the consumer, from whichever list."""
    world = FakeWorkspace()
    world.add("a", "b", rows=(1, 2))
    async with world.watch(ack="manual") as events:
        found = await take(events, 2, world)
        await world.pass_time()
        assert events.stats.rows_behind == 4
        for event in found:
            event.ack()
        assert events.stats.rows_behind == 2
        assert events.stats.last_success is not None
