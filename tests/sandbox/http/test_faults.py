"""Trouble on demand, as a client meets it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from impactive_async.sandbox import CHAOS_KINDS, Fault, Sandbox
from tests.sandbox.calls import Api, MakeApi

AUTH = "GET /api/zapier/auth/test"
CREATE = "POST /api/agent/contacts"
ADA = {"firstName": "Ada", "lastName": "Lovelace"}


@pytest.fixture
async def raw(api: Api) -> AsyncIterator["Raw"]:
    raw = Raw(api.sb)
    yield raw
    await raw.close()


class Raw:
    """One connection without any client's cleverness, such as sending a request again by itself."""

    def __init__(self, sb: Sandbox) -> None:
        self.sb = sb
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, name: str, body: object = None) -> None:
        if self.streams is None:
            host, port = self.sb.url.removeprefix("http://").split(":")
            self.streams = await asyncio.open_connection(host, int(port))
        method, path = name.split()
        payload = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nx-api-key: {self.sb.api_key}\r\n"
        self.streams[1].write(f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload)

    async def head(self) -> str:
        assert self.streams is not None
        return (await self.streams[0].readuntil(b"\r\n\r\n")).decode()

    async def answer(self) -> tuple[str, bytes]:
        """Head and body of an answer, as long as it promises to be."""
        assert self.streams is not None
        head = await self.head()
        length = int(head.lower().split("content-length: ")[1].split()[0])
        return head, await self.streams[0].readexactly(length)

    async def rest(self) -> bytes:
        """What is left until the server closes."""
        assert self.streams is not None
        return await self.streams[0].read()

    async def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            await self.streams[1].wait_closed()


async def test_a_status_strikes_as_often_as_it_says(api: Api) -> None:
    """`after` requests pass, `times` are struck, the rest pass; other routes never notice."""
    armed = api.sb.fail(AUTH, status=503, times=2, after=1)
    seen = [(await api.send("GET", "/api/zapier/auth/test")).status for _ in range(5)]
    assert seen == [200, 503, 503, 200, 200]
    assert armed.hits == 2
    api.sb.fail(AUTH, status=500, times=None)
    assert (await api.send("GET", "/api/agent/contacts")).status == 200


async def test_a_star_strikes_every_route(api: Api) -> None:
    """`*` is for all requests, also those without a key or an endpoint."""
    api.sb.fail("*", status=502, times=None)
    for path in ("/api/agent/contacts", "/nowhere"):
        assert (await api.send("GET", path, headers={"x-api-key": ""})).status == 502
    api.sb.clear_faults()
    assert (await api.send("GET", "/api/agent/contacts")).status == 200


async def test_the_fault_armed_first_strikes_first(api: Api) -> None:
    """Faults of one route queue up."""
    api.sb.fail(AUTH, status=500)
    api.sb.arm(AUTH, Fault(status=502), times=1)
    assert [(await api.send("GET", "/api/zapier/auth/test")).status for _ in range(3)] == [500, 502, 200]


@pytest.mark.parametrize("pattern", ["GET /api/agent/contact", "get /api/zapier/deals", "/api/zapier/deals", ""])
def test_a_fault_for_no_endpoint_is_refused(pattern: str) -> None:
    """A misspelt pattern would never strike, so it is an error."""
    with pytest.raises(ValueError, match="is no endpoint"):
        Sandbox().fail(pattern, status=500)
    with pytest.raises(ValueError, match="is no endpoint"):
        Sandbox().requests_to(pattern)


@pytest.mark.parametrize(
    ("value", "header"),
    [
        (2, "2"),
        (0.5, "0.5"),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
        (datetime(2026, 10, 21, 7, 28, tzinfo=UTC), "Wed, 21 Oct 2026 07:28:00 GMT"),
        (None, None),
    ],
)
async def test_retry_after_has_every_form(
    api: Api, value: float | str | datetime | None, header: str | None
) -> None:
    """Retry-After may be seconds, a date, raw, or missing; other headers can be added."""
    api.sb.fail(AUTH, status=429, retry_after=value, headers={"cf-ray": "abc"})
    got = await api.send("GET", "/api/zapier/auth/test")
    assert (got.status, got.headers.get("Retry-After"), got.headers["cf-ray"]) == (429, header, "abc")
    assert got.json == {"error": "Injected 429"}


async def test_a_struck_request_is_not_handled(api: Api) -> None:
    """An answer of the fault's own, or none, means that nothing was written."""
    for trouble in ({"status": 502}, {"body": b"{}"}, {"redirect_to": "/x"}):
        api.sb.fail(CREATE, **trouble)
        await api.send("POST", "/api/agent/contacts", ADA)
    assert api.sb.state.rows("contacts") == []
    assert [request.committed for request in api.sb.requests] == [False] * 3


async def test_commit_handles_the_request_first(api: Api) -> None:
    """A 502 with `commit` hides a write that has taken effect."""
    api.sb.fail(CREATE, status=502, commit=True)
    assert (await api.send("POST", "/api/agent/contacts", ADA)).status == 502
    assert len(api.sb.state.rows("contacts")) == 1
    (request,) = api.sb.requests_to(CREATE)
    assert (request.status, request.committed) == (502, True)


@pytest.mark.parametrize(("trouble", "rows"), [("disconnect", 0), ("drop_after_commit", 1)])
async def test_a_connection_is_dropped_before_or_after_the_write(
    api: Api, raw: Raw, trouble: str, rows: int
) -> None:
    """The client sees the connection close and nothing else; the journal knows whether it was handled."""
    api.sb.fail(CREATE, **{trouble: True})  # type: ignore[arg-type]
    await raw.send(CREATE, ADA)
    assert await raw.rest() == b""
    assert len(api.sb.state.rows("contacts")) == rows
    (request,) = api.sb.requests
    assert (request.status, request.committed) == (None, bool(rows))


async def test_raw_bodies_of_any_kind(api: Api) -> None:
    """HTML, wrong JSON and nothing at all can be answered, with any status."""
    api.sb.fail(AUTH, status=502, body=b"<html>", content_type="text/html")
    api.sb.fail(AUTH, body=b"{]", content_type="text/plain")
    api.sb.fail(AUTH, body=b"", content_type="text/plain")
    seen = [await api.send("GET", "/api/zapier/auth/test") for _ in range(3)]
    assert [(got.status, got.text) for got in seen] == [(502, "<html>"), (200, "{]"), (200, "")]
    assert seen[0].headers["Content-Type"] == "text/html"


async def test_an_empty_answer_may_hide_a_write(api: Api) -> None:
    """With `commit`, even 204 and nothing else can follow a write that took effect."""
    api.sb.fail(CREATE, status=204, body=b"", commit=True)
    got = await api.send("POST", "/api/agent/contacts", ADA)
    assert (got.status, got.text) == (204, "")
    assert len(api.sb.state.rows("contacts")) == 1


async def test_a_redirect_names_its_target(api: Api) -> None:
    """A redirect is a 302 with its Location, or another status if one is given."""
    api.sb.fail(AUTH, redirect_to="http://elsewhere.example/")
    api.sb.fail(AUTH, redirect_to="/here", status=308)
    for status, target in ((302, "http://elsewhere.example/"), (308, "/here")):
        got = await api.send("GET", "/api/zapier/auth/test")
        assert (got.status, got.headers["Location"]) == (status, target)


async def test_a_truncated_body_agrees_with_its_length(api: Api, raw: Raw) -> None:
    """The answer is whole HTTP and half a document."""
    whole = json.dumps(await api.get("/api/zapier/auth/test"), separators=(",", ":")).encode()
    api.sb.fail(AUTH, truncate=True)
    await raw.send(AUTH)
    head, body = await raw.answer()
    assert head.startswith("HTTP/1.1 200")
    assert body == whole[: len(whole) // 2]
    await raw.send(AUTH)
    assert (await raw.answer())[1] == whole


async def test_a_connection_may_die_in_the_middle_of_a_body(api: Api, raw: Raw) -> None:
    """The head promises more bytes than arrive before the connection closes."""
    whole = json.dumps(await api.get("/api/zapier/auth/test"), separators=(",", ":")).encode()
    api.sb.fail(AUTH, die_mid_body=True)
    await raw.send(AUTH)
    assert f"Content-Length: {len(whole)}" in await raw.head()
    assert await raw.rest() == whole[: len(whole) // 2]


@pytest.mark.parametrize("how", [True, "at_once"])
async def test_a_keepalive_connection_is_dropped_right_after_the_answer(api: Api, raw: Raw, how: bool) -> None:
    """The whole answer arrives, without a word about closing, and then the connection closes."""
    api.sb.fail(AUTH, drop_keepalive=how)
    await raw.send(AUTH)
    head, _ = await raw.answer()
    assert "connection:" not in head.lower()
    assert await raw.rest() == b""


async def test_a_keepalive_connection_is_dropped_as_the_next_request_arrives(api: Api, raw: Raw) -> None:
    """The next request on that connection is lost unhandled; others are not affected."""
    api.sb.fail(AUTH, drop_keepalive="on_reuse")
    await raw.send(AUTH)
    assert (await raw.answer())[0].startswith("HTTP/1.1 200")
    await api.post("/api/agent/contacts", ADA)
    await raw.send(CREATE, ADA)
    assert await raw.rest() == b""
    assert len(api.sb.state.rows("contacts")) == 1
    assert [(one.status, one.committed) for one in api.sb.requests_to(CREATE)] == [(201, True), (None, False)]


@pytest.mark.parametrize(("commit", "early"), [(False, 0), (True, 1)])
async def test_a_held_request_waits_before_or_after_the_write(api: Api, commit: bool, early: int) -> None:
    """`hold` keeps a request until its event is set, on the side of the write that `commit` says."""
    event = asyncio.Event()
    api.sb.fail(CREATE, hold=event, commit=commit)
    call = asyncio.create_task(api.send("POST", "/api/agent/contacts", ADA))
    await api.sb.arrived()
    assert len(api.sb.state.rows("contacts")) == early
    event.set()
    assert (await call).status == 201
    assert len(api.sb.state.rows("contacts")) == 1


async def test_a_delay_takes_real_time(api: Api) -> None:
    """`delay` waits on the real clock."""
    loop = asyncio.get_running_loop()
    api.sb.fail(AUTH, delay=0.02)
    before = loop.time()
    assert (await api.send("GET", "/api/zapier/auth/test")).status == 200
    assert loop.time() - before >= 0.02


async def test_a_client_that_gives_up_leaves_a_held_write_to_the_server(api: Api) -> None:
    """A request abandoned by its client is still handled when it is let go, as by a real server."""
    event = asyncio.Event()
    api.sb.fail(CREATE, hold=event)
    call = asyncio.create_task(api.send("POST", "/api/agent/contacts", ADA))
    await api.sb.arrived()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    event.set()
    await api.sb.until(lambda: api.sb.requests[0].committed)
    assert len(api.sb.state.rows("contacts")) == 1


async def test_chaos_follows_from_the_seed(make_api: MakeApi) -> None:
    """A share of all requests is struck, the same ones for the same seed, until it is cleared."""
    runs = []
    for seed in ("a", "a", "b"):
        async with make_api(seed=seed) as api:
            api.sb.chaos(0.3, kinds=["500", "503"])
            runs.append([(await api.send("GET", "/api/zapier/auth/test")).status for _ in range(100)])
            api.sb.clear_faults()
            assert (await api.send("GET", "/api/zapier/auth/test")).status == 200
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 500, 503}
    assert 15 < 100 - runs[0].count(200) < 45


@pytest.mark.parametrize("kind", CHAOS_KINDS)
async def test_every_kind_of_chaos_strikes(make_api: MakeApi, kind: str) -> None:
    """Each kind either spoils the answer, or loses it, or the one after it, or only takes time."""
    async with make_api() as api:
        api.sb.chaos(1, kinds=[kind])  # type: ignore[list-item]
        seen: list[object] = []
        for _ in range(2):
            try:
                seen.append((await api.send("POST", "/api/agent/contacts", ADA)).status)
            except (aiohttp.ClientError, ValueError) as error:
                seen.append(type(error).__name__)
        if kind == "delay":
            assert seen == [201, 201]
        else:
            assert seen != [201, 201]
