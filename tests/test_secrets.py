"""The API key is in the one header it belongs to, and nowhere else."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from impactive_async import AsyncClient, ImpactiveError
from impactive_async.sandbox import Sandbox
from tests.support import KEY, client_of, http, outcome, scripted

SECRET = KEY.removeprefix("icrm_")
ECHO = f"key {KEY}".encode()
PEOPLE = "GET /api/agent/contacts"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and whatever hangs on it."""
    while error is not None:
        yield error
        if error.__cause__ is not None and error.__context__ not in (None, error.__cause__):
            yield from chain(error.__context__)
        error = error.__cause__ or error.__context__


def all_that_shows(error: BaseException) -> str:
    """Everything that a log or another process could show of an error."""
    shown: list[Any] = ["".join(traceback.format_exception(error))]
    for link in chain(error):
        shown += [str(link), repr(link), link.args, vars(link), getattr(link, "__notes__", ())]
        if isinstance(link, ImpactiveError):
            shown += [pickle.dumps(link), pickle.loads(pickle.dumps(link))]
    return "\n".join(text if isinstance(text, str) else repr(text) for text in shown)


def local_variables(error: BaseException) -> str:
    """What a reporter that shows variables would show of our frames and aiohttp's."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    return repr([frame.locals for frame in frames if "tests" not in frame.filename.split("/")])


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that anybody logs, down to DEBUG, with arguments and tracebacks."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + repr([(r.__dict__, r.getMessage()) for r in caplog.records])


FAULTS: dict[str, dict[str, Any]] = {
    "400 that echoes": {"status": 400, "body": b'{"error": "bad %b"}' % ECHO},
    "401 that echoes": {"status": 401, "body": ECHO, "content_type": "text/plain"},
    "500 with an HTML echo": {"status": 500, "body": b"<html>%b" % ECHO, "content_type": "text/html"},
    "echo in headers": {"status": 403, "headers": {"X-Echo": KEY, "x-request-id": KEY, "Retry-After": KEY}},
    "echo in the type": {"status": 200, "body": b"?", "content_type": f"text/{KEY}"},
    "redirect that echoes": {"redirect_to": f"https://evil.example/?key={KEY}"},
    "200 that is no JSON": {"status": 200, "body": ECHO},
    "200 of the wrong shape": {"status": 200, "body": b'{"a": "%b"}' % ECHO},
    "row of the wrong shape": {
        "status": 200,
        "body": b'[{"id": "%b", "firstName": {}, "b": "%b"}]' % (ECHO, ECHO),
    },
    "disconnect": {"disconnect": True},
    "cut": {"die_mid_body": True},
    "429 beyond the cap": {"status": 429, "retry_after": 9999, "body": ECHO},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_no_failure_shows_the_key(fault: dict[str, Any], log: Callable[[], str]) -> None:
    """Whatever fails, and whatever the server echoes: not in text, pickle, cause or log."""
    async with Sandbox(api_key=KEY) as sandbox, client_of(sandbox, max_retries=1) as crm:
        sandbox.fail("*", times=None, **fault)
        calls: list[Callable[[], Awaitable[Any]]] = [
            crm.contacts.list,
            lambda: crm.contacts.create(first_name="A", last_name="B"),
            lambda: crm.contacts.replies("c"),
        ]
        for call in calls:
            error = await outcome(call())
            assert isinstance(error, ImpactiveError)
            assert SECRET not in all_that_shows(error)
            if KEY not in repr(fault):  # a body that echoes is a variable too
                assert SECRET not in local_variables(error)
    assert SECRET not in log()
    assert "impactive_async" in log()


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", b"")[:-2] + KEY.encode(),
        f"{KEY}\r\n\r\n".encode(),
        http(f"200 OK\nX-Echo: {KEY}\nContent-Length: 9", b"1"),
        http("200 OK\nTransfer-Encoding: chunked", f"{KEY}\r\n".encode()),
        http("200 OK\nContent-Encoding: gzip\nContent-Length: 37", KEY.encode()),
    ],
    ids=["half a head", "no HTTP", "half a body", "no chunk", "no gzip"],
)
async def test_no_broken_answer_shows_the_key(answer: bytes, log: Callable[[], str]) -> None:
    """Bytes that aiohttp chokes on, and quotes in its own errors, do not come through ours."""
    async with scripted(answer) as server, AsyncClient(KEY, base_url=server.url, max_retries=0) as crm:
        error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
    assert isinstance(error, ImpactiveError)
    assert SECRET not in all_that_shows(error)
    assert SECRET not in log()


async def test_no_failure_to_connect_shows_the_key(log: Callable[[], str]) -> None:
    """Not even the errors of sockets."""
    async with AsyncClient(KEY, base_url="http://127.0.0.1:1", max_retries=0) as crm:
        error = await outcome(crm.contacts.list())
    assert error.__cause__ is not None
    for link in chain(error):
        assert SECRET not in all_that_shows(link) + local_variables(link)
    assert SECRET not in log()


async def test_a_redirect_does_not_carry_the_key_to_another_server(log: Callable[[], str]) -> None:
    """The second server is never spoken to, whatever the status of the redirect."""
    async with scripted(b"") as evil, Sandbox(api_key=KEY) as sandbox, client_of(sandbox) as crm:
        for status in (301, 302, 303, 307, 308):
            sandbox.fail("*", status=status, headers={"Location": f"{evil.url}/api/agent/contacts"})
            error = await outcome(crm.contacts.list())
            assert error.status == status
        assert evil.heads == []
    assert SECRET not in log()


async def test_the_environment_names_neither_a_way_nor_a_login(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Proxies and `.netrc` of whoever runs the program are not used."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password lovelace\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with scripted(b"") as proxy, Sandbox(api_key=KEY) as sandbox:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client_of(sandbox) as crm:
            await crm.contacts.list()
        assert proxy.heads == []
        assert "authorization" not in sandbox.requests[-1].headers


async def test_success_does_not_log_the_key_either(log: Callable[[], str]) -> None:
    """Nor does any of the package's objects show it by its `repr`."""
    async with Sandbox(api_key=KEY) as sandbox, client_of(sandbox) as crm:
        await crm.contacts.list()
        await crm.contacts.create(first_name="A", last_name="B")
        caller = crm._caller
        shown = [crm, crm.contacts, crm.stats(), caller, vars(crm), vars(caller.transport)]
        shown += [vars(caller.transport._credentials)]
    assert SECRET not in repr(shown)
    assert SECRET not in log()


async def test_trace_hooks_that_print_headers_print_no_key() -> None:
    """The key is sent as it is, but prints as a blot where somebody prints the headers of a request."""
    seen: list[Any] = []
    hooks = aiohttp.TraceConfig()

    async def start(_: Any, __: Any, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.headers)

    hooks.on_request_start.append(start)
    async with Sandbox(api_key=KEY) as sandbox, client_of(sandbox, trace_configs=[hooks]) as crm:
        await crm.zapier.auth_test()
    assert seen[0]["x-api-key"] == KEY
    assert "icrm_…" in repr(seen)
    assert SECRET not in repr(seen)


def test_no_configuration_error_shows_the_key() -> None:
    """The mistakes of setting up, with the key where it does not belong."""
    mistakes: list[dict[str, Any]] = [
        {"api_key": KEY + "0"},
        {"api_key": f'"{KEY}"'},
        {"api_key": KEY[5:]},
        {"api_key": KEY.encode()},
        {"api_key": [KEY]},
        {"api_key": KEY, "timeout": -1},
        {"api_key": KEY, "headers": {"X": KEY, "Host": "x"}},
        {"api_key": KEY, "base_url": f"https://{KEY}@crm.example"},
        {"api_key": KEY, "base_url": f"https://crm.example/?key={KEY}"},
        {"api_key": KEY, "headers": {"x-api-key": KEY}},
        {"api_key": KEY, "headers": {"Authorization": f"Bearer {KEY}\n"}},
        {"api_key": KEY, "base_url": KEY},
        {"api_key": KEY, "base_url": f"http://{KEY}"},
    ]
    for mistake in mistakes:
        with pytest.raises((ImpactiveError, ValueError)) as caught:
            AsyncClient(**mistake)
        assert SECRET not in str(caught.value) + repr(caught.value.args) + repr(pickle.dumps(caught.value))
        assert SECRET not in local_variables(caught.value)
