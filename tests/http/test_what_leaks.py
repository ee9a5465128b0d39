"""What must not leak: passwords into errors, one call's headers into another, a cancelled write into silence."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from impactive_async import APIConnectionError, AsyncClient, ConfigurationError, ImpactiveError
from impactive_async.sandbox import Sandbox
from tests.support import KEY, client_of, http, outcome, scripted, until
from tests.test_secrets import all_that_shows, local_variables

PASSWORD = "pa55word"
HEADER = "Bearer 5ecret"


async def create(crm: AsyncClient) -> Any:
    return await crm.contacts.create(first_name="Ada", last_name="Lovelace")


@pytest.mark.parametrize("base_url", ["https://crm.example", "http://crm.example"])
@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "503 Service Unavailable", "200 What"])
async def test_a_proxys_password_is_in_no_error(
    status: str, base_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in text, pickle, cause, log or variables, whatever the proxy says and whether the URL is tunnelled."""
    caplog.set_level(logging.DEBUG)
    async with scripted(http(f"{status}\nContent-Length: 0\nConnection: close")) as proxy:
        address = proxy.url.replace("http://", f"http://ada:{PASSWORD}@")
        async with aiohttp.ClientSession(proxy=address, headers={"Authorization": HEADER}) as session:
            crm = AsyncClient(
                KEY,
                base_url=base_url,
                session=session,
                max_retries=0,
                allow_insecure_http=True,
                headers={"X": HEADER},
            )
            error = await outcome(create(crm))
    assert isinstance(error, ImpactiveError)
    shown = all_that_shows(error) + local_variables(error) + caplog.text
    assert PASSWORD not in shown
    assert proxy.url.removeprefix("http://") not in str(error)
    assert HEADER not in all_that_shows(error)


async def test_a_proxy_that_cannot_be_reached_shows_no_password() -> None:
    """Aiohttp's error for it holds the proxy's URL; its cause is the system's error instead."""
    async with aiohttp.ClientSession(proxy=f"http://ada:{PASSWORD}@127.0.0.1:1") as session:
        crm = AsyncClient(KEY, base_url="https://crm.example", session=session, max_retries=0)
        error = await outcome(create(crm))
    assert isinstance(error, APIConnectionError)
    assert (error.request_sent, error.outcome_unknown) == (False, False)
    assert PASSWORD not in all_that_shows(error) + local_variables(error)


async def test_headers_that_an_agent_adds_go_with_one_request_only(sandbox: Sandbox) -> None:
    """An APM agent writes into the headers that a request was given: they are of that request alone."""
    numbers = iter(range(10))

    with pytest.warns(DeprecationWarning, match="Inheritance"):  # which agents patch in from outside

        class Traced(aiohttp.ClientSession):
            async def _request(self, method: str, str_or_url: Any, **options: Any) -> aiohttp.ClientResponse:
                number = next(numbers)
                options["headers"][f"X-Trace-{number}"] = str(number)
                await asyncio.sleep(0)
                return await super()._request(method, str_or_url, **options)

    async with Traced() as session, client_of(sandbox, session=session) as crm:
        await asyncio.gather(*(crm.contacts.list() for _ in range(3)), create(crm))
    traces = [[name for name in request.headers if name.startswith("x-trace")] for request in sandbox.requests]
    assert sorted(traces) == [["x-trace-0"], ["x-trace-1"], ["x-trace-2"], ["x-trace-3"]]


async def test_an_errors_headers_are_found_in_any_case_and_kept_when_repeated() -> None:
    """As HTTP has them, also after pickling; and none of them shows a key."""
    head = f"404 No\nX-Request-ID: req_1\nSet-Cookie: a=1\nSet-Cookie: b=2\nX-Echo: {KEY}\nContent-Length: 0"
    async with scripted(http(head)) as server, AsyncClient(KEY, base_url=server.url) as crm:
        error = await outcome(crm.contacts.list())
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert one.headers["x-request-id"] == one.headers["X-REQUEST-ID"] == "req_1"
        assert one.headers.getall("set-cookie") == ["a=1", "b=2"]
        assert one.headers["x-echo"] == "icrm_…"


@pytest.mark.parametrize(
    ("body", "json", "code"),
    [
        (b'{"error": "no", "code": "bad_tag"}', {"error": "no", "code": "bad_tag"}, "bad_tag"),
        (b'{"error": {"code": 7, "message": "no"}}', {"error": {"code": 7, "message": "no"}}, "7"),
        (b'{"error": "no", "errorCode": "E7"}', {"error": "no", "errorCode": "E7"}, "E7"),
        (b'{"error": "no", "code": true}', {"error": "no", "code": True}, None),
        (b'["no"]', ["no"], None),
        (b"<html>", None, None),
        (b"", None, None),
    ],
)
async def test_an_errors_body_is_parsed(body: bytes, json: Any, code: str | None) -> None:
    """`error.json` is the body's JSON, `error.code` the server's code in it, if any."""
    head = f"422 Unprocessable\nContent-Length: {len(body)}"
    async with scripted(http(head, body)) as server, AsyncClient(KEY, base_url=server.url) as crm:
        error = await outcome(create(crm))
    assert type(error).__name__ == "UnprocessableEntityError"
    assert (error.json, error.code, error.outcome_unknown) == (json, code, False)


async def test_a_large_body_is_sent_without_a_warning(sandbox: Sandbox) -> None:
    """Aiohttp warns of bodies over 1 MiB in one piece; warnings are errors here."""
    async with client_of(sandbox) as crm:
        ada = await crm.contacts.create(first_name="Ada", last_name="x" * (2**20 + 100))
    assert len(ada.last_name or "") == 2**20 + 100


CODINGS = {
    "gzip": http("200 OK\nContent-Encoding: gzip\nContent-Length: 4", b"abcd"),
    "br": http("200 OK\nContent-Encoding: br\nContent-Length: 4", b"abcd"),
    "zstd": http("200 OK\nContent-Encoding: zstd\nContent-Length: 4", b"abcd"),
}


@pytest.mark.parametrize("answer", CODINGS.values(), ids=CODINGS)
async def test_an_encoding_that_cannot_be_decoded_is_named(answer: bytes) -> None:
    """The connection did not break: the answer is there, and packed in a way that is not understood."""
    async with scripted(answer) as server, AsyncClient(KEY, base_url=server.url, max_retries=0) as crm:
        error = await outcome(crm.contacts.list())
    assert isinstance(error, APIConnectionError)
    assert "Content-Encoding (" in str(error)
    assert "broke" not in str(error)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("session", object()), ("session", aiohttp), ("connector", "http://proxy"), ("trace_configs", [object()])],
)
def test_a_wrong_object_is_named_before_any_request(option: str, wrong: Any) -> None:
    """`session=` of another library is told when the client is made, not at the first call."""
    with pytest.raises(ConfigurationError, match=f"{option}= takes an aiohttp"):
        AsyncClient(KEY, **{option: wrong})


async def test_a_key_sources_own_time_out_is_not_ours(sandbox: Sandbox) -> None:
    """A vault that gives up is not one that does not answer within our time-out."""

    def source() -> str:
        raise TimeoutError("vault: 3 s")

    async with AsyncClient(source, base_url=sandbox.url) as crm:
        with pytest.raises(ConfigurationError, match=r"TimeoutError of its own: vault: 3 s"):
            await crm.contacts.list()
    assert not sandbox.requests


WRITES: dict[str, Callable[[AsyncClient], Awaitable[Any]]] = {
    "create": create,
    "enroll": lambda crm: crm.sequences.enroll("s", contact_ids=["a"]),
    "delete": lambda crm: crm.sequences.unenroll("s", "a"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_cancelled_under_way_leaves_a_trace(
    write: Callable[[AsyncClient], Awaitable[Any]], sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """It is still a cancellation, with a note; the log and a counter say that the server may have acted."""
    sandbox.fail("*", hold=asyncio.Event())
    async with client_of(sandbox) as crm:
        task = asyncio.ensure_future(write(crm))
        await until(lambda: bool(sandbox.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert crm.stats().cancelled_writes == 1
    assert ["may have carried it out" in note for note in caught.value.__notes__] == [True]
    assert "was cancelled while it was under way" in caplog.text


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_that_the_closing_of_its_client_cuts_off_leaves_a_trace(
    write: Callable[[AsyncClient], Awaitable[Any]], sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """`gather` drops the errors behind the first, so that nobody sees them: the log and a counter tell of them."""

    async def fail() -> None:
        await until(lambda: bool(sandbox.requests))
        raise LookupError

    sandbox.fail("*", hold=asyncio.Event())
    crm = client_of(sandbox)
    task = asyncio.ensure_future(write(crm))
    with pytest.raises(LookupError):
        await asyncio.gather(task, fail())
    await crm.aclose()
    error = await outcome(task)
    assert error.outcome_unknown
    assert "client was closed" in str(error)
    assert ["may have carried it out" in note for note in error.__notes__] == [True]
    assert crm.stats().cancelled_writes == 1
    assert "was cut off by the closing of its client" in caplog.text


async def test_a_cancelled_read_and_one_that_waits_leave_none(sandbox: Sandbox) -> None:
    """What was not sent, or changes nothing, needs no warning."""
    sandbox.fail("*", hold=asyncio.Event(), times=None)
    async with client_of(sandbox, max_concurrency=1) as crm:
        read = asyncio.ensure_future(crm.contacts.list())
        await until(lambda: bool(sandbox.requests))
        waiting = asyncio.ensure_future(create(crm))
        await asyncio.sleep(0)
        for task in (waiting, read):
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert not getattr(caught.value, "__notes__", [])
        assert crm.stats().cancelled_writes == 0
