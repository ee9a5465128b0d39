"""A feed as its consumer sees it: where it starts, what it hands out, when a row counts as handled."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from impactive_async import NOW, BadRow, FeedGapError, FileCursorStore, MemoryCursorStore, SqliteCursorStore
from impactive_async.errors import CursorError, DecodeError, ServerError
from impactive_async.feeds.cursor.server_clock import OwnClocks
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.feed import Feed
from impactive_async.models import Gap
from tests.feeds.lists import CAP, NAME, RULES, START, FakeList, StopsAt, Store, feed_of, ids, row, source_of
from tests.support import FakeClock, ManualClock, spin


async def test_all_that_is_shown_comes_oldest_first_and_once() -> None:
    """Without `since`, what the list shows is delivered in order, and no poll brings it again."""
    listed = FakeList()
    listed.add(3, 1, 2)
    assert await ids(feed_of(listed, StopsAt(polls=4))) == ["e1", "e2", "e3"]
    assert len(listed.asked) == 4


async def test_new_rows_come_as_they_appear() -> None:
    """A row that appears between two polls is delivered by the second."""
    listed, clock = FakeList(), StopsAt(polls=2)
    listed.add(1)
    feed = feed_of(listed, clock)
    first = await anext(feed)
    listed.add(2)
    assert [first.id, *await ids(feed)] == ["e1", "e2"]


async def test_now_delivers_only_what_comes_after() -> None:
    """From `NOW`, what the first page shows is known; what a later one adds is new."""
    listed, clock = FakeList(), StopsAt(polls=1)
    listed.add(1, 2)
    feed = feed_of(listed, clock, since=NOW)
    assert await ids(feed) == []
    listed.add(3)
    clock.sleeps_left = 1
    assert await ids(feed) == ["e3"]


async def test_now_is_when_the_first_page_was_first_asked_for() -> None:
    """From `NOW`, what appears while the first polls fail is new; only what was there before is known."""
    listed, steady = FakeList(), iter(range(0, 10_000, 30))
    listed.add(1, 90)
    listed.trouble = [ServerError("down", status=503)] * 2

    def a_minute_later() -> None:
        if listed.trouble:
            listed.now += timedelta(minutes=1)
            listed.add(130 + len(listed.trouble))

    listed.on_request = a_minute_later
    source = attrs.evolve(source_of(listed, StopsAt(polls=4)), own=OwnClocks(steady=lambda: next(steady)))
    assert await ids(Feed(source, FeedOptions(since=NOW))) == ["e131", "e132"]


async def test_now_is_saved_before_anything_else() -> None:
    """A feed from `NOW` that dies before its first row starts again where it was, not at a later now."""
    listed, store = FakeList(), Store()
    listed.add(1)
    await ids(feed_of(listed, StopsAt(), since=NOW, store=store))
    listed.add(2)
    assert await ids(feed_of(listed, StopsAt(), since=NOW, store=store)) == ["e2"]


async def test_a_moment_leaves_out_what_is_older() -> None:
    """From a moment, rows stamped before it are none of the feed's; its own tick is."""
    listed = FakeList()
    listed.add(1, 2, 3)
    assert await ids(feed_of(listed, StopsAt(polls=2), since=START + timedelta(seconds=2))) == ["e2", "e3"]


async def test_the_store_goes_before_since() -> None:
    """A feed that has a cursor in its store goes on from there, wherever its `since` points."""
    listed, store = FakeList(), Store()
    listed.add(1)
    await ids(feed_of(listed, StopsAt(), store=store))
    listed.add(2)
    assert await ids(feed_of(listed, StopsAt(), store=store, since=NOW)) == ["e2"]


async def test_breaking_off_and_going_on() -> None:
    """After a `break` the same feed goes on behind the row that was in hand."""
    listed = FakeList()
    listed.add(1, 2, 3)
    feed = feed_of(listed, StopsAt())
    async for one in feed:
        if one.id == "e2":
            break
    assert await ids(feed) == ["e3"]


async def test_a_row_in_hand_comes_again_after_a_restart_unless_acked() -> None:
    """What was not followed by another `anext` is not handled; `ack` says that it is."""
    listed, store = FakeList(), Store()
    listed.add(1, 2)
    async with feed_of(listed, StopsAt(), store=store) as feed:
        await anext(feed)
    async with feed_of(listed, StopsAt(), store=store) as feed:
        assert (await anext(feed)).id == "e1"
        feed.ack()
        feed.ack()
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


async def test_ack_before_the_first_row_does_nothing() -> None:
    """There is nothing in hand before anything was asked for."""
    listed = FakeList()
    listed.add(1)
    feed = feed_of(listed, StopsAt())
    feed.ack()
    assert await ids(feed) == ["e1"]


async def test_an_exception_in_the_consumer_leaves_its_row_unhandled() -> None:
    """A consumer that fails on a row gets that row again from the next feed on the same store."""
    listed, store = FakeList(), Store()
    listed.add(1, 2)

    async def fail_on_the_second() -> None:
        async with feed_of(listed, StopsAt(), store=store) as feed:
            async for one in feed:
                if one.id == "e2":
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_on_the_second()
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


async def test_one_consumer_at_a_time() -> None:
    """A second consumer is an error; the first is not disturbed."""
    listed, clock = FakeList(), ManualClock()
    feed = feed_of(listed, clock)
    first = asyncio.ensure_future(anext(feed))
    await spin(10)
    with pytest.raises(RuntimeError, match="has a consumer already"):
        await anext(feed)
    listed.add(1)
    clock.advance(400)
    assert (await first).id == "e1"


async def test_a_closed_feed_has_no_more_rows() -> None:
    """After `aclose`, which may be called twice, iteration ends; an unused feed asks for nothing."""
    listed, store = FakeList(), Store()
    listed.add(1)
    feed = feed_of(listed, StopsAt(), store=store)
    await feed.aclose()
    await feed.aclose()
    assert [one async for one in feed] == []
    assert listed.asked == []


async def test_a_closed_feed_is_not_opened_again() -> None:
    """It has no rows: a worker that opens one feed in a loop would go round and round, and deliver nothing."""
    listed, store = FakeList(), Store()
    listed.add(1, 2)
    feed = feed_of(listed, StopsAt(), store=store)
    async with feed:
        assert (await anext(feed)).id == "e1"
        feed.ack()
    with pytest.raises(RuntimeError, match="was closed before: make a new one"):
        async with feed:
            pass
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


async def test_aclose_ends_a_consumer_that_waits_in_another_task() -> None:
    """A loop that waits for the next poll, or for an answer, ends when another task closes the feed."""
    for listed in (FakeList(), FakeList(turns=100_000)):
        feed = feed_of(listed, ManualClock())
        consumer = asyncio.ensure_future(ids(feed))
        await spin(50)
        await feed.aclose()
        assert await consumer == []


class FailingClock(ManualClock):
    """A clock whose sleeps fail."""

    async def sleep(self, seconds: float) -> None:
        """Raise what a scope of its own might."""
        raise TimeoutError("the clock's own")


async def test_a_timeout_of_the_clock_is_not_taken_for_the_end_of_the_feed() -> None:
    """What the clock raises while a feed waits is raised, also if it looks like the end of a wait."""
    with pytest.raises(TimeoutError, match="the clock's own"):
        await anext(feed_of(FakeList(), FailingClock()))


async def test_aclose_meanwhile_saves_the_row_that_is_then_finished() -> None:
    """A consumer told to stop while it works finishes its row, and that is saved."""
    listed, store = FakeList(), Store()
    listed.add(1, 2)
    feed, found = feed_of(listed, StopsAt(), store=store), []
    async for one in feed:
        found.append(one.id)
        await feed.aclose()
    assert found == ["e1"]
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


async def test_a_cancelled_close_is_still_a_cancellation() -> None:
    """Cancelling a consumer is never mistaken for the end of its feed, even when both happen at once."""
    feed = feed_of(FakeList(), ManualClock())
    consumer = asyncio.ensure_future(ids(feed))
    await spin(50)
    consumer.cancel()
    await feed.aclose()
    with pytest.raises(asyncio.CancelledError):
        await consumer


# -- gaps ------------------------------------------------------------------------------------------------------


async def overflowing(**options: Any) -> tuple[FakeList, StopsAt, Any]:
    """A feed that has handled two rows, and whose list has got more new ones since than a page shows."""
    listed, clock = FakeList(), StopsAt()
    listed.add(1, 2)
    feed = feed_of(listed, clock, **options)
    assert await ids(feed) == ["e1", "e2"]
    listed.add(*range(10, 10 + 2 * CAP))
    clock.sleeps_left = 1
    return listed, clock, feed


NEWEST = [f"e{number}" for number in range(10 + CAP, 10 + 2 * CAP)]


async def test_a_gap_is_raised_before_the_rows_behind_it() -> None:
    """A gap is an exception that names its bounds; iterating again goes on behind it."""
    _, _, feed = await overflowing()
    gaps = []
    for _ in range(2):  # what late rows may hide in, and what overflowed
        with pytest.raises(FeedGapError) as caught:
            await anext(feed)
        gaps.append(caught.value.gap)
    assert [gap.kind for gap in gaps] == ["lookback", "overflow"]
    assert gaps[1].feed == NAME
    assert gaps[1].after == START + timedelta(seconds=2)
    assert await ids(feed) == NEWEST
    assert feed.stats.gaps == 2


async def test_a_gap_may_be_let_pass(caplog: pytest.LogCaptureFixture) -> None:
    """With `on_gap="continue"` a gap is logged and counted, and no exception."""
    _, _, feed = await overflowing(on_gap="continue")
    assert await ids(feed) == NEWEST
    assert "gap of kind overflow" in caplog.text
    assert feed.stats.gaps == 2


async def test_a_gap_may_be_handed_to_a_callable() -> None:
    """`on_gap` may be a function or a coroutine function; one that fails is called again with the same gap."""
    told: list[Gap] = []

    async def tell(gap: Gap) -> None:
        await asyncio.sleep(0)
        told.append(gap)
        if len(told) == 1:
            raise ZeroDivisionError

    _, _, feed = await overflowing(on_gap=tell)
    with pytest.raises(ZeroDivisionError):
        await anext(feed)
    assert await ids(feed) == NEWEST
    assert [gap.kind for gap in told] == ["lookback", "lookback", "overflow"]
    assert feed.stats.gaps == 2

    told.clear()
    _, _, feed = await overflowing(on_gap=told.append)
    assert await ids(feed) == NEWEST
    assert len(told) == 2


async def test_hidden_history_is_told_but_never_raised() -> None:
    """A full first page is reported to whoever asks for gaps, and is no error."""
    listed = FakeList()
    told: list[Gap] = []
    listed.add(*range(CAP + 2))
    assert len(await ids(feed_of(listed, StopsAt()))) == CAP
    await ids(feed_of(listed, StopsAt(), on_gap=told.append))
    assert [gap.kind for gap in told] == ["history"]


# -- rows that cannot be read ----------------------------------------------------------------------------------

BAD = {
    "no id": {"contactId": "c1", "emailDate": "2026-05-01T09:00:05.000Z"},
    "no timestamp": {"id": "b", "contactId": "c1"},
    "an unreadable timestamp": {"id": "b", "contactId": "c1", "emailDate": "yesterday"},
    "no object": "a row",
    "a field of the wrong type": row(5, subject=7),
    "a missing field": {"id": "b", "emailDate": "2026-05-01T09:00:05.000Z"},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_bad_row_is_raised_once_and_the_feed_goes_on(bad: Any) -> None:
    """A row that cannot be delivered is a `DecodeError`; all others are delivered, and it is not told twice."""
    listed, clock = FakeList(), StopsAt(polls=3)
    listed.add(1, 9)
    listed.rows.append(bad)
    feed = feed_of(listed, clock)
    found: list[str] = []
    errors: list[DecodeError] = []
    while len(found) + len(errors) < 3:
        try:
            found.append((await anext(feed)).id)
        except DecodeError as error:
            errors.append(error)
    assert found == ["e1", "e9"]
    assert NAME in str(errors[0])
    assert await ids(feed) == []
    assert feed.stats.bad_rows == 1


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_bad_row_may_be_handed_to_a_callable(bad: Any) -> None:
    """`on_bad_row` gets the row as it came, and what is wrong with it; nothing is raised."""
    listed, told = FakeList(), []

    async def tell(one: BadRow) -> None:
        await asyncio.sleep(0)
        told.append(one)

    listed.add(1, 9)
    listed.rows.append(bad)
    assert await ids(feed_of(listed, StopsAt(polls=3), on_bad_row=tell)) == ["e1", "e9"]
    assert [one.row for one in told] == [bad]
    assert told[0].reason


async def test_a_row_of_the_year_9999_is_delivered_and_moves_nothing() -> None:
    """A date far in the future is handed out, and rows of the present still come."""
    listed, clock = FakeList(), StopsAt()
    listed.rows.append(row(0, id="far") | {"emailDate": "9999-12-31T23:59:59.999Z"})
    feed = feed_of(listed, clock)
    assert await ids(feed) == ["far"]
    listed.add(1, 2)
    clock.sleeps_left = 3
    assert await ids(feed) == ["e1", "e2"]


async def test_a_server_that_ignores_since_repeats_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Rows older than what was asked for are not delivered again, and the log says why."""
    listed, clock = FakeList(), StopsAt()
    listed.add(1)
    feed = feed_of(listed, clock, since=START + timedelta(seconds=1))
    assert await ids(feed) == ["e1"]
    listed.heeds_since = False
    listed.add(-50)
    clock.sleeps_left = 1
    assert await ids(feed) == []
    assert "ignores `since`" in caplog.text


# -- what can never be right -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": datetime(2026, 5, 1)},
        {"since": 7},
        {"interval": 0},
        {"interval": float("nan")},
        {"max_interval": 10.0},
        {"max_interval": float("inf")},
        {"on_gap": "ignore"},
        {"on_bad_row": "continue"},
        {"store": "cursors.db"},
        {"store": {}},
        {"store": MemoryCursorStore},
    ],
    ids=str,
)
async def test_arguments_that_can_never_be_right(wrong: dict[str, Any]) -> None:
    """A wrong option is a `ValueError` when the feed is made, before any request."""
    with pytest.raises(ValueError):
        feed_of(FakeList(), FakeClock(), **wrong)


async def test_a_damaged_cursor_names_its_place_and_the_way_out() -> None:
    """A stored cursor that cannot be used is an error that says where it is, never a start from zero."""
    listed = FakeList()
    listed.add(1)
    for damaged in ("", "{", '{"v":1}'):
        feed = feed_of(listed, StopsAt(), store=Store(mine=damaged), key="mine")
        with pytest.raises(CursorError, match=r"Store\('somewhere'\), key 'mine'.*delete it"):
            await anext(feed)
    assert listed.asked == []


@pytest.mark.parametrize("make", [FileCursorStore, SqliteCursorStore])
async def test_a_damaged_cursor_names_its_file(make: Any, tmp_path: Path) -> None:
    """With a store on the disk, the error names the path."""
    store = make(tmp_path / "cursors")
    await store.save(NAME, "{}")
    with pytest.raises(CursorError, match=re.escape(str(tmp_path / "cursors"))):
        await anext(feed_of(FakeList(), StopsAt(), store=store))
    assert repr(MemoryCursorStore()) == "MemoryCursorStore()"


async def test_a_cursor_of_another_feed_is_refused() -> None:
    """Two feeds under one key are noticed rather than mixed."""
    listed, store = FakeList(), Store()
    listed.add(1)
    await ids(feed_of(listed, StopsAt(), store=store, key="shared"))
    other = feed_of(listed, StopsAt(), store=store, key="shared", rules=None)
    with pytest.raises(CursorError, match="another feed"):
        await anext(other)


async def test_what_a_feed_says_about_itself() -> None:
    """Name, counts and cursor are there to look at; the cursor speaks of handled rows only."""
    listed = FakeList()
    listed.add(1)
    feed = feed_of(listed, StopsAt())
    start = feed.cursor
    await anext(feed)
    assert feed.name == NAME
    assert repr(feed) == f"<Feed {NAME} (1 rows, 1 polls)>"
    assert (await feed_of(listed, StopsAt()).poll(feed.cursor)).rows
    assert (await feed_of(listed, StopsAt()).poll(start)).rows
    feed.ack()
    assert not (await feed_of(listed, StopsAt()).poll(feed.cursor)).rows


@pytest.mark.parametrize("overlap", [-1.0, float("inf"), float("nan")])
async def test_an_overlap_out_of_range(overlap: float) -> None:
    """An overlap is a length of time, for lists with and without `since`."""
    for rules in (RULES, None):
        with pytest.raises(ValueError, match="overlap"):
            source_of(FakeList(), FakeClock(), rules=rules).with_overlap(overlap)
