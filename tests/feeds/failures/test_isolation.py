"""`crm.watch` over a server of which one kind of list is sick: no other list waits for it, or ends with it."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from impactive_async import CursorStore, MemoryCursorStore
from impactive_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    CursorError,
    NotFoundError,
)
from impactive_async.feeds.workspace.stream import WorkspaceWatch
from tests.feeds.failures.server import Answer, Server, client, hang, listed, refusal, rows, serving
from tests.feeds.lists import Store
from tests.support import now, outcome, time_jumps

INTERVAL = 2.0
TIMEOUT = 30.0
DEALS, REPLIES = "/api/zapier/deals", "replies"


@asynccontextmanager
async def watched(
    server: Server, *kinds: Any, seconds: float = 60.0, store: CursorStore | None = None
) -> AsyncIterator[WorkspaceWatch]:
    """Follow some kinds for so many seconds; whatever is delivered is dropped."""

    async def drain() -> None:
        async for _ in events:
            pass

    async with (
        client(server, timeout=TIMEOUT) as crm,
        crm.watch(kinds, interval=INTERVAL, store=store) as events,
    ):
        draining = asyncio.ensure_future(drain())
        await asyncio.wait((draining,), timeout=seconds)
        assert not draining.done(), draining.exception()
        yield events
        draining.cancel()
        await asyncio.wait((draining,))


def longest_gap(server: Server, path: str) -> float:
    """The longest time between two polls of a list, from its first one until now."""
    times = [*server.times(path), now()]
    assert len(times) > 2
    return max(later - earlier for earlier, later in itertools.pairwise(times))


async def slowly_refused(_: web.Request) -> web.Response:
    """A gateway that gives up after a while."""
    await asyncio.sleep(20)
    return web.Response(status=504, text="<html>")


async def hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    await asyncio.Event().wait()
    raise AssertionError


SICK: dict[str, Answer] = {
    "hangs": hang,
    "429 without a time": refusal(429),
    "429 for a second": refusal(429, Retry_After="1"),
    "429 for a minute": refusal(429, Retry_After="60"),
    "429 for an hour": refusal(429, Retry_After="3600"),
    "503 for a minute": refusal(503, Retry_After="60"),
    "500": refusal(500),
    "504 after 20 s": slowly_refused,
    "hangs up": hang_up,
    "a page": refusal(200, "<html>down</html>"),
    "a challenge": refusal(403, "<html>", cf_mitigated="challenge"),
    "no such path": refusal(404, "404 page not found", "text/plain"),
    "a redirect": refusal(302, Location="https://elsewhere.example/login"),
    "400": refusal(400, '{"error": "no"}', "application/json"),
}


@pytest.mark.parametrize(("name", "sequences"), [*((name, 30) for name in SICK), ("hangs", 1)])
def test_a_sick_kind_of_list_delays_no_other(name: str, sequences: int) -> None:
    """Whatever happens to the lists of replies, however many, a list of deals is polled within three intervals."""

    @time_jumps
    async def law() -> None:
        async with serving() as server:
            server.sequences(sequences)
            server.paths[REPLIES] = SICK[name]
            async with watched(server, "replies", "deals", seconds=40.0):
                assert longest_gap(server, DEALS) <= 3 * INTERVAL
                assert longest_gap(server, "sequences") <= 3 * INTERVAL
                assert len(server.times(REPLIES)) >= 1

    law()


@time_jumps
async def test_sick_kinds_delay_no_other() -> None:
    """Also if three kinds hang at once, and the client makes no more requests at once than there are polls."""
    async with serving() as server:
        server.sequences(10)
        for end in ("replies", "sends", "enrollments"):
            server.paths[end] = hang
        async with watched(server, "replies", "sends", "enrollments", "deals", "companies"):
            assert longest_gap(server, DEALS) <= 3 * INTERVAL
            assert longest_gap(server, "companies") <= 3 * INTERVAL


@time_jumps
async def test_a_list_that_hangs_delays_no_other_of_its_kind() -> None:
    """Of twenty sequences two hang: the replies of the others are polled all the same."""
    async with serving() as server:
        server.sequences(20)
        for number in (3, 4):
            server.paths[f"/api/agent/sequences/s{number}/replies"] = hang
        async with watched(server, "replies"):
            assert longest_gap(server, "/s5/replies") <= 3 * INTERVAL


@time_jumps
async def test_a_kind_that_recovers_is_followed_at_once() -> None:
    """A minute of silence ends with the first answer: every list of the kind is polled within its interval."""
    async with serving() as server:
        server.sequences(30)
        server.paths[REPLIES] = hang
        async with watched(server, "replies", "deals", seconds=60) as events:
            server.paths[REPLIES] = listed([])
            recovered = now()
            await asyncio.sleep(TIMEOUT + 3 * INTERVAL)  # requests under way still hang
            asked = {path for path, at in server.asked if at >= recovered and path.endswith(REPLIES)}
            assert len(asked) == 30
            assert not events.failing
            assert longest_gap(server, "/s5/replies") <= 60 + TIMEOUT


@time_jumps
async def test_lists_that_are_slow_are_followed_all_the_same() -> None:
    """Answers that take longer than their interval are waited for once it is known that they do."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(2 * INTERVAL)
        return web.json_response([])

    async with serving() as server:
        server.sequences(8)
        server.paths[REPLIES] = slow
        async with watched(server, "replies", seconds=120) as events:
            assert events.stats.errors <= 8
            assert events.stats.polls >= 8 * 10


# -- what costs one list alone ---------------------------------------------------------------------------------


@time_jumps
async def test_a_refused_list_is_named_and_tried_again() -> None:
    """It is warned of once, named in `failing` with its error, and followed again when it is answered."""
    async with serving() as server:
        server.paths[DEALS] = refusal(400, '{"error": "no such column"}', "application/json")
        async with watched(server, "companies", "deals") as events:
            assert list(events.failing) == ["zapier/deals"]
            assert isinstance(events.failing["zapier/deals"], BadRequestError)
            assert longest_gap(server, DEALS) <= 1.1 * INTERVAL
            server.paths[DEALS] = listed(rows(1))
            await asyncio.sleep(INTERVAL)
            assert (events.failing, events.stats.rows) == ({}, 1)


@time_jumps
async def test_two_seconds_of_nonsense_cost_nothing() -> None:
    """A challenge, a page, a redirect or a router's 404 for all lists: each is polled at once after it."""
    for name in ("a challenge", "a page", "no such path", "a redirect"):
        async with serving() as server:
            paths = ["/api/zapier/deals", "/api/zapier/companies", "/api/agent/sequences", "replies"]
            server.paths = dict.fromkeys(paths, SICK[name])
            async with watched(server, "companies", "deals", "replies", seconds=2.0) as events:
                server.paths = {path: listed(rows(1)) for path in paths[:2]}
                server.sequences(2)
                healed = now()
                await asyncio.sleep(2 * INTERVAL)
                assert events.stats.rows == 2
                assert {path for path, at in server.asked if at >= healed} >= {*paths[:3]}
                assert len({path for path, at in server.asked if at >= healed and "replies" in path}) == 2
                assert (events.failing, events.denied) == ({}, ())


@time_jumps
async def test_when_no_list_is_left_the_error_is_raised() -> None:
    """A base URL that is not the API's is told after a while, and a request that every list refuses at once."""
    async with serving() as server, client(server) as crm:
        for answer, kind, least in (
            (refusal(404, "404 page not found", "text/plain"), NotFoundError, 10.0),
            (refusal(302, Location="/login"), APIStatusError, 10.0),
            (refusal(400, '{"error": "no"}', "application/json"), BadRequestError, 0.0),
        ):
            server.paths = dict.fromkeys([DEALS, "/api/zapier/companies"], answer)
            began = now()
            async with crm.watch(["companies", "deals"], interval=INTERVAL) as events:
                assert isinstance(await outcome(anext(events)), kind)
                assert least <= now() - began < 120


@time_jumps
async def test_a_revoked_key_ends_all() -> None:
    """A 401 is about the key, also if the answer is a page."""
    for body, kind in (('{"error": "revoked"}', "application/json"), ("<html>", "text/html")):
        async with serving() as server, client(server) as crm:
            server.paths[DEALS] = refusal(401, body, kind)
            async with crm.watch(["companies", "deals"], interval=INTERVAL) as events:
                assert isinstance(await outcome(anext(events)), AuthenticationError)


class Keys(MemoryCursorStore):
    """A store in which single keys are damaged or cannot be saved."""

    def __init__(self, *, damaged: str = "", full: str = "", error: Exception | None = None) -> None:
        super().__init__()
        self.damaged, self.full, self.error = damaged, full, error
        self.tried = 0

    async def load(self, key: str) -> str | None:
        return "nonsense" if key == self.damaged else await super().load(key)

    async def save(self, key: str, cursor: str) -> None:
        if key == self.full:
            self.tried += 1
            raise self.error or CursorError("the disk is full")
        await super().save(key, cursor)


@time_jumps
async def test_a_damaged_key_costs_its_own_list() -> None:
    """Of the store: it is told and named, the other lists go on, and the list does not start over."""
    async with serving() as server:
        server.paths = {path: listed(rows(1, 2)) for path in (DEALS, "/api/zapier/companies")}
        store = Keys(damaged="zapier/deals")
        async with watched(server, "companies", "deals", store=store) as events:
            assert isinstance(events.failing["zapier/deals"], CursorError)
            assert list(events.failing) == ["zapier/deals"]
            assert (events.stats.rows, server.times(DEALS)) == (2, [])
            store.damaged = ""
            await asyncio.sleep(INTERVAL)
            assert (events.stats.rows, events.failing) == (4, {})


@pytest.mark.parametrize("error", [CursorError("full"), OSError("read-only"), LookupError("a bug in the store")])
@pytest.mark.parametrize("key", ["zapier/deals", "workspace/sequences/replies", "sequences/s0/replies"])
def test_a_key_that_cannot_be_saved_costs_nothing_else(key: str, error: Exception) -> None:
    """Rows are delivered once in this run, the save is tried again, and the state is saved when it can be."""

    @time_jumps
    async def law() -> None:
        async with serving() as server:
            server.sequences(1)
            server.paths |= {DEALS: listed(rows(1, 2)), REPLIES: listed([])}
            store = Keys(full=key, error=error)
            async with watched(server, "replies", "deals", store=store) as events:
                assert list(events.failing) == ["sequences" if key.startswith("workspace") else key]
                assert events.stats.rows == 2
                assert store.tried >= 3
                assert len(server.times(REPLIES)) >= 3
                store.full = ""
                await asyncio.sleep(2 * INTERVAL)
                assert events.failing == {}
                assert await store.load(key) is not None
            async with watched(server, "replies", "deals", store=store, seconds=10) as events:
                assert events.stats.rows == 0

    law()


@time_jumps
async def test_a_store_that_keeps_nothing_is_raised() -> None:
    """When no key at all can be saved, the stream ends with the store's error."""
    store = Store()
    store.trouble = [OSError("read-only")] * 1000
    async with (
        serving() as server,
        client(server) as crm,
        crm.watch(["companies", "deals"], interval=INTERVAL, store=store) as events,
    ):
        assert isinstance(await outcome(anext(events)), OSError)


@time_jumps
async def test_failures_of_many_lists_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """Of thirty lists of a kind that are refused alike, one line stands in the log."""
    async with serving() as server:
        server.sequences(30)
        server.paths[REPLIES] = SICK["400"]
        async with watched(server, "replies", "deals") as events:
            assert len(events.failing) == 30
        told = [one for one in caplog.records if one.levelno >= logging.WARNING and "without it" in one.message]
        assert len(told) == 1
