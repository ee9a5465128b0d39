"""`ignore=` names fields for which a row of a list compared by content is not delivered again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest

from impactive_async import AsyncClient, InvalidArgumentError
from impactive_async._codec.page import page_of
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.feeds import open_feed
from impactive_async.sandbox import Sandbox
from tests.feeds.failures.server import client, listed, serving
from tests.support import client_of

POLLS = 5
ROWS = 4


@pytest.fixture
def volatile(sandbox: Sandbox) -> Sandbox:
    """A workspace with some bookings, each with a field of its own making that `tick` changes."""
    start = sandbox.clock.now()
    for number in range(ROWS):
        sandbox.state.add("bookings", {"title": f"Demo {number}", "startTime": start, "endTime": start})
    tick(sandbox, 0)
    return sandbox


def tick(sandbox: Sandbox, number: int) -> None:
    sandbox.change({"bookings.list": {"extra": {"viewCount": number}}})


async def delivered(sandbox: Sandbox, crm: AsyncClient, ignore: Collection[str]) -> int:
    """How many rows so many polls bring, with the field changed before each."""
    feed = crm.bookings.watch(ignore=ignore)
    cursor, found = None, 0
    for number in range(POLLS):
        tick(sandbox, number)
        poll = await feed.poll(cursor)
        cursor, found = poll.cursor, found + len(poll.rows)
    return found


@pytest.mark.parametrize(
    ("ignore", "expected"), [((), POLLS * ROWS), (["viewCount"], ROWS), ({"view_count"}, ROWS)]
)
async def test_a_volatile_field_brings_no_row_again(
    volatile: Sandbox, ignore: Collection[str], expected: int
) -> None:
    """Named as the wire has it, or as attributes are."""
    async with client_of(volatile) as crm:
        assert await delivered(volatile, crm, ignore) == expected


async def test_other_changes_still_do(volatile: Sandbox) -> None:
    """What is not named counts, also beside a change of what is."""
    async with client_of(volatile) as crm:
        feed = crm.bookings.watch(ignore=["viewCount"])
        first = await feed.poll()
        volatile.change({"bookings.list": {"extra": {"viewCount": 9, "room": "B"}}})
        assert len((await feed.poll(first.cursor)).rows) == ROWS


async def test_crm_watch_takes_it_too(volatile: Sandbox) -> None:
    """The field's change is no event."""
    async with client_of(volatile) as crm, crm.watch(["bookings"], ignore=["viewCount"], interval=60) as events:
        for _ in range(ROWS):
            await anext(events)
        polls = events.stats.polls
        tick(volatile, 7)
        title = {"title": "The last", "startTime": volatile.clock.now(), "endTime": volatile.clock.now()}
        volatile.state.add("bookings", title)
        event = await anext(events)
        assert event.kind == "bookings"
        assert event.row.title == "The last"
        assert events.stats.polls > polls


async def test_a_hub_gives_no_second_id_for_it(volatile: Sandbox) -> None:
    """A poll that is repeated after a crash makes the same events, although the field has changed."""
    ids: list[Any] = []
    async with client_of(volatile) as crm:
        for number in range(2):
            tick(volatile, number)
            feed = open_feed(crm, "bookings", since=None, interval=60, ignore=["viewCount"])
            poll = await feed.poll()
            events = events_of("/w", "bookings", poll, datetime.now(UTC), ignore=["viewCount"])
            ids.append([event.id for event in events])
    assert ids[0] == ids[1]


@pytest.mark.parametrize("spelt", ["viewCount", "view_count", "view-count", "viewcount"])
@pytest.mark.parametrize("named", ["viewCount", "view_count"])
async def test_its_name_may_be_spelt_otherwise(spelt: str, named: str) -> None:
    """The names that are one field to the reader of rows are one here."""
    assert await twice({"id": "b1", spelt: 1}, {"id": "b1", spelt: 2}, [named]) == 1


async def test_names_may_come_from_an_iterator() -> None:
    """Which gives them once."""
    assert await twice({"id": "b1", "views": 1}, {"id": "b1", "views": 2}, (name for name in ("views",))) == 1


@pytest.mark.parametrize("holder", ["attributes", "properties", "fields"])
async def test_it_may_stand_in_an_object_that_holds_the_fields(holder: str) -> None:
    """As of JSON:API. What the row has beside that object is not looked for in it."""
    before, after = ({"id": "b1", "views": 1, holder: {"title": "x", "views": views}} for views in (1, 2))
    assert await twice(before, after, ["views"]) == 2
    del before["views"], after["views"]
    assert await twice(before, after, ["views"]) == 1


async def twice(before: Any, after: Any, ignore: Any) -> int:
    """How often a booking is delivered that two pages show."""
    async with serving() as server, client(server) as crm:
        feed, delivered, cursor = crm.bookings.watch(ignore=ignore), 0, None
        for row in (before, after):
            server.paths["/api/agent/bookings"] = listed([row])
            poll = await feed.poll(cursor)
            cursor, delivered = poll.cursor, delivered + len(poll.rows)
        return delivered


def test_rows_that_differ_in_it_only_are_one() -> None:
    """Two copies of a row on one page are no contradiction for it."""
    snapshot = Snapshot("bookings", ignore=["views"])
    rows = [{"id": "b1", "views": 1}, {"id": "b1", "views": 2}]
    accepted = snapshot.accept(page_of(rows, "id", "updatedAt"), None)
    assert (len(accepted.fresh), accepted.bad) == (1, [])


@pytest.mark.parametrize("wrong", ["viewCount", b"viewCount", [1], None, 7])
def test_what_is_no_collection_of_names_is_refused(wrong: Any) -> None:
    """A single name would be taken for its letters."""
    with pytest.raises(InvalidArgumentError, match="collection of names"):
        AsyncClient("icrm_" + "0" * 32).bookings.watch(ignore=wrong)
