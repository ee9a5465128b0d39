"""`Feed.poll`: one request, everything returned, nothing remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async import NOW, AsyncClient
from impactive_async.errors import CursorError, ServerError
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import CAP, NAME, RULES, FakeList, Sibling, StopsAt, Store, feed_of, row
from tests.support import client_of


def ids_of(rows: Any) -> list[str]:
    return [one.id for one in rows]


async def test_a_chain_of_polls_brings_every_row_once() -> None:
    """Each poll from the cursor of the one before brings what is new since, in order."""
    listed = FakeList()
    listed.add(2, 1)
    feed = feed_of(listed, StopsAt())
    first = await feed.poll()
    listed.add(3)
    second = await feed.poll(first.cursor)
    third = await feed.poll(second.cursor)
    assert (ids_of(first.rows), ids_of(second.rows), third.rows) == (["e1", "e2"], ["e3"], [])


async def test_the_same_cursor_brings_the_same_rows() -> None:
    """A poll may be repeated from its text, by another feed in another process, with the same result."""
    listed = FakeList()
    listed.add(1, 2)
    cursor = (await feed_of(listed, StopsAt()).poll("")).cursor
    listed.add(3, 4)
    polls = [await feed_of(listed, StopsAt()).poll(cursor) for _ in range(3)]
    assert [ids_of(poll.rows) for poll in polls] == [["e3", "e4"]] * 3
    assert len({poll.cursor for poll in polls}) == 1


async def test_nothing_is_stored_or_moved() -> None:
    """Polling by hand touches neither the store nor the iteration of the same feed."""
    listed, store = FakeList(), Store()
    listed.add(1)
    feed = feed_of(listed, StopsAt(), store=store)
    await feed.poll()
    assert store.saves == []
    assert (await anext(feed)).id == "e1"


async def test_gaps_and_bad_rows_are_returned() -> None:
    """Gaps and bad rows are values here, never raised, each told once; sibling lists are not asked."""
    listed, sibling = FakeList(), Sibling()
    listed.add(1, 2)
    feed = feed_of(listed, StopsAt(), recover=sibling)
    first = await feed.poll()
    listed.add(*range(10, 10 + 2 * CAP))
    listed.rows += [{"id": "bad"}, row(90, subject=7)]
    second = await feed.poll(first.cursor)
    third = await feed.poll(second.cursor)
    assert {gap.kind for gap in second.gaps} == {"lookback", "overflow"}
    assert [one.row["id"] for one in second.bad] == ["bad", "e90"]
    assert (third.rows, third.bad, sibling.asked) == ([], [], [])


async def test_now_by_hand() -> None:
    """From `NOW` the first poll brings a cursor and no rows."""
    listed = FakeList()
    listed.add(1)
    feed = feed_of(listed, StopsAt(), since=NOW)
    first = await feed.poll()
    listed.add(2)
    assert (first.rows, ids_of((await feed.poll(first.cursor)).rows)) == ([], ["e2"])


async def test_when_the_next_poll_is_due() -> None:
    """A full page wants another soon, a quiet list an interval; elapsed time is the server's."""
    listed = FakeList()
    feed = feed_of(listed, StopsAt(), interval=300)
    idle = await feed.poll()
    assert 270 <= idle.next_in <= 300
    listed.now += timedelta(seconds=300)
    listed.add(*range(CAP))
    assert (await feed.poll(idle.cursor)).next_in <= 1


async def test_failures_and_foreign_cursors_are_raised() -> None:
    """A poll that fails is an error, tried once; so is a cursor that is none."""
    feed = feed_of(FakeList(trouble=[ServerError("down", status=503)]), StopsAt())
    with pytest.raises(ServerError):
        await feed.poll()
    with pytest.raises(CursorError):
        await feed.poll("{}")


async def test_a_list_without_since_by_hand() -> None:
    """A snapshot feed is polled alike: what is new or changed, once."""
    listed = FakeList()
    listed.add(1, 2)
    feed = feed_of(listed, StopsAt(), rules=None)
    first = await feed.poll()
    listed.rows[0] = row(1, subject="changed")
    second = await feed.poll(first.cursor)
    assert (len(first.rows), [one.subject for one in second.rows]) == (2, ["changed"])


@pytest.mark.parametrize(
    "stored",
    [str.encode, lambda text: bytearray(text.encode()), lambda text: memoryview(text.encode()), json.loads],
    ids=["bytes", "bytearray", "memoryview", "dict"],
)
@pytest.mark.parametrize("rules", [RULES, None], ids=["since", "content"])
async def test_a_cursor_may_come_as_a_database_gives_it_back(
    stored: Callable[[str], Any], rules: Rules | None
) -> None:
    """Bytes, or the object of a JSON column, continue a poll and a stored feed like the text itself."""
    listed, store = FakeList(), Store()
    listed.add(1)
    first = await feed_of(listed, StopsAt(), rules=rules).poll()
    listed.add(2)
    assert ids_of((await feed_of(listed, StopsAt(), rules=rules).poll(stored(first.cursor))).rows) == ["e2"]
    store.cursors[NAME] = stored(first.cursor)
    assert (await anext(feed_of(listed, StopsAt(), rules=rules, store=store))).id == "e2"


@pytest.mark.parametrize("nonsense", [{}, {"v": 1}, [], [{}], 7, 10**15, 1.5, b"\xff", {"v": object()}])
async def test_what_is_no_cursor_is_refused(nonsense: Any) -> None:
    """A value that holds no cursor is a `CursorError`, and never a start from zero."""
    with pytest.raises(CursorError):
        await feed_of(FakeList(), StopsAt()).poll(nonsense)


async def test_the_next_poll_is_planned_by_the_cap_that_was_found() -> None:
    """A list that is cut at 30 rows, of 100 declared, is polled sooner from the moment on that this is known."""
    async with Sandbox(populate=False) as sandbox, client_of(sandbox) as crm:
        sandbox.change({"zapier.deals.list": {"cap": 30}})
        feed, cursor, planned = crm.zapier.deals.watch(interval=300), None, list[float]()
        for rows in (20, 20, 50, 20, 20):
            for number in range(rows):
                sandbox.state.add("deals", {"name": str(number)})
                await sandbox.clock.advance(seconds=300 / rows)
            poll = await feed.poll(cursor)
            cursor = poll.cursor
            planned.append(poll.next_in)
    assert min(planned[:2]) >= 300 * 0.9  # 20 of 100: as seldom as was asked for
    assert planned[2] <= 1.0
    assert max(planned[3:]) <= 0.5 * 30 / 20 * 300


async def test_that_a_server_ignores_since_is_told_once(
    sandbox: Sandbox, crm: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Of each list, however often it is polled, and by however many feeds of a client."""
    old = {"id": "d1", "name": "Engine", "updatedAt": "2020-01-01T00:00:00.000Z"}
    new = {**old, "id": "d2", "updatedAt": "2026-01-02T00:00:00.000Z"}
    body = json.dumps([new, old]).encode()
    sandbox.fail("GET /api/zapier/deals", status=200, body=body, times=None)
    for _ in range(2):
        feed = crm.zapier.deals.watch(since=datetime(2026, 1, 1, tzinfo=UTC))
        cursor = None
        for _ in range(3):
            cursor = (await feed.poll(cursor)).cursor
    assert [record.message.split(":")[0] for record in caplog.records if "ignores `since`" in record.message] == [
        "zapier/deals"
    ]
