"""What a feed says of its completeness: up to when, and where not."""

from __future__ import annotations

from datetime import timedelta

from impactive_async import NOW, MemoryCursorStore
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import CAP, RULES, START, FakeList, StopsAt, Store, feed_of, ids
from tests.feeds.workspace.test_workspace import FakeWorkspace, take
from tests.support import client_of


async def test_a_feed_is_complete_up_to_the_last_page_less_the_overlap() -> None:
    """Nothing is known before the first page; then all is handled that was visible in time."""
    listed = FakeList()
    listed.add(1, 2)
    feed = feed_of(listed, StopsAt())
    assert feed.coverage.complete_until is None
    await ids(feed)
    coverage = feed.coverage
    assert coverage.last_page == listed.now
    assert coverage.last_row == START + timedelta(seconds=2)
    assert coverage.overlap == timedelta(microseconds=RULES.overlap)
    assert coverage.complete_until == listed.now - coverage.overlap
    assert coverage.gaps == ()


async def test_an_unhandled_row_holds_completeness_back() -> None:
    """A row that is with the consumer is not complete."""
    listed = FakeList()
    listed.add(10, 20)
    feed = feed_of(listed, StopsAt())
    await anext(feed)
    assert feed.coverage.complete_until == START + timedelta(seconds=10)
    assert await ids(feed) == ["e20"]
    assert feed.coverage.complete_until == listed.now - timedelta(microseconds=RULES.overlap)


async def test_open_gaps_are_named_and_outlive_a_restart() -> None:
    """The gaps of a full page stay in the coverage, also of a feed that continues from the store."""
    listed, store, clock = FakeList(), Store(), StopsAt()
    listed.add(1, 2)
    feed = feed_of(listed, clock, store=store, on_gap="continue")
    await ids(feed)
    listed.add(*range(10, 13 + CAP))
    clock.sleeps_left = 1
    await ids(feed)
    (overflow,) = (gap for gap in feed.coverage.gaps if gap.kind == "overflow")
    again = feed_of(listed, StopsAt(), store=store)
    await ids(again)
    assert overflow in again.coverage.gaps


async def test_a_workspace_tells_the_coverage_of_each_list() -> None:
    """Each list that is followed is there by its name, also one that was not polled yet."""
    world = FakeWorkspace()
    world.add("a", "b", rows=(1,))
    async with world.watch() as events:
        await take(events, 2, world)
        events.ack()
        covered = events.coverage()
    assert {*covered} == {"a", "b"}


async def test_a_list_without_since_has_gaps_and_a_last_row_too() -> None:
    """A marker of more makes a page full; what it may hide is told, and stays in the coverage after a restart."""
    async with Sandbox(populate=False) as sandbox, client_of(sandbox) as crm:
        sandbox.change({"bookings.list": {"cap": 3, "list": {"data": "$rows", "hasMore": "$more"}}})
        feed = crm.bookings.watch()
        cursor = ""
        for count in (2, 7):  # two rows may be deleted: only the marker says that there are others
            for number in range(count):
                await sandbox.clock.advance(seconds=1)
                sandbox.state.add("bookings", {"title": str(number)})
            poll = await feed.poll(cursor)
            cursor = poll.cursor
        assert [gap.kind for gap in poll.gaps] == ["overflow"]
        assert len(poll.rows) == 3
        store = MemoryCursorStore()
        await store.save(feed.name, cursor)
        later = crm.bookings.watch(store=store, since=NOW, interval=0.01)
        sandbox.state.add("bookings", {"title": "the last"})
        row = await anext(later)
        coverage = later.coverage
        await later.aclose()
    assert row.title == "the last"
    assert coverage.gaps == tuple(poll.gaps)
    assert coverage.last_page is not None
    assert coverage.last_row in [one.created_at for one in poll.rows]


async def test_a_poll_by_hand_says_what_its_cursor_covers() -> None:
    """`Poll.coverage` is what a feed says that has handled the same rows."""
    listed = FakeList()
    listed.add(1, 2)
    feed = feed_of(listed, StopsAt())
    await ids(feed)
    assert (await feed_of(listed, StopsAt()).poll()).coverage == feed.coverage
