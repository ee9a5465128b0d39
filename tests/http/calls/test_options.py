"""What a call can be given of its own, and what it can be asked for: deadline, headers, raw answers, observers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from impactive_async import (
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    ImpactiveError,
    RequestEvent,
    ResponseEvent,
    RetryEvent,
    RowList,
)
from impactive_async.sandbox import Sandbox
from tests.support import KEY, FakeClock, client_of, http, outcome, scripted, spin, until

AUTH = "GET /api/zapier/auth/test"
ENROLL = "POST /api/agent/sequences/:id/enroll"
CREATE = "POST /api/agent/contacts"


async def create(crm: AsyncClient) -> Any:
    return await crm.contacts.create(first_name="Ada", last_name="Lovelace")


async def test_a_deadline_ends_a_call_that_would_wait_beyond_it(sandbox: Sandbox) -> None:
    """Attempts and waits together: the third wait of 2 s does not fit into 3 s, and is not begun."""
    clock = FakeClock()
    sandbox.fail(AUTH, status=503, times=None)
    async with client_of(sandbox, clock=clock, deadline=3) as crm:
        error = await outcome(crm.zapier.auth_test())
    assert isinstance(error, APITimeoutError)
    assert isinstance(error, TimeoutError)
    assert clock.waits == [0.5, 1]
    assert (error.attempts, error.outcome_unknown) == (3, False)
    assert getattr(error.__cause__, "status", None) == 503
    assert "deadline" in str(error)


@pytest.mark.parametrize(("fault", "unknown"), [({"disconnect": True}, True), ({"status": 429}, False)])
async def test_a_deadline_still_tells_what_is_known(
    sandbox: Sandbox, fault: dict[str, Any], unknown: bool
) -> None:
    """A write that may have acted before the deadline passed is of unknown outcome."""
    sandbox.fail(ENROLL, **fault, times=None)
    async with client_of(sandbox) as crm:
        error = await outcome(crm.with_options(deadline=0.7).sequences.enroll("s", contact_ids=["a"]))
    assert isinstance(error, APITimeoutError)
    assert error.outcome_unknown is unknown


async def test_a_deadline_bounds_an_attempt_and_its_turn(sandbox: Sandbox) -> None:
    """Neither a server that hangs nor a place that is not free lasts longer."""
    held = asyncio.Event()
    sandbox.fail(AUTH, hold=held, times=None)
    async with client_of(sandbox, max_concurrency=1, max_retries=0) as crm:
        view = crm.with_options(deadline=0.2)
        first = asyncio.ensure_future(outcome(crm.zapier.auth_test()))
        await until(lambda: bool(sandbox.requests))
        second = await outcome(create(view))
        assert isinstance(second, APITimeoutError)
        assert (second.request_sent, second.outcome_unknown, second.attempts) == (False, False, 0)
        held.set()
        await first
        sandbox.fail(CREATE, hold=asyncio.Event())
        third = await outcome(create(view))
        assert isinstance(third, APITimeoutError)
        assert (third.request_sent, third.outcome_unknown, third.attempts) == (True, True, 1)


@pytest.mark.parametrize("deadline", [0, -1, float("inf"), float("nan"), "3", True])
async def test_a_deadline_is_a_positive_number(sandbox: Sandbox, deadline: Any) -> None:
    """Whatever can never be one is refused before anything is sent."""
    async with client_of(sandbox) as crm:
        with pytest.raises(ValueError, match="deadline is a positive number"):
            crm.with_options(deadline=deadline)
    with pytest.raises(ValueError, match="deadline is a positive number"):
        AsyncClient(KEY, deadline=deadline)


async def test_a_view_has_headers_of_its_own(crm: AsyncClient, sandbox: Sandbox) -> None:
    """They go with the view's requests, replace the client's of the same name, and add up from view to view."""
    async with client_of(sandbox, headers={"X-Team": "blue"}) as crm:
        red = crm.with_options(extra_headers={"x-team": "red", "X-Run": "7"})
        await red.with_options(extra_headers={"X-Step": "1"}).zapier.auth_test()
        await crm.zapier.auth_test()
    first, second = sandbox.requests
    assert (first.headers["x-team"], first.headers["x-run"], first.headers["x-step"]) == ("red", "7", "1")
    assert second.headers["x-team"] == "blue"
    assert "x-run" not in second.headers


@pytest.mark.parametrize("headers", [{"x-api-key": "k"}, {"Host": "h"}, {"a b": "c"}, {"X": "a\nb"}, ["X"]])
async def test_a_header_that_will_not_do_is_refused(crm: AsyncClient, headers: Any) -> None:
    """As with the client's own headers, before anything is sent."""
    with pytest.raises(ConfigurationError):
        crm.with_options(extra_headers=headers)


async def test_a_raw_response_is_the_value_and_what_the_answer_said(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Status, headers in any case, request id, attempts and seconds; `value` is what the call returns."""
    sandbox.fail(AUTH, status=503)
    raw = await crm.with_raw_response(crm.zapier.auth_test())
    assert raw.value == await crm.zapier.auth_test()
    assert (raw.status, raw.attempts) == (200, 2)
    assert raw.headers["content-TYPE"].startswith("application/json")
    assert raw.request_id == raw.headers.get("x-request-id")
    assert raw.elapsed > 0


async def test_raw_responses_of_tasks_side_by_side_are_their_own(crm: AsyncClient) -> None:
    """A client is shared; what a task records is what its own call was answered."""
    calls = [crm.with_raw_response(create(crm)), crm.with_raw_response(crm.contacts.list())]
    made, listed = await asyncio.gather(*calls)
    assert made.status in (200, 201)
    assert (listed.status, type(listed.value)) == (200, RowList)


async def test_what_is_no_call_has_no_raw_response(crm: AsyncClient) -> None:
    """A task has begun without us, and some other awaitable never asks: both are told."""
    task = asyncio.ensure_future(crm.contacts.list())
    with pytest.raises(ValueError, match="no task"):
        await crm.with_raw_response(task)
    await task
    with pytest.raises(ValueError, match="a call of this client"):
        await crm.with_raw_response(spin(1))


async def test_a_raw_call_that_fails_raises_as_ever(crm: AsyncClient) -> None:
    """Errors have the same of their own."""
    error = await outcome(crm.with_raw_response(crm.contacts.replies("nobody")))
    assert error.status == 404


def source(*keys: str) -> Callable[[], str]:
    """A key source that gives one key after the other, and then the last one for ever."""
    left = list(keys)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


OLD = "icrm_" + "0" * 32


async def test_a_refused_key_is_asked_for_once_more(sandbox: Sandbox) -> None:
    """Where the source has another key by then, the call goes on with it: a 401 has done nothing."""
    async with client_of(sandbox, api_key=source(OLD, sandbox.api_key), max_retries=0) as crm:
        assert (await create(crm)).first_name == "Ada"
    assert [request.status for request in sandbox.requests] == [401, 201]


async def test_a_key_that_stays_refused_is_raised_at_once(sandbox: Sandbox) -> None:
    """The same key again is no reason to ask again, nor is a fixed one; a second other one is not tried."""
    for key, sent in ((OLD, 1), (source(OLD), 1), (source(OLD, "icrm_" + "1" * 32, "icrm_" + "2" * 32), 2)):
        before = len(sandbox.requests)
        async with client_of(sandbox, api_key=key) as crm:
            assert isinstance(await outcome(create(crm)), AuthenticationError)
        assert len(sandbox.requests) - before == sent


async def test_observers_are_told_of_requests_answers_and_repetitions(sandbox: Sandbox) -> None:
    """One event for each attempt and what came of it, by route; an observer may add headers."""
    told: list[Any] = []
    sandbox.fail(AUTH, status=503)
    sandbox.fail(AUTH, die_mid_body=True)

    def trace(event: RequestEvent) -> None:
        told.append(event)
        event.headers["X-Trace"] = str(event.attempt)

    async with client_of(sandbox, on_request=trace, on_response=told.append, on_retry=told.append) as crm:
        await crm.zapier.auth_test()
        await outcome(crm.contacts.replies("nobody"))
    kinds = [type(event) for event in told]
    assert kinds == [*[RequestEvent, ResponseEvent, RetryEvent] * 2, *[RequestEvent, ResponseEvent] * 2]
    answers = [event for event in told if isinstance(event, ResponseEvent)]
    assert [answer.status for answer in answers] == [503, None, 200, 404]
    assert answers[1].error == "ClientPayloadError"
    assert answers[3].request.route == "/api/agent/contacts/:id/replies"
    assert answers[3].request.path == "/api/agent/contacts/nobody/replies"
    assert all(answer.elapsed >= 0 for answer in answers)
    assert [event.reason for event in told if isinstance(event, RetryEvent)] == ["HTTP 503", "APIConnectionError"]
    assert [request.headers["x-trace"] for request in sandbox.requests] == ["1", "2", "3", "1"]
    assert KEY not in repr(told)


async def test_an_observer_that_fails_fails_no_call(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the call goes on."""

    def fail(_: object) -> None:
        raise RuntimeError("no metrics today")

    sandbox.fail(AUTH, status=503)
    async with client_of(sandbox, on_request=fail, on_response=fail, on_retry=fail) as crm:
        assert (await crm.zapier.auth_test()).id
    assert caplog.text.count("an observer of the client has failed") == 5


async def test_a_cancelled_request_is_told_as_well(sandbox: Sandbox) -> None:
    """Whatever counts requests under way counts down again."""
    told: list[ResponseEvent] = []
    sandbox.fail(AUTH, hold=asyncio.Event())
    async with client_of(sandbox, on_response=told.append) as crm:
        task = asyncio.ensure_future(crm.zapier.auth_test())
        await until(lambda: bool(sandbox.requests))
        task.cancel()
        await asyncio.wait([task])
    assert [(event.status, event.error) for event in told] == [(None, "CancelledError")]


async def test_a_proxy_is_named_without_a_session(sandbox: Sandbox) -> None:
    """Requests to a plain host go to the proxy, with its login; the key goes along to nobody else."""
    async with scripted(http("200 OK\nContent-Length: 25", b'{"id": "w", "name": "W"} ')) as proxy:
        address = proxy.url.replace("//", "//ada:lovelace@")
        options: dict[str, Any] = {"base_url": "http://crm.example", "allow_insecure_http": True, "proxy": address}
        async with AsyncClient(KEY, **options) as crm:
            assert (await crm.zapier.auth_test()).id == "w"
            assert "lovelace" not in repr(vars(crm._caller.transport))
    assert proxy.heads[0].startswith("GET http://crm.example/api/zapier/auth/test HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic" in proxy.heads[0]


@pytest.mark.parametrize("proxy", ["localhost:3128", "socks5://localhost:1080", "http://", "pa55word"])
def test_a_proxy_that_is_none_is_refused(proxy: str) -> None:
    """Before any request, and without its text, which may hold a password."""
    with pytest.raises(ConfigurationError, match="proxy= is a URL") as caught:
        AsyncClient(KEY, proxy=proxy)
    assert proxy not in str(caught.value).replace("http://user", "")


async def test_a_private_authority_is_trusted_by_its_file(tmp_path: Path) -> None:
    """`ca_file=` is enough for a host behind a company's own certificate authority."""
    authority, tls = trustme.CA(), _server_context()
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    answer = http("200 OK\nContent-Length: 24", b'{"id": "w", "name": "W"}')
    async with scripted(answer, answer, tls=tls) as server:
        async with AsyncClient(KEY, base_url=server.url, ca_file=str(tmp_path / "ca.pem")) as crm:
            assert (await crm.zapier.auth_test()).id == "w"
        async with AsyncClient(KEY, base_url=server.url, max_retries=0) as crm:
            assert "certificate" in str(await outcome(crm.zapier.auth_test()))


def _server_context() -> ssl.SSLContext:
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    """Missing, empty or something else: told when the client is made."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match="ca_file="):
        AsyncClient(KEY, ca_file=str(file))


async def test_the_environment_is_used_where_it_is_wished(monkeypatch: pytest.MonkeyPatch) -> None:
    """`trust_env=True` takes the proxy of the environment; without it, nothing of it is used."""
    async with scripted(http("200 OK\nContent-Length: 24", b'{"id": "w", "name": "W"}')) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        options: dict[str, Any] = {"base_url": "http://crm.example", "allow_insecure_http": True}
        async with AsyncClient(KEY, **options, trust_env=True) as crm:
            assert (await crm.zapier.auth_test()).id == "w"


@pytest.mark.parametrize("option", [{"proxy": "http://p:1"}, {"ca_file": "x"}, {"trust_env": True}])
async def test_a_borrowed_session_has_its_own(option: dict[str, Any]) -> None:
    """What would be ignored is refused."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ImpactiveError, match="session= is borrowed as it is"):
            AsyncClient(KEY, session=session, **option)


async def test_the_connect_time_out_is_an_option() -> None:
    """A connection that takes longer was certainly not sent; half of the time-out bounds it, too."""
    with pytest.raises(ValueError, match="connect_timeout is a positive number"):
        AsyncClient(KEY, connect_timeout=0)


async def test_every_call_takes_a_deadline_and_headers(sandbox: Sandbox) -> None:
    """They go before those of a view, for one call alone."""
    async with client_of(sandbox) as crm:
        await crm.zapier.deals.list(deadline=20, extra_headers={"X-Run": "7"})
        await crm.contacts.create(first_name="A", last_name="B", deadline=20, extra_headers={"X-Run": "8"})
        with pytest.raises(ValueError, match="deadline is a positive number"):
            await crm.sequences.list(deadline=0)
    assert [request.headers.get("x-run") for request in sandbox.requests] == ["7", "8"]
