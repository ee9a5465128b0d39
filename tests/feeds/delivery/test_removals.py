"""`removals=True`: rows that a list shows no more are delivered as `Removed`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from impactive_async import AsyncClient, Booking, MemoryCursorStore, Removed, Sequence
from impactive_async.feeds.feed import Feed
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import FakeList, StopsAt, feed_of

MINUTE = timedelta(minutes=1)


def booked(sandbox: Sandbox, count: int) -> list[str]:
    """So many bookings more; their ids."""
    return [sandbox.state.add("bookings", {"title": str(number)}).id for number in range(count)]


async def polled(feed: Feed[Any], cursor: str | None, times: int = 1) -> tuple[list[Removed], str]:
    """What so many polls told removed, and the cursor after them."""
    found: list[Removed] = []
    for _ in range(times):
        poll = await feed.poll(cursor)
        found, cursor = [*found, *poll.removed], poll.cursor
    assert cursor is not None
    return found, cursor


@pytest.mark.contract("its time is the server's", "no-date")
async def test_a_booking_that_is_deleted(crm: AsyncClient, sandbox: Sandbox) -> None:
    """It is told once, by the second poll without it."""
    first, *others = booked(sandbox, 4)
    feed = crm.bookings.watch(removals=True)
    _, cursor = await polled(feed, None)
    shown = sandbox.clock.now()
    await sandbox.clock.advance(seconds=60)
    sandbox.state.remove("bookings", first)
    found, cursor = await polled(feed, cursor)
    assert found == []
    (removed,), cursor = await polled(feed, cursor)
    assert removed.id == first
    assert removed.last_seen is not None
    assert abs(removed.last_seen - shown) < MINUTE
    assert (await polled(feed, cursor, 3))[0] == []
    assert [row.id for row in sandbox.state.rows("bookings")] == others


def without(document: Any, name: str) -> Any:
    """A document without the rows of that name."""
    if isinstance(document, list):
        return [without(one, name) for one in document if not isinstance(one, dict) or one.get("name") != name]
    return {key: without(one, name) for key, one in document.items()} if isinstance(document, dict) else document


@pytest.mark.contract("a list that says it has more proves nothing", "small-pages")
async def test_a_sequence_that_is_gone(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Sequences are followed by their content; counts, which each mail changes, may be left out."""
    ids = [sandbox.state.create_sequence(name, [0]).id for name in ("One", "Two", "Three", "Four")]
    feed = crm.sequences.watch(ignore=["enrollment_counts"], removals=True)
    poll = await feed.poll()
    assert {row.id for row in poll.rows if isinstance(row, Sequence)} == {*ids}
    sandbox.state.enroll(ids[1], [sandbox.state.create_contact("Ada", "Byron").id])
    await crm.sequences.update(ids[0], name="First")
    raw = await crm.request("GET", "/api/agent/sequences")
    sandbox.fail("GET /api/agent/sequences", status=200, body=json.dumps(without(raw, "Three")).encode(), times=2)
    poll = await feed.poll(poll.cursor)
    assert ([row.id for row in poll.rows], poll.removed) == ([ids[0]], [])
    poll = await feed.poll(poll.cursor)
    assert ([row.id for row in poll.rows], [gone.id for gone in poll.removed]) == ([], [ids[2]])


async def test_a_row_that_comes_back_is_new() -> None:
    """Though it is as it was, and would not be new had it only been left out of a page."""
    listed = FakeList()
    listed.add(1, 2, 3)
    feed = feed_of(listed, StopsAt(), rules=None, removals=True)
    _, cursor = await polled(feed, None)
    back = listed.rows.pop(0)
    (removed,), cursor = await polled(feed, cursor, 2)
    listed.rows.append(back)
    poll = await feed.poll(cursor)
    assert (removed.id, [row.id for row in poll.rows]) == ("e1", ["e1"])


async def test_it_is_off_by_default(crm: AsyncClient, sandbox: Sandbox) -> None:
    """And what was remembered for it is forgotten, where it is turned off."""
    first, *_ = booked(sandbox, 4)
    feed = crm.bookings.watch()
    _, cursor = await polled(crm.bookings.watch(removals=True), None)
    sandbox.state.remove("bookings", first)
    found, cursor = await polled(feed, cursor, 3)
    assert found == []
    assert "seen_rows" not in cursor


async def test_a_list_that_may_be_cut_tells_nothing(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Rows that others push off its end are not gone, nor where the answer says that there are more."""
    booked(sandbox, 3)
    feed = crm.bookings.watch(removals=True)
    _, cursor = await polled(feed, None)
    sandbox.change({"bookings.list": {"cap": 3, "list": {"data": "$rows", "hasMore": "$more"}}})
    booked(sandbox, 2)
    assert (await polled(feed, cursor, 4))[0] == []


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_list_that_comes_to_be_cut_tells_nothing(crm: AsyncClient, sandbox: Sandbox, order: str) -> None:
    """Bookings, sequences and enrollments that a shorter list shows no more are there, and nothing says so."""
    booked(sandbox, 22)
    sequences = [sandbox.state.create_sequence(f"Number {number}", [30]).id for number in range(22)]
    for number in range(22):
        await sandbox.clock.advance(seconds=60)
        sandbox.state.enroll(sequences[0], [sandbox.state.create_contact("P", str(number)).id])
    lists = ("bookings.list", "sequences.list", "sequences.enrollments")
    sandbox.change({name: {"order": order} for name in lists})
    feeds: list[Feed[Any]] = [
        crm.bookings.watch(removals=True),
        crm.sequences.watch(removals=True, ignore=["enrollment_counts"]),
        crm.sequences.watch_enrollments(sequences[0], removals=True, on_gap="continue"),
    ]
    cursors = [(await feed.poll()).cursor for feed in feeds]
    sandbox.change({name: {"order": order, "cap": 15} for name in lists})
    for step in range(12):
        await sandbox.clock.advance(minutes=11)
        if step == 7:
            booked(sandbox, 1)
            sandbox.state.create_sequence("Another", [30])
            sandbox.state.enroll(sequences[0], [sandbox.state.create_contact("P", "new").id])
        for place, feed in enumerate(feeds):
            found, cursors[place] = await polled(feed, cursors[place])
            assert found == [], f"{feed.name}, {step}"


@pytest.mark.contract("the time of looks is the server's", "no-date")
@pytest.mark.contract("a list that is cut proves nothing", "small-pages")
async def test_somebody_who_leaves_a_sequence(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A list with `since` is looked at as a whole every ten minutes, and once more when somebody is missing."""
    sequence = sandbox.state.create_sequence("Welcome", [30]).id
    for number in range(77):
        await sandbox.clock.advance(seconds=90)
        sandbox.state.enroll(sequence, [sandbox.state.create_contact("P", str(number)).id])
    feed = crm.sequences.watch_enrollments(sequence, removals=True)
    _, cursor = await polled(feed, None)
    leaves = sandbox.state.enrollments(sequence)[2]
    _, cursor = await polled(feed, cursor, 2)
    await crm.sequences.unenroll(sequence, leaves.contact_id)
    found, asked = list[Removed](), len(sandbox.requests)
    for _ in range(15):
        await sandbox.clock.advance(seconds=60)
        told, cursor = await polled(feed, cursor)
        found += told
    assert [one.id for one in found] == [leaves.id]
    whole = [one for one in sandbox.requests[asked:] if "since" not in one.query]
    assert 2 <= len(whole) <= 4


async def test_a_consumer_is_given_them_among_the_rows() -> None:
    """By `async for`, with and without a store; a crash before it is handled makes it come again."""
    listed, store = FakeList(), MemoryCursorStore()
    listed.add(1, 2, 3)

    async def run(polls: int, *, handle: bool = True) -> list[Any]:
        feed, found = feed_of(listed, StopsAt(polls), store=store, removals=True), list[Any]()
        try:
            async for row in feed:
                found.append(row)
                if isinstance(row, Removed) and not handle:
                    return found  # and the process dies
        except Exception:  # the clock has come to its end
            await feed.aclose()
        return found

    assert [row.id for row in await run(1)] == ["e1", "e2", "e3"]
    del listed.rows[0]
    listed.now += timedelta(minutes=11)
    assert [type(row) for row in await run(3, handle=False)] == [Removed]
    assert [row.id for row in await run(3)] == ["e1"]
    assert await run(3) == []


def test_its_type_is_told_apart() -> None:
    """A consumer tells a removal from a row by its class."""
    assert not issubclass(Removed, Booking)
    with pytest.raises(AttributeError):
        Removed("r", None).id = "x"  # type: ignore[misc]
