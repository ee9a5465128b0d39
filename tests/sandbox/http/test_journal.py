"""What the sandbox remembers of its requests."""

import asyncio

import pytest

from impactive_async.sandbox import RecordedRequest
from impactive_async.sandbox.http.journal import RateMeter, RequestJournal
from tests.sandbox.calls import Api, MakeApi


async def test_a_request_is_recorded_with_its_outcome(api: Api) -> None:
    """Method, route, path, query, headers, body, time, status and whether it was a write that took effect."""
    ada = api.sb.state.create_contact("Ada", "Lovelace")
    await api.sb.clock.advance(hours=1)
    await api.send("PATCH", f"/api/agent/contacts/{ada.id}", {"title": "x"}, headers={"X-Extra": "1"})
    await api.get("/api/agent/contacts", limit=5)
    patch, listing = api.sb.requests
    assert (patch.number, patch.method, patch.route) == (1, "PATCH", "PATCH /api/agent/contacts/:id")
    assert (patch.path, patch.query, patch.body) == (f"/api/agent/contacts/{ada.id}", {}, {"title": "x"})
    assert (patch.headers["x-extra"], patch.at) == ("1", api.sb.clock.now())
    assert (patch.status, patch.committed) == (200, True)
    assert (listing.query, listing.body, listing.status, listing.committed) == ({"limit": "5"}, None, 200, False)


async def test_the_key_is_never_in_it(api: Api) -> None:
    """The journal may be printed: the key is masked, whatever the header's case."""
    await api.send("GET", "/api/zapier/auth/test", headers={"X-API-KEY": api.sb.api_key})
    assert api.sb.requests[0].headers["x-api-key"] == "***"
    assert api.sb.api_key not in repr(api.sb.requests)


async def test_refused_and_unroutable_requests_are_recorded_too(api: Api) -> None:
    """A refused write is there, uncommitted; a path without an endpoint stands for its own route."""
    await api.send("POST", "/api/agent/contacts", {})
    await api.send("POST", "/api/agent/nothing", data=b"\xffno json")
    refused, lost = api.sb.requests
    assert (refused.status, refused.committed) == (400, False)
    assert (lost.route, lost.status, lost.body) == ("POST /api/agent/nothing", 404, "\ufffdno json")


async def test_requests_to_one_route(api: Api) -> None:
    """`requests_to` picks one endpoint's requests, in order; `*` has all."""
    for path in ("/api/agent/contacts", "/api/zapier/contacts", "/api/agent/contacts"):
        await api.get(path)
    assert [one.number for one in api.sb.requests_to("GET /api/agent/contacts")] == [1, 3]
    assert api.sb.requests_to("*") == api.sb.requests


async def test_a_limit_keeps_the_latest(make_api: MakeApi) -> None:
    """Long runs can bound the journal; numbers go on counting."""
    async with make_api(journal_limit=2) as api:
        for _ in range(5):
            await api.get("/api/zapier/auth/test")
        assert [one.number for one in api.sb.requests] == [4, 5]
    async with make_api(journal_limit=0) as api:
        await api.get("/api/zapier/auth/test")
        assert api.sb.requests == ()


def test_a_negative_limit_is_refused() -> None:
    """A journal cannot remember fewer than none."""
    with pytest.raises(ValueError, match="_limit"):
        RequestJournal(-1)


async def test_the_outcome_of_a_forgotten_request_is_forgotten(make_api: MakeApi) -> None:
    """An answer to a request that the journal has let go of enters nothing."""
    event = asyncio.Event()
    async with make_api(journal_limit=1) as api:
        api.sb.fail("GET /api/agent/bookings", hold=event)
        slow = asyncio.create_task(api.get("/api/agent/bookings"))
        await api.sb.arrived("GET /api/agent/bookings")
        await api.get("/api/zapier/auth/test")
        event.set()
        await slow
        (left,) = api.sb.requests
        assert isinstance(left, RecordedRequest)
        assert left.route == "GET /api/zapier/auth/test"


async def test_the_most_in_flight_are_counted(make_api: MakeApi) -> None:
    """`peak_in_flight` is the largest number of requests answered at one time."""
    event = asyncio.Event()
    async with make_api() as api:
        await api.get("/api/zapier/auth/test")
        assert (api.sb.peak_in_flight, api.sb.peak_rate) == (1, 1)
        api.sb.fail("*", hold=event, times=None)
        calls = [asyncio.create_task(api.get("/api/zapier/auth/test")) for _ in range(5)]
        await api.sb.arrived(count=6)
        event.set()
        await asyncio.gather(*calls)
        assert api.sb.peak_in_flight == 5
        assert api.sb.peak_rate == 6


def test_a_rate_is_counted_over_the_last_second() -> None:
    """An event counts for one second, and the peak is the most at any time."""
    meter = RateMeter()
    assert [meter.hit(moment) for moment in (0.0, 0.5, 0.99, 1.0, 3.0)] == [1, 2, 3, 3, 1]
    assert meter.peak == 3
    assert meter.wait(3.25) == 0.75
    assert (meter.count(4.0), meter.wait(4.0)) == (0, 0.0)
