"""A list in which nothing happens costs little: its answer is not sent again, or not read again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from attrs import Factory, define

from impactive_async import MemoryCursorStore
from impactive_async._http.caller import Answer
from impactive_async.feeds.cursor.page import Accepted
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.delivery.last_page import LastPage
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.sandbox import Sandbox
from tests.feeds.failures.server import client, listed, rows, serving
from tests.feeds.lists import Store, row
from tests.support import client_of, time_jumps

DEALS, BOOKINGS = "/api/zapier/deals", "/api/agent/bookings"
INTERVAL = 2.0


@define
class Tagged:
    """A list with an `ETag`, and what it was asked and answered."""

    rows: Sequence[Any] = ()
    tagged: bool = True
    asked: list[tuple[str | None, str | None]] = Factory(list)
    statuses: list[int] = Factory(list)
    headers: list[Any] = Factory(list)

    async def __call__(self, request: web.Request) -> web.Response:
        tag = '"' + hashlib.sha1(json.dumps(list(self.rows)).encode()).hexdigest() + '"'
        known = request.headers.get("If-None-Match")
        self.asked.append((request.query.get("since"), known))
        self.headers.append(request.headers.copy())
        same = self.tagged and known == tag
        self.statuses.append(304 if same else 200)
        headers = {"ETag": tag} if self.tagged else {}
        return (
            web.Response(status=304, headers=headers)
            if same
            else web.json_response(list(self.rows), headers=headers)
        )


@time_jumps
async def test_a_list_with_an_etag_is_asked_for_changes_alone() -> None:
    """While `since` is the same, the tag goes along; a 304 is a page without news; news come as ever."""
    deals = Tagged(rows(1, 2, 3))
    async with serving() as server, client(server) as crm:
        server.paths[DEALS] = deals
        async with crm.zapier.deals.watch(interval=INTERVAL) as feed:
            assert [(await anext(feed)).id for _ in range(3)] == ["r1", "r2", "r3"]
            waiting = asyncio.ensure_future(feed.__anext__())
            await asyncio.sleep(5 * INTERVAL)
            assert deals.statuses[-3:] == [304, 304, 304]
            assert feed.stats.errors == 0
            deals.rows = rows(1, 2, 3, 4)
            assert (await waiting).id == "r4"
        for (since, tag), (before, _) in zip(deals.asked[1:], deals.asked, strict=False):
            assert tag is None or since == before
        assert {one.get("Cache-Control") for one in deals.headers} == {"no-cache"}
        assert crm.stats().failures == 0


@time_jumps
async def test_so_it_is_in_a_stream_of_everything() -> None:
    """`crm.watch` keeps the tag between two polls; a first poll by hand asks without one, but past all caches."""
    deals, bookings = Tagged(rows(1, 2)), Tagged([{"id": "b1", "title": "Demo"}])
    async with serving() as server, client(server) as crm:
        server.paths |= {DEALS: deals, BOOKINGS: bookings}
        async with crm.watch(["deals", "bookings"], interval=INTERVAL) as events:
            found = {(await anext(events)).row.id for _ in range(3)}
            assert found == {"r1", "r2", "b1"}
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(5 * INTERVAL)
            assert (deals.statuses[-2:], bookings.statuses[-2:]) == ([304, 304], [304, 304])
            bookings.rows = [{"id": "b1", "title": "Changed"}]
            event: Any = await waiting
            assert event.row.title == "Changed"
            assert events.stats.errors == 0
        polled = await crm.zapier.deals.watch().poll()
        assert len(polled.rows) == 2
        assert (deals.asked[-1][1], deals.headers[-1]["Cache-Control"]) == (None, "no-cache")


@pytest.mark.parametrize(
    "form", [str, str.encode, json.loads, lambda text: json.dumps(json.loads(text), indent=1)]
)
async def test_a_poll_by_hand_keeps_the_tag_in_its_cursor(form: Callable[[str], Any]) -> None:
    """Another process, or a worker of a hub, asks with it; what is new comes all the same."""
    for deals in (Tagged(rows(1, 2)), Tagged([])):
        async with serving() as server:
            server.paths[DEALS] = deals
            cursor, found = None, list[str]()
            for number in range(7):
                async with client(server) as crm:  # with no memory of the polls before
                    deals.rows = [*deals.rows, *rows(9)] if number == 5 else deals.rows
                    poll = await crm.zapier.deals.watch().poll(cursor)
                    assert (poll.gaps, poll.bad) == ([], [])
                    cursor, found = form(poll.cursor), [*found, *(row.id for row in poll.rows)]
            assert sorted(found) == sorted(one["id"] for one in deals.rows)
            assert deals.statuses[2:5] == [304, 304, 304]


@time_jumps
async def test_the_list_of_sequences_is_asked_past_all_caches() -> None:
    """Also that list depends on the key."""
    sequences = Tagged([])
    async with serving() as server, client(server) as crm:
        server.paths["/api/agent/sequences"] = sequences
        async with crm.watch(["replies"], interval=INTERVAL):
            await asyncio.sleep(INTERVAL)
        assert {one.get("Cache-Control") for one in sequences.headers} == {"no-cache"}


@time_jumps
async def test_an_empty_page_with_an_etag_stays_an_empty_page() -> None:
    """What comes after a 304 for an empty list is delivered."""
    deals = Tagged([])
    async with serving() as server, client(server) as crm:
        server.paths[DEALS] = deals
        async with crm.zapier.deals.watch(interval=INTERVAL) as feed:
            waiting = asyncio.ensure_future(feed.__anext__())
            await asyncio.sleep(3 * INTERVAL)
            assert 304 in deals.statuses
            deals.rows = rows(1)
            assert (await waiting).id == "r1"


@time_jumps
async def test_a_304_that_nobody_asked_for_is_a_failure() -> None:
    """It says nothing of what the list has: it is raised, and never an empty page."""

    async def not_modified(_: web.Request) -> web.Response:
        return web.Response(status=304)

    async with serving() as server, client(server) as crm:
        server.paths[DEALS] = not_modified
        feed = crm.zapier.deals.watch(interval=INTERVAL)
        with pytest.raises(Exception, match="304"):
            await anext(feed)


async def test_the_sandbox_agrees(sandbox: Sandbox) -> None:
    """Its weak tags are sent back, and its 304s cost no row."""
    sandbox.change({"*": {"etag": True}})
    async with client_of(sandbox) as crm, crm.zapier.companies.watch() as feed:
        found = [(await anext(feed)).id for _ in sandbox.state.rows("companies")]
        waiting = asyncio.ensure_future(feed.__anext__())
        await sandbox.arrived("GET /api/zapier/companies", 5)
        await sandbox.clock.advance(minutes=1)
        new = sandbox.state.touch("companies", found[0], {"name": "New"})
        assert (await waiting).id == new.id
        statuses = [one.status for one in sandbox.requests_to("GET /api/zapier/companies")]
        assert 304 in statuses


# -- bodies that come again ------------------------------------------------------------------------------------


def bookings(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"b{one}", "title": "A meeting that is long enough to matter", "notes": ""} for one in range(count)
    ]


class Reads:
    """Counts how often rows of bookings are compared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        read = Snapshot.read

        def counted(snapshot: Snapshot, page: Any) -> Any:
            self.rows += len(page)
            return read(snapshot, page)

        monkeypatch.setattr(Snapshot, "read", counted)


def test_an_equal_body_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a list without a tag too: 500 bookings are read when they change, and not at each poll."""

    @time_jumps
    async def law() -> None:
        reads, shown = Reads(monkeypatch), Tagged(bookings(500), tagged=False)
        store = Store()
        async with serving() as server, client(server) as crm:
            server.paths[BOOKINGS] = shown
            async with crm.watch(["bookings"], interval=INTERVAL, store=store) as events:
                for _ in range(500):
                    await anext(events)
                waiting = asyncio.ensure_future(anext(events))
                await asyncio.sleep(3 * INTERVAL)
                before, saves, polls = reads.rows, len(store.saves), len(shown.asked)
                await asyncio.sleep(10 * INTERVAL)
                assert len(shown.asked) >= polls + 9
                assert (reads.rows, len(store.saves)) == (before, saves)
                shown.rows = [{**shown.rows[0], "title": "Moved"}, *shown.rows[1:]]
                event: Any = await waiting
                assert event.row.title == "Moved"
                assert reads.rows == before + 500

    law()


def test_a_long_list_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of bookings are compared and saved in other threads than the event loop's."""
    threads: dict[str, set[int]] = {}

    def noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return work(*args)

        return done

    later = Snapshot.dumps_later
    monkeypatch.setattr(Snapshot, "read", noted("read", Snapshot.read))
    monkeypatch.setattr(Snapshot, "dumps_later", lambda snapshot: noted("save", later(snapshot)))

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[BOOKINGS] = listed(bookings(5000))
            async with crm.bookings.watch(interval=INTERVAL, store=MemoryCursorStore()) as feed:
                for _ in range(5000):
                    await anext(feed)
                threads.pop("save", None)  # of a few rows
                await feed.ack()

    law()
    assert {*threads} == {"read", "save"}
    assert not any(threading.get_ident() in used for used in threads.values())


@pytest.mark.parametrize("work", ["PageQueue.read", "Snapshot.loads", "Snapshot.dumps_later"])
def test_a_poll_that_brings_thousands_of_rows_blocks_nobody(monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """The rows are read in another thread than the event loop's, and so is a large cursor, read and written."""
    threads: set[int] = set()
    cls, name = {"PageQueue": PageQueue, "Snapshot": Snapshot}[work.partition(".")[0]], work.partition(".")[2]
    original = getattr(cls, name)

    def noted(*args: Any, **options: Any) -> Any:
        if name != "dumps_later":
            threads.add(threading.get_ident())
            return original(*args, **options)
        dump = original(*args)

        def later() -> str:
            threads.add(threading.get_ident())
            return str(dump())

        return later

    monkeypatch.setattr(cls, name, noted)

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            feed = crm.bookings.watch(removals=True)
            server.paths[BOOKINGS] = listed(bookings(5000))
            first = await feed.poll()
            server.paths[BOOKINGS] = listed([{**one, "title": "Moved"} for one in bookings(5000)])
            second = await feed.poll(first.cursor)
            assert (len(first.rows), len(second.rows)) == (5000, 5000)

    law()
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(
    ("page", "accepted"),
    [
        ({}, True),
        ({"rows": 50}, False),
        ({"since": "later"}, False),
        ({"body": b"x" * 2001}, False),
        ({"body": b"y" * 2000}, False),
    ],
)
def test_only_the_very_same_answer_is_the_one_before(page: dict[str, Any], accepted: bool) -> None:
    """Another `since`, length or content is another answer; a page at its cap is never remembered."""
    body = b"x" * 2000
    shown = [row(one) for one in range(page.get("rows", 3))]
    last = LastPage.of("since", Answer(shown, 1, None, None, body), shown, Accepted([]), cap=50)
    again = last is not None and last.is_answered_again(page.get("since", "since"), page.get("body", body))
    assert again is accepted
