"""Another process can do to a sandbox what Python can, by the control API and its client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest
from openapi_spec_validator import validate

from impactive_async import AsyncClient
from impactive_async.errors import ServerError
from impactive_async.sandbox import DEFAULT_NOW, Sandbox, SandboxControl, SandboxControlError
from impactive_async.sandbox.control.openapi import control_document


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(populate="small") as one:
        yield one


@pytest.fixture
async def control(sandbox: Sandbox) -> AsyncIterator[SandboxControl]:
    async with SandboxControl(sandbox.url) as one:
        yield one


@pytest.fixture
async def crm(sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(sandbox.api_key, base_url=sandbox.url, max_retries=0) as one:
        yield one


async def test_the_clock_is_moved_and_what_is_due_happens(
    sandbox: Sandbox, control: SandboxControl, crm: AsyncClient
) -> None:
    """A span or a moment: emails go out on the way, and the answer tells the time."""
    ada = (await control.rows("contacts", contains="lovelace"))[0]
    sequence = sandbox.state.create_sequence("Welcome", [0, 2])
    await crm.sequences.enroll(sequence.id, contact_ids=[ada["id"]])
    due = (await control.clock()).next_due
    assert due is not None
    told = await control.advance(to=due)
    assert told.now == due
    assert len(await crm.sequences.sends(sequence.id)) == 1
    told = await control.advance(days=2, hours=1)
    assert told.now == due + timedelta(days=2, hours=1) == sandbox.clock.now()
    assert len(await control.rows("sends")) == 2


async def test_the_clock_runs_and_stops(sandbox: Sandbox, control: SandboxControl) -> None:
    """The speed of a sandbox that is served is no choice for ever."""
    assert (await control.clock()).speed is None
    await control.set_speed(3600)
    before = sandbox.clock.now()
    while sandbox.clock.now() == before:
        await control.overview()
    assert (await control.set_speed(None)).speed is None
    stopped = sandbox.clock.now()
    await control.overview()
    assert sandbox.clock.now() == stopped


async def test_faults_are_armed_listed_and_removed(control: SandboxControl, crm: AsyncClient) -> None:
    """What Python arms is armed from outside, and whoever debugs sees what is armed."""
    number = await control.fail("GET /api/agent/sequences", times=None, status=503, retry_after="0")
    with pytest.raises(ServerError):
        await crm.sequences.list()
    assert (await control.faults())["armed"] == [
        {
            "number": number, "pattern": "GET /api/agent/sequences", "times": None, "after": 0, "hits": 1,
            "status": 503, "retry_after": "0",
        }
    ]  # fmt: skip
    await control.clear_faults(number)
    await crm.sequences.list()
    await control.chaos(1, ["500"])
    with pytest.raises(ServerError):
        await crm.sequences.list()
    await control.clear_faults()
    assert await control.faults() == {"armed": [], "chaos": {"rate": 0, "kinds": ["500"]}}


async def test_requests_are_listed_without_those_of_the_control_api(
    control: SandboxControl, crm: AsyncClient
) -> None:
    """The journal is that of the API: steering leaves no trace in it."""
    await crm.sequences.list()
    await crm.zapier.deals.list()
    found = await control.requests()
    assert [one.route for one in found] == ["GET /api/agent/sequences", "GET /api/zapier/deals"]
    assert found == await control.requests(after=0, status=200)
    assert found[1:] == await control.requests(limit=1) == await control.requests(route="GET /api/zapier/deals")
    assert found[0].headers["x-api-key"] == "***"
    await control.forget_requests()
    assert await control.requests() == []


async def test_requests_are_followed(control: SandboxControl, crm: AsyncClient) -> None:
    """A request is told as it arrives, also to whoever connects after it."""
    await crm.sequences.list()
    async with aclosing(control.follow_requests(after=0)) as followed:
        assert (await anext(followed)).route == "GET /api/agent/sequences"
        arrival = asyncio.create_task(anext(followed))
        await crm.zapier.deals.list()
        assert (await arrival).number == 2
        assert (await arrival).route == "GET /api/zapier/deals"
    async with aclosing(control.follow_requests(after=1)) as followed:
        assert (await anext(followed)).status == 200


async def test_rows_are_written_and_lists_show_them(control: SandboxControl, crm: AsyncClient) -> None:
    """What people do in the app, a test does from its own process."""
    deal = await control.add("deals", {"name": "Pilot X", "value": 7})
    assert (await crm.zapier.deals.list())[0].name == "Pilot X"
    await control.advance(seconds=1)
    await control.touch("deals", deal["id"], {"name": "Pilot Y"})
    assert (await crm.zapier.deals.list())[0].name == "Pilot Y"
    await control.remove("deals", deal["id"])
    assert "Pilot Y" not in [row.name for row in await crm.zapier.deals.list()]
    ada = (await control.rows("contacts", limit=1))[0]["id"]
    await control.reply(ada, body="Tell me more")
    assert [row.body for row in await crm.contacts.replies(ada)] == ["Tell me more"]
    await control.burst("companies", 150)
    assert len(await crm.zapier.companies.list()) == 100
    await control.burst("replies", 3)
    assert len(await control.rows("replies")) == 4


async def test_late_rows_are_shown_late(control: SandboxControl, crm: AsyncClient) -> None:
    """Lists behave like a replica that lags."""
    await control.late_rows(60, ["deals"])
    await control.add("deals", {"name": "Late"})
    assert "Late" not in [row.name for row in await crm.zapier.deals.list()]
    await control.advance(seconds=60)
    assert "Late" in [row.name for row in await crm.zapier.deals.list()]


async def test_a_reset_begins_anew_with_the_same_key(
    sandbox: Sandbox, control: SandboxControl, crm: AsyncClient
) -> None:
    """One served sandbox is enough for a whole run of tests."""
    first = [row.id for row in await crm.contacts.list()]
    await crm.contacts.create(first_name="One", last_name="More")
    await control.advance(days=30)
    await control.fail("*", times=None, status=500)
    await control.reset()
    assert [row.id for row in await crm.contacts.list()] == first
    assert sandbox.clock.now() == DEFAULT_NOW
    assert [row.id for row in sandbox.state.rows("contacts")] == list(reversed(first))
    await control.reset(populate=False, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert (await control.overview())["clock"]["now"] == "2030-01-01T00:00:00.000000Z"
    assert await crm.contacts.list() == []
    await control.reset(seed="other", populate=True)
    assert not set(first) & {row.id for row in await crm.contacts.list()}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/clock/advance", {"day": 1}, 400, "unknown: day; known are days, hours, minutes, seconds, to"),
        ("POST", "/clock/advance", {"days": "1"}, 400, "days must be number"),
        ("POST", "/clock/advance", {"days": True}, 400, "days must be number"),
        ("POST", "/clock/advance", {"days": -1}, 400, "the clock cannot go back"),
        ("POST", "/clock/advance", {"days": 1e30}, 400, ""),
        ("POST", "/clock/advance", {"to": "2026-05-02T00:00:00"}, 400, "to: not an ISO 8601 timestamp"),
        ("POST", "/clock/advance", [1], 400, "the body must be a JSON object"),
        ("PUT", "/clock/speed", {}, 400, "missing: speed"),
        ("PUT", "/clock/speed", {"speed": 0}, 400, "speed must be above 0"),
        ("POST", "/faults", {"pattern": "GET /nowhere"}, 400, "GET /nowhere"),
        ("DELETE", "/faults/7", None, 404, "there is no fault 7"),
        ("PUT", "/chaos", {"rate": 2}, 400, "from 0 to 1"),
        ("PUT", "/chaos", {"rate": 1, "kinds": ["fire"]}, 400, "kinds: 'fire' is not one of 429, 500"),
        ("GET", "/rows/people", None, 404, "there are no rows of 'people', but of contacts, companies"),
        ("POST", "/rows/sends", {"fields": {}}, 404, "rows of 'sends' cannot be written here"),
        ("PATCH", "/rows/deals/nope", {"fields": {}}, 404, "deals has no row nope"),
        ("POST", "/replies", {"contact_id": "nope"}, 404, "contacts has no row nope"),
        ("POST", "/bursts", {"kind": "deals", "count": 10_001}, 400, "from 0 to 10,000"),
        ("GET", "/requests?limit=-1", None, 400, "limit must be a whole number, not '-1'"),
        ("GET", "/requests?lmit=1", None, 400, "unknown query parameter: lmit"),
        ("GET", "/nowhere", None, 404, "no such endpoint; /_sandbox/openapi.json lists them"),
        ("PATCH", "/clock", None, 405, "only GET here"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_in_words(
    sandbox: Sandbox, method: str, path: str, body: object, status: int, words: str
) -> None:
    """A typing slip is told, with what would be right, and changes nothing."""
    sent = {} if body is None else {"json": body}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{sandbox.url}/_sandbox{path}", **sent) as answer,  # type: ignore[arg-type]
    ):
        assert answer.status == status
        assert words in (await answer.json())["error"]


async def test_a_page_of_another_origin_steers_nothing(sandbox: Sandbox) -> None:
    """A page open in a browser must not steer what runs on the same machine."""
    url = sandbox.url + "/_sandbox/clock/advance"
    async with aiohttp.ClientSession() as http:
        async with http.post(url, json={"days": 1}, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with http.post(url, data=b'{"days": 1}', headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 415
        assert sandbox.clock.now() == DEFAULT_NOW
        async with http.post(url, json={"days": 1}, headers={"Origin": sandbox.url}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:{port}", 421),
        ("localhost.evil.example", 421),
        ("[::1", 421),
        ("localhost:{port}", 200),
        ("Sandbox.localhost", 200),
        ("[::1]:{port}", 200),
        ("10.0.0.1", 200),
    ],
)
async def test_a_name_that_was_rebound_to_this_machine_steers_nothing(
    sandbox: Sandbox, host: str, status: int
) -> None:
    """A page whose name resolves to loopback is of the same origin, but not under a name that we have."""
    named = host.format(port=urlsplit(sandbox.url).port)
    headers = {"Host": named, "Origin": f"http://{named}"}
    async with aiohttp.ClientSession() as http:
        for path in ("/requests", "/snapshot"):
            async with http.get(f"{sandbox.url}/_sandbox{path}", headers=headers) as answer:
                assert answer.status == status
        url = f"{sandbox.url}/_sandbox/clock/advance"
        async with http.post(url, json={"days": 1}, headers=headers) as answer:
            assert answer.status == status
    assert (sandbox.clock.now() == DEFAULT_NOW) == (status != 200)


async def test_a_token_is_enough_under_any_name() -> None:
    """A page elsewhere does not know it; a container may be asked by its name."""
    async with Sandbox(control_token="hush") as sandbox, aiohttp.ClientSession() as http:
        headers = {"Host": "sandbox:8080", "x-sandbox-token": "hush"}
        async with http.get(f"{sandbox.url}/_sandbox/clock", headers=headers) as answer:
            assert answer.status == 200


async def test_a_token_is_wanted_where_there_is_one() -> None:
    """A sandbox that others can reach may be kept to those who know a word."""
    async with Sandbox(control_token="hush") as sandbox:
        async with SandboxControl(sandbox.url) as stranger:
            with pytest.raises(SandboxControlError, match="x-sandbox-token is missing or wrong") as caught:
                await stranger.clock()
            assert caught.value.status == 401
        async with SandboxControl(sandbox.url, token="hush") as friend:
            assert (await friend.clock()).now == DEFAULT_NOW


async def test_a_sandbox_can_do_without() -> None:
    """Without it, the path is one that the API does not have."""
    async with Sandbox(control=False) as sandbox, SandboxControl(sandbox.url) as control:
        with pytest.raises(SandboxControlError, match="no sandbox with a control API answers at http"):
            await control.clock()
        assert len(sandbox.requests) == 1


async def test_where_no_sandbox_is_the_error_says_so() -> None:
    """The address is in the words, since it is what is wrong."""
    async with Sandbox() as sandbox:
        url = sandbox.url
    async with SandboxControl(url) as control:
        with pytest.raises(SandboxControlError, match=f"no sandbox answers at {url}") as caught:
            await control.clock()
    assert caught.value.status is None


async def test_the_document_is_openapi_and_is_served(sandbox: Sandbox) -> None:
    """Other languages make their clients from it."""
    validate(control_document())
    async with aiohttp.ClientSession() as http, http.get(sandbox.url + "/_sandbox/openapi.json") as answer:
        assert await answer.json() == control_document()
