"""Lists that behave otherwise than declared: whatever row does not come is told, and what comes, comes once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from attrs import Factory, define

from impactive_async import AsyncClient, Gap
from impactive_async.feeds.feed import Feed
from tests.feeds.failures.server import serving
from tests.support import KEY

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def iso(moment: datetime, timespec: str = "milliseconds") -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


@define
class Listing:
    """A list with a clock of its own, which shows the newest rows up to a cap.

    Attributes:
        stamp: The field that `since` is compared with; `None`: the list has no `since`.
        cap: The most rows that it shows.
        marks: Whether it shows them as `data`, beside `hasMore`.
        zone: How far `since` is misread.
        oldest_first: Whether it shows the oldest row first, and cuts off the newest.
        ahead: By how much its next answer, with all that it prints, is ahead of its time.
    """

    stamp: str | None = "updatedAt"
    cap: int = 500
    marks: bool = False
    zone: timedelta = timedelta()
    oldest_first: bool = False
    ahead: timedelta = timedelta()
    now: datetime = START
    made: int = 0
    rows: list[tuple[datetime, datetime, str]] = Factory(list)  # stamp, visible from, id
    coarse: dict[str, str] = Factory(dict)

    def add(self, count: int, *, apart: float = 1.0, late: float = 0.0) -> None:
        """Let so many rows appear, so many seconds apart and behind their stamps."""
        for _ in range(count):
            self.now += timedelta(seconds=apart)
            stamped = self.now - timedelta(seconds=late)
            self.made += 1
            self.rows.append((stamped, self.now, f"r{self.made}"))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def __call__(self, request: web.Request) -> web.Response:
        since = request.query.get("since")
        bound = datetime.min.replace(tzinfo=UTC) if since is None else datetime.fromisoformat(since) + self.zone
        asked = sorted((row for row in self.rows if row[0] >= bound), reverse=not self.oldest_first)
        shown = [self._row(*row) for row in asked[: self.cap]]
        body: Any = {"data": shown, "hasMore": len(asked) > self.cap} if self.marks else shown
        date, self.ahead = format_datetime(self.now + self.ahead, usegmt=True), timedelta()
        return web.json_response(body, headers={"Date": date})

    def _row(self, stamped: datetime, _: datetime, row_id: str) -> dict[str, Any]:
        printed = self.coarse.get(row_id) or iso(stamped + self.ahead)
        fields = {"id": row_id, "name": row_id, "title": row_id, "status": "active", "contactId": row_id}
        return fields if self.stamp is None else {**fields, self.stamp: printed}


@define
class Follower:
    """Polls a feed by hand, and keeps what came and what was told."""

    feed: Feed[Any]
    came: list[str] = Factory(list)
    gaps: list[Gap] = Factory(list)
    cursor: str | None = None

    async def poll(self, times: int = 1) -> int:
        """Return how many rows came."""
        before = len(self.came)
        for _ in range(times):
            poll = await self.feed.poll(self.cursor)
            self.cursor, self.gaps = poll.cursor, [*self.gaps, *poll.gaps]
            self.came += [row.id for row in poll.rows]
            assert poll.bad == []
        return len(self.came) - before

    def untold(self, listing: Listing) -> list[str]:
        """The rows that neither came nor lie in a gap that was told."""
        return [
            row_id
            for stamped, _, row_id in listing.rows
            if row_id not in self.came
            and not any((gap.after or stamped) <= stamped <= (gap.before or stamped) for gap in self.gaps)
        ]


Watch = Callable[[AsyncClient], Feed[Any]]
LISTS: dict[str, tuple[str, Watch, Listing]] = {
    "sends cut at 100": (
        "/api/agent/sequences/s1/sends",
        lambda crm: crm.sequences.watch_sends("s1"),
        Listing("emailDate", cap=100),
    ),
    "deals in an envelope of 25": (
        "/api/zapier/deals",
        lambda crm: crm.zapier.deals.watch(),
        Listing(cap=25, marks=True),
    ),
    "enrollments cut at 40": (
        "/api/agent/sequences/s1/enrollments",
        lambda crm: crm.sequences.watch_enrollments("s1"),
        Listing(cap=40),
    ),
    "a contact's replies cut at 50": (
        "/api/agent/contacts/c1/replies",
        lambda crm: crm.contacts.watch_replies("c1"),
        Listing("emailDate", cap=50),
    ),
    "bookings cut at 100": ("/api/agent/bookings", lambda crm: crm.bookings.watch(), Listing(None, cap=100)),
}


@pytest.mark.parametrize("known", [0, 1, 5, 30])
@pytest.mark.parametrize("name", LISTS)
async def test_a_cap_below_the_declared_one_is_told(name: str, known: int) -> None:
    """A burst three times the cap: the rows that were cut off are told as a gap, within three polls."""
    path, watch, declared = LISTS[name]
    listing = Listing(declared.stamp, declared.cap, marks=declared.marks)
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        server.paths[path] = listing
        follower = Follower(watch(crm))
        listing.add(known)
        assert await follower.poll(2) == min(known, listing.cap)
        listing.wait(300)
        listing.add(3 * listing.cap, apart=0.1)
        for _ in range(3):
            await follower.poll()
            listing.wait(300)
            listing.add(1)
        await follower.poll()
        lost = len(listing.rows) - len({*follower.came})
        assert lost >= 2 * listing.cap - 5
        assert len(follower.came) == len({*follower.came})
        assert follower.gaps
        if listing.stamp is not None:
            assert follower.untold(listing) == []


async def test_a_list_that_grows_was_not_cut() -> None:
    """The first bookings of a workspace come at once, 100 of them: nothing is told, before or after others go."""
    listing = Listing(None)
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        server.paths["/api/agent/bookings"] = listing
        follower = Follower(crm.bookings.watch())
        await follower.poll()
        listing.add(100)
        await follower.poll(2)
        listing.add(1)
        await follower.poll()
        listing.rows.pop(0)
        await follower.poll()
        for _ in range(5):
            listing.rows.pop(0)
            listing.add(1)
            await follower.poll()
        assert follower.gaps == []
        assert len(follower.came) == 106


def deals_of(crm: AsyncClient, listing: Listing, server: Any) -> Follower:
    server.paths["/api/zapier/deals"] = listing
    return Follower(crm.zapier.deals.watch())


@pytest.mark.parametrize("hours", [-9, -4, -1, 1, 4, 9])
async def test_a_since_in_another_zone_loses_nothing(hours: int, caplog: pytest.LogCaptureFixture) -> None:
    """New rows that it withholds come with the look after a poll without any known row; the log tells once."""
    listing = Listing(zone=timedelta(hours=hours))
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        follower = deals_of(crm, listing, server)
        listing.add(20, apart=60)
        await follower.poll(2)
        for _ in range(30):
            listing.wait(60)
            listing.add(1)
            await follower.poll()
        await follower.poll(3)
        assert sorted(follower.came) == sorted(row_id for *_, row_id in listing.rows)
        words = "withholds rows" if hours > 0 else "ignores `since`"
        assert [words in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(hours=6), timedelta(days=365)])
async def test_an_answer_ahead_of_its_time_makes_nobody_deaf(ahead: timedelta) -> None:
    """Rows that come after it are delivered at once, and a later loss is told."""
    listing = Listing(cap=100)
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        follower = deals_of(crm, listing, server)
        listing.add(20, apart=60)
        await follower.poll(2)
        listing.ahead = ahead
        listing.add(1)
        await follower.poll()
        listing.wait(60)
        await follower.poll(2)
        for _ in range(5):
            listing.wait(60)
            listing.add(1)
            await follower.poll()
            assert follower.came[-1] == listing.rows[-1][2]
        assert {*follower.came} == {row_id for *_, row_id in listing.rows}
        listing.add(300, apart=0.1)
        await follower.poll(3)
        assert follower.untold(listing) == []
        assert len({*follower.came}) < len(listing.rows)


@pytest.mark.parametrize("timespec", ["date", "minutes"])
async def test_one_coarse_stamp_does_not_make_the_tick(timespec: str) -> None:
    """A later overflow is told, once, and the cursor stays small."""
    listing = Listing(cap=100)
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        follower = deals_of(crm, listing, server)
        listing.add(20, apart=60)
        await follower.poll(2)
        listing.add(1)
        stamped, _, row_id = listing.rows[-1]
        listing.coarse[row_id] = stamped.date().isoformat() if timespec == "date" else iso(stamped, "minutes")
        await follower.poll()
        for _ in range(10):
            listing.wait(60)
            listing.add(5)
            await follower.poll()
        assert follower.gaps == []
        listing.wait(60)
        listing.add(300, apart=0.1)
        await follower.poll(2)
        for _ in range(20):
            listing.wait(60)
            listing.add(5)
            await follower.poll()
        assert follower.untold(listing) == []
        assert 1 <= len(follower.gaps) <= 3
        assert len(str(follower.cursor)) < 40_000


async def test_a_list_that_shows_its_oldest_rows_first_loses_nothing() -> None:
    """Its order is learnt: a full page hides newer rows, which the next one shows."""
    listing = Listing(cap=50, oldest_first=True)
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        follower = deals_of(crm, listing, server)
        listing.add(20, apart=60)
        await follower.poll(2)
        for _ in range(5):
            listing.wait(300)
            listing.add(60)
            await follower.poll(3)
        await follower.poll(5)
        assert [gap for gap in follower.gaps if gap.kind == "overflow"] == []
        assert sorted(follower.came) == sorted(row_id for *_, row_id in listing.rows)


async def test_the_overlap_learns_how_late_rows_are() -> None:
    """Rows 20 s late, with an overlap of 10 s: none is lost on a list that has room for a longer one."""
    listing = Listing()
    async with serving() as server, AsyncClient(KEY, base_url=server.url) as crm:
        server.paths["/api/zapier/deals"] = listing
        follower = Follower(crm.zapier.deals.watch(overlap=10))
        listing.add(20, apart=60)
        await follower.poll(2)
        for number in range(40):
            listing.wait(5)
            listing.add(1, late=20 if number % 3 else 0)
            await follower.poll()
        assert follower.gaps == []
        assert sorted(follower.came) == sorted(row_id for *_, row_id in listing.rows)
        assert "\n" not in json.dumps(follower.cursor)
