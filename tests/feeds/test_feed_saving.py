"""When a feed saves its cursor, and what a crash then costs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from impactive_async import NOW, CursorError, FeedGapError
from impactive_async._http.caller import Answer
from impactive_async.errors import APIConnectionError, DecodeError
from impactive_async.feeds.delivery.checkpointer import SAVE_EVERY, SLOW_ROW
from impactive_async.feeds.delivery.last_page import UNCHANGED
from tests.feeds.lists import CAP, START, FakeList, Sibling, StopsAt, Store, feed_of, ids, row
from tests.support import spin


async def handled(feed: Any, clock: StopsAt, *seconds: float) -> list[str]:
    """Take so many rows, each of which keeps the consumer so long; the last stays in hand."""
    found = []
    for each in seconds:
        found.append((await anext(feed)).id)
        clock.now += each
    return found


def many(count: int = CAP) -> FakeList:
    listed = FakeList()
    listed.add(*range(1, count + 1))
    return listed


async def test_a_page_that_is_handled_is_saved() -> None:
    """The cursor is saved once when the last row of a page is handled, and not when nothing has happened."""
    listed, store = many(), Store()
    await ids(feed_of(listed, StopsAt(polls=5), store=store))
    assert len(store.saves) <= 2  # the page, and the floor that follows the next poll
    assert await ids(feed_of(listed, StopsAt(), store=store)) == []


async def test_quick_rows_are_saved_once_a_second() -> None:
    """While rows take less than `SLOW_ROW`, saving waits until `SAVE_EVERY` seconds of handling have passed."""
    step = SLOW_ROW * 0.9
    listed, clock, store = many(), StopsAt(), Store()
    feed = feed_of(listed, clock, store=store)
    await handled(feed, clock, step, step, step)
    assert store.saves == []
    clock.now += SAVE_EVERY
    await anext(feed)
    assert len(store.saves) == 1
    await handled(feed, clock, step)
    assert len(store.saves) == 1


async def test_a_slow_row_is_saved_at_once() -> None:
    """A row that took `SLOW_ROW` or longer is not handled again after a crash."""
    listed, clock, store = many(), StopsAt(), Store()
    await handled(feed_of(listed, clock, store=store), clock, 2 * SLOW_ROW, 0)
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2", "e3", "e4", "e5"]


async def test_a_consumer_that_takes_an_hour_per_row() -> None:
    """However slow the consumer, each row is saved, nothing is polled meanwhile, and a poll is due then."""
    listed, clock, store = many(3), StopsAt(), Store()
    feed = feed_of(listed, clock, store=store)
    assert await handled(feed, clock, 3600, 3600, 3600) == ["e1", "e2", "e3"]
    assert len(store.saves) == 2
    assert len(listed.asked) == 1
    listed.add(50)
    assert (await anext(feed)).id == "e50"
    assert clock.waits == []


async def test_only_handled_rows_are_saved() -> None:
    """At whatever row a consumer dies, the next one gets every row not handled, in order."""
    for died_at in range(1, CAP + 1):
        listed, clock, store = many(), StopsAt(), Store()
        taken = await handled(feed_of(listed, clock, store=store), clock, *[2 * SLOW_ROW] * died_at)
        again = await ids(feed_of(listed, StopsAt(), store=store))
        assert [*taken[:-1], *again] == [f"e{number}" for number in range(1, CAP + 1)]


async def test_aclose_saves_what_the_second_left() -> None:
    """Leaving the `async with` saves rows handled since the last saving."""
    listed, clock, store = many(), StopsAt(), Store()
    async with feed_of(listed, clock, store=store) as feed:
        await handled(feed, clock, 0, 0)
        assert store.saves == []
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2", "e3", "e4", "e5"]


async def test_aclose_waits_for_a_saving_that_is_under_way() -> None:
    """Once a feed is closed, all that was handled is kept, so that its store may be closed as well."""
    store, clock = Store(), StopsAt()
    feed = feed_of(many(2), clock, store=store)
    await handled(feed, clock, 0, 0)
    store.turns = 20
    waiting = asyncio.ensure_future(anext(feed))
    await spin(5)
    assert store.saves == []
    await feed.aclose()
    assert ['"e2"' in cursor for cursor in store.saves] == [True]
    await asyncio.gather(waiting, return_exceptions=True)
    assert len(store.saves) == 1


async def test_a_store_that_fails_costs_no_row() -> None:
    """What a store raises reaches the consumer; iterating again saves again, and delivers the next row."""
    listed, clock, store = many(), StopsAt(), Store()
    feed = feed_of(listed, clock, store=store)
    await handled(feed, clock, 2 * SLOW_ROW)
    store.trouble = [CursorError("disk full"), CursorError("disk full")]
    for _ in range(2):
        with pytest.raises(CursorError, match="disk full"):
            await anext(feed)
    assert (await anext(feed)).id == "e2"
    assert len(store.saves) == 1


async def test_two_feeds_on_one_store_do_not_disturb_each_other() -> None:
    """Feeds under keys of their own each get every row, and each goes on where it was."""
    listed, store = many(3), Store()
    for key in ("a", "b"):
        assert len(await ids(feed_of(listed, StopsAt(), store=store, key=key))) == 3
    listed.add(50)
    for key in ("a", "b"):
        assert await ids(feed_of(listed, StopsAt(), store=store, key=key)) == ["e50"]


async def test_two_feeds_under_one_key_may_repeat_but_not_lose() -> None:
    """Under one key the later save wins: whatever was saved last, no row that nobody handled is skipped."""
    listed, store = many(4), Store()
    slow_clock, store.turns = StopsAt(), 0
    slow = feed_of(listed, slow_clock, store=store)
    await handled(slow, slow_clock, 0)
    assert len(await ids(feed_of(listed, StopsAt(), store=store))) == 4
    await slow.aclose()
    assert await ids(feed_of(listed, StopsAt(), store=store)) in ([], ["e1", "e2", "e3", "e4"])


# -- what must not be saved before it is told ------------------------------------------------------------------


def overflow(listed: FakeList) -> None:
    listed.add(*range(10, 10 + 2 * CAP))


def bad_row(listed: FakeList) -> None:
    listed.rows += [row(10), {"id": "bad"}]


@pytest.mark.parametrize("trouble", [overflow, bad_row])
async def test_trouble_that_was_not_told_is_found_again(trouble: Callable[[FakeList], None]) -> None:
    """A crash between finding a gap or bad row and telling of it leaves no trace of having told."""
    listed, store = many(2), Store()
    await ids(feed_of(listed, StopsAt(), store=store))
    trouble(listed)
    for _ in range(3):
        feed = feed_of(listed, StopsAt(), store=store)
        with pytest.raises((FeedGapError, DecodeError)):
            await anext(feed)
        await feed.aclose()  # the consumer has not gone on behind it, so it counts as not told


@pytest.mark.parametrize("trouble", [overflow, bad_row])
async def test_a_cursor_taken_before_trouble_was_told_finds_it_again(trouble: Callable[[FakeList], None]) -> None:
    """A cursor that is kept by hand speaks, like a saved one, only of what was delivered."""
    listed, clock = many(2), StopsAt()
    feed = feed_of(listed, clock)
    await ids(feed)
    trouble(listed)
    clock.sleeps_left = 1
    with pytest.raises((FeedGapError, DecodeError)):
        await anext(feed)
    kept = await feed_of(listed, StopsAt()).poll(feed.cursor)
    assert kept.gaps or kept.bad
    for _ in range(3):  # a burst makes two gaps
        with contextlib.suppress(FeedGapError):
            await ids(feed)
    kept = await feed_of(listed, StopsAt()).poll(feed.cursor)
    assert (kept.gaps, kept.bad, kept.rows) == ([], [], [])


class Recognised(FakeList):
    """A list whose answer has a tag, and is recognised when it comes again."""

    shown: Any = None

    async def page(self, since: str | None) -> Answer[Any]:
        """Return the page, or that it is the one before."""
        answer = await super().page(since)
        again, self.shown = answer.value == self.shown, answer.value
        return Answer(UNCHANGED if again else answer.value, 1, answer.date, etag="1")


async def test_a_cursor_taken_before_a_gap_of_an_unchanged_page_was_told_finds_it_again() -> None:
    """So it is if the page is the one before, and the gap is that the server's clock went back."""
    listed, clock = Recognised(now=START + timedelta(hours=2)), StopsAt(1)
    listed.add(7100)
    feed = feed_of(listed, clock, since=NOW)
    await ids(feed)
    listed.add(7199)
    clock.sleeps_left = 3
    assert await ids(feed) == ["e7199"]
    listed.now -= timedelta(hours=1)
    clock.sleeps_left = 1
    with pytest.raises(FeedGapError):
        await anext(feed)
    listed.shown = None
    kept = await feed_of(listed, StopsAt(), since=NOW).poll(feed.cursor)
    assert (len(kept.gaps), kept.rows) == (1, [])


@pytest.mark.parametrize("trouble", [overflow, bad_row])
async def test_trouble_that_was_told_is_not_told_again(trouble: Callable[[FakeList], None]) -> None:
    """Once a consumer has gone on behind a gap or bad row, a restart does not bring it back."""
    listed, store = many(2), Store()
    await ids(feed_of(listed, StopsAt(), store=store))
    trouble(listed)
    feed, told = feed_of(listed, StopsAt(), store=store), 0
    for _ in range(3):
        try:
            await ids(feed)
        except (FeedGapError, DecodeError):
            told += 1
            feed.ack()
    assert told
    assert await ids(feed_of(listed, StopsAt(), store=store)) == []


async def test_recovered_rows_are_saved_only_all_together() -> None:
    """A crash amid recovered rows brings all of them again: nothing but the recovery reaches them."""
    listed, store = many(2), Store()
    await ids(feed_of(listed, StopsAt(), store=store))
    listed.add(*range(10, 13 + CAP))  # as many as a cursor of that cap remembers
    hidden = [row(number) for number in range(10, 13)]
    clock = StopsAt()
    crashed = feed_of(listed, clock, store=store, recover=Sibling(*hidden))
    before = len(store.saves)
    assert await handled(crashed, clock, 5, 5, 5) == ["e10", "e11", "e12"]
    await crashed.aclose()
    assert len(store.saves) == before
    again = await ids(feed_of(listed, StopsAt(), store=store, recover=Sibling(*hidden)))
    assert again == [f"e{number}" for number in range(10, 13 + CAP)]
    assert await ids(feed_of(listed, StopsAt(), store=store, recover=Sibling(*hidden))) == []


async def test_polls_that_fail_save_nothing() -> None:
    """A failed poll leaves store and cursor as they were."""
    listed, store = many(1), Store()
    feed = feed_of(listed, StopsAt(polls=4), store=store)
    listed.trouble = [APIConnectionError("down")] * 3
    before = feed.cursor
    assert (await anext(feed)).id == "e1"
    assert (store.saves, feed.stats.errors) == ([], 3)
    assert feed.cursor != before
