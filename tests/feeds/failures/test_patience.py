"""A single feed over answers that are not the API's: two seconds of them pass, a wrong base URL does not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from multidict import CIMultiDict

from impactive_async import MemoryCursorStore
from impactive_async._http.foreign import is_challenge, is_foreign
from impactive_async.errors import APIConnectionError, APIStatusError, AuthenticationError, NotFoundError
from impactive_async.feeds.pacing.pace import LEAST_UNREADABLE, MOST_UNREADABLE
from tests.feeds.failures.server import Answer, client, listed, refusal, rows, serving
from tests.support import now, outcome, time_jumps

DEALS = "/api/zapier/deals"
FOREIGN: dict[str, Answer] = {
    "a page with 200": refusal(200, "<html>maintenance</html>"),
    "a page with 404": refusal(404, "<html>not found</html>"),
    "a router's words": refusal(404, "404 page not found", "text/plain"),
    "a page with 400": refusal(400, "<html>bad request</html>"),
    "a page with 405": refusal(405, "<html>not allowed</html>"),
    "a challenge": refusal(403, "<html>just a moment</html>", cf_mitigated="challenge"),
    "a 403 with a time": refusal(403, '{"error": "slow down"}', "application/json", Retry_After="1"),
    "a redirect": refusal(302, Location="/login"),
    "a 200 that says no": refusal(200, '{"success": false, "error": "database is down"}', "application/json"),
    "a 200 with an error": refusal(200, '{"error": {"message": "Something broke"}}', "application/json"),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("interval", [0.05, 2.0])
def test_two_seconds_of_it_pass(name: str, interval: float) -> None:
    """However often the list is polled meanwhile; every row is delivered afterwards."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = FOREIGN[name]
            asyncio.get_running_loop().call_later(2.0, server.paths.__setitem__, DEALS, listed(rows(1)))
            async with crm.zapier.deals.watch(interval=interval) as feed:
                assert (await anext(feed)).id == "r1"
                assert feed.stats.errors >= 1

    law()


@pytest.mark.parametrize("name", FOREIGN)
def test_it_is_raised_when_it_lasts(name: str) -> None:
    """After ten of them, and ten seconds at least."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = FOREIGN[name]
            began = now()
            error = await outcome(anext(crm.zapier.deals.watch(interval=0.5)))
            assert isinstance(error, Exception)
            assert len(server.asked) >= MOST_UNREADABLE
            assert LEAST_UNREADABLE <= now() - began < 60

    law()


@pytest.mark.parametrize("status", [400, 403, 404])
def test_the_apis_own_word_is_raised_at_once(status: int) -> None:
    """What the API says in JSON needs no second hearing."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = refusal(status, '{"error": "no"}', "application/json")
            assert isinstance(await outcome(anext(crm.zapier.deals.watch())), APIStatusError)
            assert len(server.asked) == 1

    law()


@pytest.mark.parametrize("said", ["Unauthorized", "Forbidden", {"code": 400}])
def test_a_refusal_in_a_200_that_gives_its_reason_is_raised_at_once(said: Any) -> None:
    """As by the status that it means."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = refusal(200, json.dumps({"success": False, "error": said}), "application/json")
            assert isinstance(await outcome(anext(crm.zapier.deals.watch())), APIStatusError)
            assert len(server.asked) == 1

    law()


NOT_FOUND = refusal(404, '{"error": "not found"}', "application/json")


@pytest.mark.parametrize("restarted", [False, True])
def test_two_seconds_of_the_apis_own_404_pass_if_the_list_was_there(restarted: bool) -> None:
    """A deployment that forgets a route says so in JSON, too; an earlier run counts as well."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            store = MemoryCursorStore()
            server.paths[DEALS] = listed(rows(1))
            feed = crm.zapier.deals.watch(interval=0.5, store=store)
            assert (await anext(feed)).id == "r1"
            await feed.ack()
            server.paths[DEALS] = NOT_FOUND
            if restarted:
                await feed.aclose()
                feed = crm.zapier.deals.watch(interval=0.5, store=store)
            asyncio.get_running_loop().call_later(2.0, server.paths.__setitem__, DEALS, listed(rows(1, 2)))
            assert (await anext(feed)).id == "r2"
            assert feed.stats.errors >= 1
            await feed.aclose()

    law()


def test_a_list_that_stays_away_is_raised() -> None:
    """After ten answers, and ten seconds at least."""

    @time_jumps
    async def law() -> None:
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = listed([])
            feed = crm.zapier.deals.watch(interval=0.5)
            asyncio.get_running_loop().call_later(1.2, server.paths.__setitem__, DEALS, NOT_FOUND)
            began = now()
            assert isinstance(await outcome(anext(feed)), NotFoundError)
            assert LEAST_UNREADABLE <= now() - began < 60
            await feed.aclose()

    law()


@time_jumps
async def test_so_it_is_for_a_stream_of_one_list() -> None:
    """`crm.watch` does not end while its only list is away for two seconds."""
    async with serving() as server, client(server) as crm:
        server.paths[DEALS] = listed(rows(1))
        async with crm.watch(["deals"], interval=0.5) as events:
            assert (await anext(events)).row.id == "r1"
            server.paths[DEALS] = NOT_FOUND
            asyncio.get_running_loop().call_later(2.0, server.paths.__setitem__, DEALS, listed(rows(1, 2)))
            assert (await anext(events)).row.id == "r2"


@time_jumps
async def test_a_sequence_that_is_gone_is_told_at_once() -> None:
    """The API says so of an id that it does not know."""
    async with serving() as server, client(server) as crm:
        feed = crm.sequences.watch_sends("s1", interval=0.5)
        asyncio.get_running_loop().call_later(1.2, server.paths.__setitem__, "sends", NOT_FOUND)
        began = now()
        assert isinstance(await outcome(anext(feed)), NotFoundError)
        assert now() - began < 3
        await feed.aclose()


def error(status: int, body: str = "", json: Any = None, **headers: str) -> APIStatusError:
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    kind = {401: AuthenticationError, 404: NotFoundError}.get(status, APIStatusError)
    return kind("no", status=status, body=body, json=json, headers=named)


@pytest.mark.parametrize(
    ("one", "foreign"),
    [
        (error(404, '{"error": "x"}', {"error": "x"}), False),
        (error(404), False),
        (error(404, "not found"), True),
        (error(400, "bad"), False),
        (error(400, "<h1>bad"), True),
        (error(400, "x", Content_Type="text/html; charset=utf-8"), True),
        (error(302), False),
        (error(302, Location="/x"), True),
        (error(403, '{"error": "x"}', {"error": "x"}), False),
        (error(403, Retry_After="1"), True),
        (error(403, CF_Mitigated="challenge"), True),
        (error(401, "<html>"), False),
        (error(401, cf_mitigated="challenge"), False),
        (APIConnectionError("reset"), False),
    ],
)
def test_whose_word_an_answer_is(one: Any, foreign: bool) -> None:
    """Headers and body tell; nothing but a status says that it is not the API's. A 401 always is."""
    assert is_foreign(one) is foreign
    assert not is_challenge(APIConnectionError("reset"))
