"""One session, one host, one loop: what goes over the wire, and whose session it is."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
import pytest

from impactive_async import AsyncClient, ConfigurationError, __version__
from impactive_async.sandbox import Sandbox
from tests.support import KEY, FakeClock, client_of, outcome, scripted, spin, until

AUTH = "GET /api/zapier/auth/test"


def only_headers(sandbox: Sandbox) -> dict[str, str]:
    (request,) = sandbox.requests
    return {name: value for name, value in request.headers.items() if name not in ("host", "accept-encoding")}


async def test_a_request_carries_our_headers_and_no_others(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Accept, User-Agent and the key; a Content-Type only where there is a body."""
    await crm.zapier.auth_test()
    agent = f"impactive-async/{__version__} Python/{sys.version_info.major}.{sys.version_info.minor} "
    assert only_headers(sandbox) == {
        "accept": "application/json",
        "user-agent": agent + f"aiohttp/{aiohttp.__version__}",
        "x-api-key": "***",
    }


async def test_given_headers_are_added_or_replace_ours_in_any_case(sandbox: Sandbox) -> None:
    """`headers=` wins over our own, however it is spelt, and nothing is sent twice."""
    async with scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + b'{"id":"w"}') as server:
        options: dict[str, Any] = {"base_url": server.url, "headers": {"user-agent": "mine", "X-Team": "blue"}}
        async with client_of(sandbox, **options) as crm:
            await crm.zapier.auth_test()
    head = server.heads[0].lower()
    assert "user-agent: mine\r\n" in head
    assert "x-team: blue\r\n" in head
    assert head.count("user-agent:") == 1


async def test_a_base_url_with_a_path_is_kept(sandbox: Sandbox) -> None:
    """A white-label host may serve the API below a path, and ids stay encoded behind it."""
    refusal = scripted(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
    async with refusal as server, client_of(sandbox, base_url=f"{server.url}/crm/v2/") as crm:
        await outcome(crm.contacts.replies("a b%2F"))
    assert server.heads[0].startswith("GET /crm/v2/api/agent/contacts/a%20b%252F/replies HTTP/1.1\r\n")


def tracing(events: list[str]) -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()

    async def connect(*_: Any) -> None:
        events.append("connect")

    async def end(_: Any, __: Any, params: aiohttp.TraceRequestEndParams) -> None:
        events.append(f"{params.method} {params.response.status}")

    config.on_connection_create_end.append(connect)
    config.on_request_end.append(end)
    return config


async def test_calls_share_one_connection_and_trace_hooks_see_them(sandbox: Sandbox) -> None:
    """Calls one after the other reuse the connection; aiohttp's hooks are passed through as they are."""
    events: list[str] = []
    async with client_of(sandbox, trace_configs=[tracing(events)]) as crm:
        assert events == []  # nothing before the first call
        await crm.zapier.auth_test()
        await crm.with_options(timeout=5).contacts.list()
    assert events == ["connect", "GET 200", "GET 200"]


async def test_cookies_are_not_kept(sandbox: Sandbox) -> None:
    """A cookie that a proxy sets does not tie later calls together."""
    named = sandbox.url.replace("127.0.0.1", "localhost")  # aiohttp keeps no cookies of bare addresses anyway
    sandbox.fail(AUTH, status=200, body=b'{"id": "w"}', headers={"Set-Cookie": "session=1; Path=/"})
    async with client_of(sandbox, base_url=named) as crm:
        await crm.zapier.auth_test()
        await crm.zapier.auth_test()
    assert "cookie" not in sandbox.requests[1].headers


async def test_an_opened_session_is_closed_with_its_connector(sandbox: Sandbox) -> None:
    """What we opened, or were given to open with, is closed by `aclose`; closing twice is fine."""
    connector = aiohttp.TCPConnector()
    crm = client_of(sandbox, connector=connector)
    await crm.zapier.auth_test()
    assert repr(crm) == f"<AsyncClient {sandbox.url} (open)>"
    await crm.aclose()
    await crm.aclose()
    assert connector.closed
    assert repr(crm) == f"<AsyncClient {sandbox.url} (closed)>"


async def test_a_borrowed_session_stays_as_it_was(sandbox: Sandbox) -> None:
    """It is neither closed nor given our headers, and its own travel along."""
    async with aiohttp.ClientSession(headers={"X-Theirs": "1"}, raise_for_status=True) as session:
        async with client_of(sandbox, session=session, headers={"X-Ours": "1"}) as crm:
            await crm.zapier.auth_test()
            missing = await outcome(crm.contacts.replies("nobody"))
        assert not session.closed
        assert dict(session.headers) == {"X-Theirs": "1"}
    assert missing.status == 404  # their raise_for_status does not get before our errors
    assert sandbox.requests[0].headers["x-theirs"] == "1"
    assert sandbox.requests[0].headers["x-ours"] == "1"


async def test_a_closed_borrowed_session_is_named(sandbox: Sandbox) -> None:
    """Whoever closed the session they lent is told so, before any request."""
    async with aiohttp.ClientSession() as session:
        crm = client_of(sandbox, session=session)
        await crm.zapier.auth_test()
    with pytest.raises(ConfigurationError, match="session given as session= is closed"):
        await crm.zapier.auth_test()
    assert len(sandbox.requests) == 1


async def test_use_after_close_is_a_clear_error(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A closed client sends nothing more, through whichever of its views."""
    view = crm.with_options(timeout=5)
    await crm.aclose()
    for client in (crm, view):
        with pytest.raises(ConfigurationError, match="This client is closed"):
            await client.zapier.auth_test()
    assert sandbox.requests == ()


async def test_use_after_close_does_not_wait(sandbox: Sandbox, clock: FakeClock) -> None:
    """What is known to be wrong is said at once, even while a 429 holds everybody."""
    sandbox.fail(AUTH, status=429, retry_after=60)
    async with client_of(sandbox, clock=clock, max_retries=0) as crm:
        await outcome(crm.zapier.auth_test())
    with pytest.raises(ConfigurationError, match="This client is closed"):
        await crm.zapier.auth_test()
    assert clock.waits == []


def test_use_from_another_loop_is_a_clear_error() -> None:
    """A client belongs to the loop of its first call: another one can neither use nor close it."""

    async def first() -> AsyncClient:
        async with Sandbox() as sandbox:
            crm = client_of(sandbox)
            await crm.zapier.auth_test()
            return crm

    async def second(crm: AsyncClient) -> None:
        for call in (crm.zapier.auth_test, crm.aclose):
            with pytest.raises(ConfigurationError, match="in use on another event loop"):
                await call()

    with asyncio.Runner() as one, asyncio.Runner() as other:
        crm = one.run(first())
        other.run(second(crm))
        one.run(crm.aclose())


def test_a_client_may_be_made_before_there_is_a_loop() -> None:
    """Making one needs no event loop; its first call binds it."""
    crm = AsyncClient(KEY, base_url="http://127.0.0.1:9")

    async def use() -> Any:
        async with crm:
            return await outcome(crm.with_options(max_retries=0).zapier.auth_test())

    assert asyncio.run(use()).request_sent is False


async def test_closing_while_a_call_waits_for_its_turn(sandbox: Sandbox) -> None:
    """A call that has not been sent when the client closes never is."""
    hold = asyncio.Event()
    sandbox.fail(AUTH, hold=hold)
    crm = client_of(sandbox, max_concurrency=1, max_retries=0)
    calls = [asyncio.create_task(outcome(crm.zapier.auth_test())) for _ in range(2)]
    await until(lambda: len(sandbox.requests) == 1)
    await crm.aclose()
    sent, unsent = await asyncio.gather(*calls)
    assert sent.request_sent is True
    assert isinstance(unsent, ConfigurationError)
    assert len(sandbox.requests) == 1


async def test_closing_while_a_call_waits_for_its_key(sandbox: Sandbox) -> None:
    """The same holds for a call whose key source is still being asked."""
    ready = asyncio.Event()

    async def key() -> str:
        await ready.wait()
        return sandbox.api_key

    crm = client_of(sandbox, api_key=key)
    call = asyncio.create_task(outcome(crm.zapier.auth_test()))
    await spin(5)
    await crm.aclose()
    ready.set()
    assert isinstance(await call, ConfigurationError)
    assert sandbox.requests == ()


async def test_each_attempt_asks_for_the_key(sandbox: Sandbox) -> None:
    """A key rotated between two attempts is used by the second."""
    keys = [sandbox.api_key, sandbox.add_key()]
    sandbox.fail(AUTH, status=503)
    sandbox.revoke_key()
    async with client_of(sandbox, api_key=lambda: keys.pop(0)) as crm:
        await crm.zapier.auth_test()
    assert keys == []
    assert [request.status for request in sandbox.requests] == [503, 200]


async def test_a_failing_key_source_fails_the_call_and_frees_its_slot(sandbox: Sandbox) -> None:
    """The source's own error reaches the caller, and the next call goes through."""
    answers: list[Any] = [RuntimeError("vault is sealed"), "nonsense", sandbox.api_key]

    def key() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    async with client_of(sandbox, api_key=key, max_concurrency=1) as crm:
        with pytest.raises(RuntimeError, match="vault is sealed"):
            await crm.zapier.auth_test()
        with pytest.raises(ConfigurationError, match="ill-formed"):
            await crm.zapier.auth_test()
        await crm.zapier.auth_test()
        assert crm.stats().in_flight == 0


async def test_a_redirect_is_not_followed(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A 3xx is an error that names the location; the other server hears nothing, least of all the key."""
    async with scripted(b"") as other:
        sandbox.fail("*", redirect_to=f"{other.url}/api", times=None)
        calls = [(crm.zapier.auth_test(), False), (crm.contacts.create(first_name="A", last_name="B"), True)]
        for call, unknown in calls:
            error = await outcome(call)
            assert (error.status, error.outcome_unknown) == (302, unknown)
            assert f"redirects to {other.url}/api" in str(error)
        assert other.heads == []
    assert len(sandbox.requests) == 2
