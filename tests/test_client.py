"""`AsyncClient`: how it is made, what it exposes, and what its views share."""

from __future__ import annotations

import asyncio
import copy
import operator
import pickle
import re
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import pytest

from impactive_async import (
    UNSET,
    AsyncClient,
    ClientStats,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    ServerError,
)
from impactive_async.sandbox import Sandbox
from tests.support import KEY, client_of, outcome, spin, until

AUTH = "GET /api/zapier/auth/test"


def test_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key and host come from the environment where no argument gives them."""
    monkeypatch.setenv("IMPACTIVE_API_KEY", KEY)
    assert repr(AsyncClient()) == "<AsyncClient https://app.impactiveai.com (open)>"
    monkeypatch.setenv("IMPACTIVE_BASE_URL", "https://crm.example/")
    assert repr(AsyncClient()) == "<AsyncClient https://crm.example (open)>"
    assert repr(AsyncClient(base_url="https://other.example")) == "<AsyncClient https://other.example (open)>"


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
async def test_a_client_says_that_it_cannot_be_pickled(copied: Any, sandbox: Sandbox) -> None:
    """And so do its resources, feeds and streams, also when it is in use."""
    async with client_of(sandbox) as crm:
        await crm.zapier.auth_test()
        for one in (crm, crm.zapier.deals, crm.zapier.deals.watch(), crm.watch(["deals"])):
            with pytest.raises(TypeError, match="make one in each process"):
                copied(one)


async def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """A key given outright is the one that is sent."""
    monkeypatch.setenv("IMPACTIVE_API_KEY", KEY)
    monkeypatch.setenv("IMPACTIVE_BASE_URL", "https://nowhere.example")
    async with AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        assert (await crm.zapier.auth_test()).id


@pytest.mark.parametrize("key", [None, "", "icrm_", "nonsense"])
def test_a_client_without_a_key_is_not_made(key: str | None) -> None:
    """The mistake shows where the client is made, not at its first call."""
    with pytest.raises(ConfigurationError, match="API Keys"):
        AsyncClient(key)


def test_a_key_from_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ill-formed variable is named as an ill-formed key, and not shown."""
    monkeypatch.setenv("IMPACTIVE_API_KEY", "icrm_tooshort")
    with pytest.raises(ConfigurationError, match="ill-formed") as caught:
        AsyncClient()
    assert "tooshort" not in str(caught.value)


def test_plain_http_to_another_machine_needs_a_word() -> None:
    """The HTTPS rule holds for the client, with its one way out."""
    with pytest.raises(ConfigurationError, match="travel in the clear"):
        AsyncClient(KEY, base_url="http://crm.example")
    AsyncClient(KEY, base_url="http://crm.example", allow_insecure_http=True)


async def test_a_borrowed_session_brings_its_own_parts() -> None:
    """`connector=` and `trace_configs=` are for the session that we open."""
    async with aiohttp.ClientSession() as session:
        for part in ({"connector": session.connector}, {"trace_configs": [aiohttp.TraceConfig()]}):
            parts: dict[str, Any] = dict(part)
            with pytest.raises(ConfigurationError, match="to that session instead"):
                AsyncClient(KEY, session=session, **parts)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("timeout", [0, -1, float("nan"), float("inf"), "30", True]),
        ("max_retries", [-1, 1.0, "3", True]),
        ("max_concurrency", [0, -1, 1.0, "16", True, None]),
        ("rate_limit", [0, -1, float("nan"), float("inf"), "10", True]),
    ],
)
def test_a_number_out_of_its_range_is_refused(name: str, values: list[Any]) -> None:
    """Each limit is checked where the client is made, and named."""
    for value in values:
        options: dict[str, Any] = {name: value}
        with pytest.raises(ValueError, match=f"^{name} is a"):
            AsyncClient(KEY, **options)


@pytest.mark.parametrize("url", ["", " ", 5, "https://a..b.example"])
def test_a_base_url_given_is_the_one_meant(url: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty or impossible one, as from a setting that is not there, is no reason to go to another host."""
    monkeypatch.setenv("IMPACTIVE_BASE_URL", "https://crm.example")
    with pytest.raises(ConfigurationError, match="base_url"):
        AsyncClient(KEY, base_url=url)


@pytest.mark.parametrize("name", ["x-api-key", "X-API-Key"])
def test_the_key_does_not_go_among_the_headers(name: str) -> None:
    """A key given as a header would escape every protection of the key."""
    with pytest.raises(ConfigurationError, match="Pass the key as api_key="):
        AsyncClient(KEY, headers={name: KEY})


@pytest.mark.parametrize(
    "headers", [{"X-A": "1\r\nX-B: 2"}, {"X\nB": "1"}, {"X-A": "\0"}, {"X-A": 7}, {"X-A": None}]
)
def test_a_header_is_one_line(headers: Any) -> None:
    """What could smuggle another header in is refused, before the first call."""
    with pytest.raises(ConfigurationError, match=r"is not a one-line string|is not the name of a header"):
        AsyncClient(KEY, headers=headers)


async def test_leaving_the_context_closes_even_after_an_error(sandbox: Sandbox) -> None:
    """`async with` gives the client itself and closes it, whatever happens within."""
    crm = client_of(sandbox)

    async def fail() -> None:
        async with crm as same:
            assert same is crm
            await crm.zapier.auth_test()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert repr(crm).endswith("(closed)>")


async def test_closing_a_view_closes_the_client(crm: AsyncClient) -> None:
    """A view is the same client with other options: there is one pool to close."""
    async with crm.with_options(timeout=5):
        pass
    with pytest.raises(ConfigurationError, match="closed"):
        await crm.zapier.auth_test()


async def test_a_view_shares_limits_and_counters(sandbox: Sandbox) -> None:
    """Two views together keep to one `max_concurrency`, and count into one `stats()`."""
    hold = asyncio.Event()
    sandbox.fail(AUTH, hold=hold, times=None)
    async with client_of(sandbox, max_concurrency=1) as crm:
        view = crm.with_options(max_retries=0)
        calls = [asyncio.create_task(client.zapier.auth_test()) for client in (crm, view, crm)]
        await until(lambda: len(sandbox.requests) == 1)
        await spin()
        expected = ClientStats(requests=3, retries=0, rate_limited=0, failures=0, in_flight=1, waiting=2)
        assert crm.stats() == view.stats() == expected
        hold.set()
        await asyncio.gather(*calls)
        assert (crm.stats().in_flight, crm.stats().waiting) == (0, 0)
    assert sandbox.peak_in_flight == 1


async def test_a_view_of_a_view_keeps_what_it_does_not_change(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Options add up, and the client itself is left as it was."""
    sandbox.fail(AUTH, status=500, times=None)
    view = crm.with_options(max_retries=1).with_options(timeout=5)
    assert (await outcome(view.zapier.auth_test())).attempts == 2
    assert (await outcome(crm.zapier.auth_test())).attempts == 5


async def test_request_reaches_what_has_no_method(crm: AsyncClient, sandbox: Sandbox) -> None:
    """The escape hatch sends the key, a query and a body, and returns the JSON as it is."""
    rows = await crm.request("GET", "/api/agent/contacts", params={"limit": "2"})
    assert [sorted(row)[:2] for row in rows] == [["companyId", "companyName"]] * 2
    made = await crm.request("POST", "/api/zapier/companies", json={"name": "Engines", "nullable": None})
    assert made["name"] == "Engines"
    assert sandbox.requests[1].body == {"name": "Engines", "nullable": None}
    assert sandbox.requests[1].headers["content-type"] == "application/json"


async def test_request_returns_none_for_an_empty_answer(crm: AsyncClient, sandbox: Sandbox) -> None:
    """An empty success is `None`; a broken one is an error."""
    sandbox.fail("*", status=204, body=b"")
    assert await crm.request("DELETE", "/api/agent/beta") is None
    sandbox.fail("*", status=200, body=b"{")
    assert type(await outcome(crm.request("GET", "/api/agent/beta"))) is DecodeError


async def test_request_repeats_reads_and_what_is_said_to_be_repeatable(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A custom write is sent once, unless its caller vouches for a second time."""
    sandbox.fail("*", status=502, times=3)
    await crm.request("GET", "/api/zapier/auth/test", max_retries=3)
    sandbox.fail("*", status=502)
    error = await outcome(crm.request("POST", "/api/zapier/companies", json={"name": "a"}))
    assert (type(error), error.outcome_unknown) == (ServerError, True)
    sandbox.fail("*", status=502)
    assert (await crm.request("POST", "/api/zapier/companies", json={"name": "a"}, repeatable=True))["name"] == "a"
    assert len(sandbox.requests) == 4 + 1 + 2


@pytest.mark.parametrize("value", [UNSET, UUID(int=7), orjson.Fragment(b"{}"), b"{}", {1: 2}, float("nan")])
async def test_request_sends_nothing_that_is_no_json(value: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """What only one of the two JSON backends can write is refused, whichever is installed."""
    with pytest.raises(ValueError, match="json= is not representable as JSON"):
        await crm.request("POST", "/api/zapier/companies", json={"name": [value]})
    assert sandbox.requests == ()


async def test_request_takes_whole_numbers_in_a_query(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A number is written as it is; what has more than one spelling is for its caller to spell."""
    await crm.request("GET", "/api/agent/contacts", params={"limit": 2})
    assert sandbox.requests[0].query == {"limit": "2"}
    for wrong in (True, 1.5, None, ["a"]):
        params: Any = {"limit": wrong}
        with pytest.raises(ValueError, match=r"params\['limit'\] is a string or a whole number, not "):
            await crm.request("GET", "/api/agent/contacts", params=params)
    wrongs: list[dict[str, Any]] = [
        {"method": 7},
        {"path": 7},
        {"params": "limit=2"},
        {"params": [("limit", "2")]},
    ]
    for argument in wrongs:
        with pytest.raises(ValueError, match=r"method|path|params is a mapping"):
            await crm.request(**{"method": "GET", "path": "/api/agent/contacts"} | argument)
    assert len(sandbox.requests) == 1


async def test_request_has_the_errors_of_every_call(crm: AsyncClient, sandbox: Sandbox) -> None:
    """An unknown route is a 404 like any other, and a bad path is refused before any request."""
    with pytest.raises(NotFoundError, match="No such endpoint"):
        await crm.request("GET", "/api/agent/beta")
    with pytest.raises(ValueError, match="is not a path"):
        await crm.request("GET", "https://evil.example/")
    with pytest.raises(ValueError, match="JSON"):
        await crm.request("POST", "/api/agent/beta", json={1: 2})
    assert len(sandbox.requests) == 1


async def test_a_view_of_a_subclass_is_whole(sandbox: Sandbox) -> None:
    """`with_options` keeps what a subclass has added, and makes its resources anew over the view's options."""

    class Tagged(AsyncClient):
        tag = ""

    async with Tagged(sandbox.api_key, base_url=sandbox.url) as crm:
        crm.tag = "blue"
        assert crm.contacts is crm.contacts
        view = crm.with_options(max_retries=0)
        assert (type(view), vars(view)["tag"]) == (Tagged, "blue")
        assert view.contacts is not crm.contacts


async def test_a_connector_is_closed_with_a_client_that_never_called() -> None:
    """`connector=` is ours to close, even if no call has opened the session."""
    connector = aiohttp.TCPConnector()
    await AsyncClient(KEY, connector=connector).aclose()
    assert connector.closed


def test_a_session_of_another_loop_is_refused_in_words(sandbox: Sandbox) -> None:
    """A borrowed session belongs to one loop, and the client with it."""

    async def borrow() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    first = asyncio.new_event_loop()
    session = first.run_until_complete(borrow())
    try:
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(AsyncClient(KEY, session=session).contacts.list())
    finally:
        first.run_until_complete(session.close())
        first.close()


def test_retry_is_a_policy() -> None:
    """What is no `RetryPolicy` is refused when the client is made."""
    with pytest.raises(ConfigurationError, match="max_retries"):
        AsyncClient(KEY, retry=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("deals", "zapier.deals"),
        ("companies", "zapier.companies"),
        ("invoices", "zapier.invoices"),
        ("projects", "zapier.projects"),
        ("accounts", "sending_accounts"),
        ("replies", "sequences.replies"),
        ("auth_test", "zapier.auth_test"),
        ("close", "aclose"),
    ],
)
async def test_a_name_that_is_elsewhere_says_where(impactive_client: AsyncClient, name: str, place: str) -> None:
    """The error of a missing attribute names the place, and that place exists."""
    with pytest.raises(AttributeError, match=re.escape(f"no attribute '{name}': it is `.{place}`")):
        getattr(impactive_client, name)
    assert operator.attrgetter(place)(impactive_client) is not None


async def test_other_missing_names_are_missing(impactive_client: AsyncClient) -> None:
    """Any other name is refused as by any object, so that `hasattr` and close matches work."""
    assert not hasattr(impactive_client, "contcats")
    with pytest.raises(AttributeError, match=r"^'AsyncClient' object has no attribute 'contcats'$") as caught:
        impactive_client.contcats  # type: ignore[attr-defined]  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("contcats", impactive_client)
