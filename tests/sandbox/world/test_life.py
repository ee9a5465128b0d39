"""Starting, stopping, populating, and size."""

import asyncio
import gc
import io
import time
import warnings

import aiohttp
import pytest

from impactive_async.sandbox import Sandbox
from tests.sandbox.calls import Api, MakeApi
from tests.support import now, time_jumps


async def test_it_listens_on_loopback_until_it_is_stopped() -> None:
    """The url is there while it runs, on a free port of this machine, and the port is closed afterwards."""
    sb = Sandbox()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sb.url
    assert await sb.start() is sb
    url = sb.url
    assert url.startswith("http://127.0.0.1:")
    with pytest.raises(RuntimeError, match="running already"):
        await sb.start()
    await sb.stop()
    await sb.stop()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_it_can_be_started_again() -> None:
    """A sandbox that was stopped keeps its state for the next start."""
    sb = Sandbox(populate=False)
    for count in (0, 1):
        async with sb, aiohttp.ClientSession(sb.url, headers={"x-api-key": sb.api_key}) as session:
            async with session.get("/api/agent/contacts") as response:
                assert len(await response.json()) == count
            sb.state.create_contact("Ada", "Lovelace")


async def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    """Start raises OSError when the port is taken, and can be tried again."""
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
        second = Sandbox(port=port)
        with pytest.raises(OSError, match=str(port)):
            await second.start()
    async with second:
        assert second.url.endswith(str(port))


async def test_ipv6_urls_have_brackets() -> None:
    """On an IPv6 address the url is one that clients understand."""
    try:
        async with Sandbox(host="::1") as sb, aiohttp.ClientSession() as session:
            assert sb.url.startswith("http://[::1]:")
            async with session.get(sb.url) as response:
                assert response.status == 401
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


@time_jumps
async def test_stopping_does_not_wait_for_anybody(make_api: MakeApi) -> None:
    """Idle connections, held requests and half-sent ones delay no stop and leave no task behind."""
    before = asyncio.all_tasks()
    async with make_api() as api:
        await api.get("/api/zapier/auth/test")
        api.sb.fail("GET /api/agent/contacts", hold=asyncio.Event())
        held = asyncio.create_task(api.get("/api/agent/contacts"))
        host, port = api.sb.url.removeprefix("http://").split(":")
        _, half = await asyncio.open_connection(host, int(port))
        half.write(b"POST /api/agent/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        while api.sb.peak_in_flight < 2:  # noqa: ASYNC110 - half a request is in no journal
            await asyncio.sleep(0)
        start = now()
        await api.sb.stop()
        assert now() - start < 2
        with pytest.raises(aiohttp.ClientError):
            await held
        half.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_client_that_leaves_in_the_middle_of_a_request_is_forgotten(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a request changes nothing, is not journalled, and is no error of the sandbox's."""
    host, port = api.sb.url.removeprefix("http://").split(":")
    _, half = await asyncio.open_connection(host, int(port))
    half.write(b"POST /api/agent/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    while api.sb.peak_in_flight < 1:  # noqa: ASYNC110 - half a request is in no journal
        await asyncio.sleep(0)
    half.close()
    await half.wait_closed()
    await api.get("/api/zapier/auth/test")
    assert len(api.sb.requests) == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_nothing_is_left_to_warn_about() -> None:
    """A sandbox leaves no open socket or transport to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with Sandbox() as sb, aiohttp.ClientSession(sb.url) as session, session.get("/"):
            pass
        gc.collect()


async def test_a_body_over_the_bound_is_refused(api: Api) -> None:
    """A body larger than aiohttp's own bound is fine; an absurd one is 413."""
    assert (
        await api.send("POST", "/api/agent/contacts", data=io.BytesIO(b" " * 2 * 1024**2 + b"{}"))
    ).status == 400
    got = await api.send("POST", "/api/agent/contacts", data=io.BytesIO(b" " * (33 * 1024**2)))
    assert got.status == 413


async def test_a_populated_workspace_has_something_of_everything(make_api: MakeApi) -> None:
    """By default every list but the sequences' shows rows, all dated before now and linked to each other."""
    async with make_api(populate=True) as api:
        for kind in ("companies", "contacts", "deals", "invoices", "projects"):
            rows = await api.get(f"/api/zapier/{kind}")
            assert len(rows) >= 3
            assert all(row["updatedAt"] < "2026-05-01T09:00:00.000Z" for row in rows)
            assert kind == "companies" or all(row["companyName"] for row in rows)
        assert len(await api.get("/api/agent/sending-accounts")) == 2
        assert any(tag.contact_ids for tag in api.sb.state.tags.values())
        assert any(group.contact_ids for group in api.sb.state.lists.values())


async def test_everything_follows_from_the_seed(make_api: MakeApi) -> None:
    """Two sandboxes of one seed show the same rows for the same calls; another seed shows other ids."""
    seen = []
    for seed in ("a", "a", "b"):
        async with make_api(seed=seed, populate=True, reply_rate=0.5) as api:
            sequence = await api.post("/api/agent/sequences", {"name": "S", "steps": []})
            path = f"/api/agent/sequences/{sequence['id']}"
            await api.post(path + "/steps", {"subject": "s", "body": "b", "delayDays": 0})
            ids = [row.id for row in api.sb.state.rows("contacts")]
            await api.post(path + "/enroll", {"contactIds": ids})
            await api.sb.clock.advance(days=2)
            lists = ("/enrollments", "/sends", "/replies")
            seen.append([await api.get(path + rest) for rest in lists] + [await api.get("/api/zapier/deals")])
    assert seen[0] == seen[1] != seen[2]


async def test_two_sandboxes_share_nothing(make_api: MakeApi) -> None:
    """State belongs to the instance; a key of one is no key of the other."""
    async with make_api(seed="a") as one, make_api(seed="b") as two:
        await one.post("/api/zapier/companies", {"name": "x"})
        assert await two.get("/api/zapier/companies") == []
        await two.refused(401, "GET", "/api/zapier/auth/test", headers={"x-api-key": one.sb.api_key})


def test_direct_helpers_refuse_what_does_not_exist() -> None:
    """Unknown ids are a LookupError, fields the API would refuse a ValueError."""
    state = Sandbox(populate=False).state
    with pytest.raises(LookupError, match="contacts has no row x"):
        state.touch("contacts", "x")
    for call in (state.steps, state.enrollments):
        with pytest.raises(LookupError, match="No such sequence"):
            call("x")
    sequence = state.create_sequence("S")
    with pytest.raises(LookupError, match="not enrolled"):
        state.resume(sequence.id, "x")
    with pytest.raises(ValueError, match="status must be one of"):
        state.set_sequence_status(sequence.id, "x")


async def test_it_stays_quick_when_it_is_large(make_api: MakeApi) -> None:
    """A page costs what it returns: with ten times the contacts on a sequence, no more than with a tenth."""
    few, many = [await cost_of_pages(make_api, people) for people in (500, 5_000)]
    assert many < 3 * few


async def cost_of_pages(make_api: MakeApi, people: int) -> float:
    """CPU seconds that some pages take with so many people on a sequence, in the cheapest of five rounds."""
    async with make_api() as api:
        state, costs = api.sb.state, []
        ids = [state.create_contact("P", str(n), email=f"p{n}@x.example").id for n in range(people)]
        sequence = state.create_sequence("S", [0])
        state.enroll(sequence.id, ids)
        await api.sb.clock.advance(hours=1)
        assert len(state.sends) == people
        path = f"/api/agent/sequences/{sequence.id}"
        for _ in range(5):
            start = time.process_time()
            await api.get("/api/zapier/contacts")
            await api.get(path + "/enrollments", since="2026-05-01T09:00:00Z")
            await api.get(path + "/sends", since="2026-05-01T09:00:00Z")
            await api.get(path)
            costs.append(time.process_time() - start)
            state.touch("contacts", ids[0])
        return min(costs)
