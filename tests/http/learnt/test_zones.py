"""Local times, as a profile names their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async import Profile
from impactive_async._http.learnt.zones import Zones
from impactive_async._http.wire import Request, build_request, get
from impactive_async.sandbox import Sandbox
from tests.support import client_of

ZONES = ["America/New_York", "Asia/Kolkata", "+02:00", "-09:30"]
AUTUMN = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
"""Two hours before the clocks of New York are set back: from 5 to 7 h UTC they show each moment twice."""
DEALS = build_request(get("/api/zapier/deals"))


def document(zone: str, **settings: Any) -> dict[str, Any]:
    local = {"time_zone": zone, "time_offset": False, **settings}
    return {"profile": 1, "stored_precision": "microseconds", "operations": {"*": local}}


@pytest.mark.parametrize("since_zone", [None, "the same"])
@pytest.mark.parametrize("zone", ZONES)
async def test_local_times_are_the_moments_they_mean(zone: str, since_zone: str | None) -> None:
    """Rows of calls and of feeds, of reads and of writes; `since` of a list finds what it should."""
    spoken = document(zone, since_zone=zone if since_zone else None)
    async with (
        Sandbox(profile=spoken) as sandbox,
        client_of(sandbox, profile=Profile.from_document(spoken)) as crm,
    ):
        now = sandbox.clock.now()
        await sandbox.clock.advance(hours=1)
        made = await crm.zapier.deals.create(name="Engine")
        booked = await crm.bookings.create(title="Call", start_time=now, end_time=now + timedelta(hours=1))
        assert (made.created_at, booked.start_time) == (now + timedelta(hours=1), now)
        listed = await crm.zapier.deals.list(since=now + timedelta(minutes=59))
        (row,) = (await crm.zapier.deals.watch(since=now + timedelta(minutes=59)).poll()).rows
        assert [one.id for one in listed] == [row.id] == [made.id]
        assert row.updated_at == listed[0].updated_at == made.updated_at
        changed = await crm.contacts.update(sandbox.state.rows("contacts")[0].id, title="Countess")
        assert changed.updated_at == sandbox.clock.now()


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("since_zone", [False, True])
async def test_feeds_lose_nothing_while_clocks_are_set_back(zone: str, since_zone: bool) -> None:
    """In the hour that the clocks show twice each row is delivered, and once."""
    start = AUTUMN if zone == "America/New_York" else datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    spoken = document(zone, since_zone=zone if since_zone else None)
    profile = Profile.from_document(spoken)
    async with Sandbox(profile=spoken, now=start) as sandbox, client_of(sandbox, profile=profile) as crm:
        cursor: str | None = None
        seen: list[str] = []
        for number in range(40):
            await sandbox.clock.advance(minutes=7)
            sandbox.state.add("deals", {"name": f"Deal {number}"})
            poll = await crm.zapier.deals.watch().poll(cursor)
            assert poll.bad == []
            seen += [row.id for row in poll.rows]
            cursor = poll.cursor
        everything = {row.id for row in sandbox.state.rows("deals")}
    assert set(seen) == everything
    assert len(seen) == len(everything)


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ('{"createdAt":"2026-05-01T09:00:00.120"}', '{"createdAt":"2026-05-01T07:00:00.120Z"}'),
        ('[{"emailDate" : "2026-05-01 01:00"}]', '[{"emailDate" : "2026-04-30T23:00Z"}]'),
        ('{"createdAt":"2026-05-01T09:00:00Z"}', None),
        ('{"createdAt":"2026-05-01T09:00:00+03:00"}', None),
        ('{"dueDate":"2026-05-01","createdAt":null}', None),
        (r'{"body":"{\"createdAt\":\"2026-05-01T09:00:00\"}"}', None),
        ('{"title":"2026-05-01T09:00:00"}', None),
        ('{"createdAt":"2026-05-01T09:00:00", broken', '{"createdAt":"2026-05-01T07:00:00Z", broken'),
    ],
)
def test_only_moments_without_an_offset_are_moved(printed: str, read: str | None) -> None:
    """Their digits stay as fine as they were printed; days and texts stay what they are."""
    zones = Zones.of(Profile.from_document(document("+02:00")))
    assert zones is not None
    assert zones.in_utc(DEALS, printed.encode()).decode() == (read or printed)


def test_a_profile_without_zones_costs_nothing() -> None:
    """Nothing is looked up for each request; and where one operation alone has a zone, others have none."""
    assert Zones.of(Profile(operations={"*": {"cap": 5}})) is None
    some = Zones.of(Profile(operations={"bookings.*": {"time_offset": False, "time_zone": "+02:00"}}))
    assert some is not None
    body = b'{"createdAt":"2026-05-01T09:00:00"}'
    assert some.in_utc(DEALS, body) == body
    since = Request("GET", DEALS.template, f"{DEALS.path}?since=2026-05-01T09:00:00Z&a=b%20c", DEALS.repeat)
    assert some.asked(since) is since
    asked = Zones.of(Profile(operations={"*": {"since_zone": "+02:00"}}))
    assert asked is not None
    assert asked.asked(since).path == "/api/zapier/deals?since=2026-05-01T11:00:00%2B02:00&a=b%20c"
