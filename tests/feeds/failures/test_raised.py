"""A consumer that loops around what a feed raises: neither the server nor the loop suffers."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import traceback
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web

from impactive_async import AsyncClient, FeedGapError
from impactive_async.errors import APIConnectionError, AuthenticationError, CursorError, DecodeError
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.feed import Feed
from tests.feeds.failures.server import client, listed, refusal, rows, serving
from tests.feeds.lists import CAP, FakeList, Store, feed_of, row, source_of
from tests.support import KEY, FakeClock, outcome, time_jumps, turns_of_others

REFUSED = '{"error": "the key is revoked"}'


@time_jumps
async def test_the_next_poll_keeps_its_time() -> None:
    """Ten errors caught in a loop are ten polls, an interval apart."""
    async with serving() as server, client(server) as crm:
        server.paths["/api/zapier/deals"] = refusal(401, REFUSED, "application/json")
        feed = crm.zapier.deals.watch(interval=2.0)
        found = [await outcome(anext(feed)) for _ in range(10)]
        assert {type(one) for one in found} == {AuthenticationError}
        times = server.times("deals")
        assert len(times) == 10
        assert times[-1] - times[0] >= 9 * 2.0 * 0.9
        server.paths["/api/zapier/deals"] = listed(rows(1))
        assert (await anext(feed)).id == "r1"


@time_jumps
async def test_an_order_to_wait_is_kept_also_after_it_was_raised() -> None:
    """A refusal with a `Retry-After` that ends a feed is followed like any other."""
    async with serving() as server, client(server) as crm:
        body = '{"error": "the module is not booked"}'
        server.paths["/api/zapier/deals"] = refusal(400, body, "application/json", Retry_After="30")
        feed = crm.zapier.deals.watch(interval=2.0)
        for _ in range(2):
            await outcome(anext(feed))
        first, second = server.times("deals")
        assert second - first >= 30


@pytest.mark.parametrize("error", [RuntimeError("a bug"), AuthenticationError("revoked", status=401)])
async def test_whatever_a_poll_raises_the_next_one_keeps_its_time(error: Exception) -> None:
    """Also what is no failure of the API."""
    listed_rows, clock = FakeList(trouble=[error] * 5), FakeClock()
    feed = feed_of(listed_rows, clock, interval=10.0)
    before = clock.now
    for _ in range(5):
        assert await outcome(anext(feed)) is error
    assert clock.now - before >= 4 * 9


class BadStore(Store):
    """A store that holds nonsense, and answers at once."""

    async def load(self, key: str) -> str | None:
        return "nonsense"


def broken(_: Any) -> None:
    raise LookupError("the handler is broken")


async def gaps() -> tuple[Feed[Any], list[type[Exception]]]:
    """A feed whose next item is a gap, which is raised."""
    shown, clock = FakeList(), FakeClock()
    shown.add(1, 2)
    feed = feed_of(shown, clock)
    assert [(await anext(feed)).id, (await anext(feed)).id] == ["e1", "e2"]
    shown.add(*range(10, 13 + CAP))
    return feed, [FeedGapError]


async def bad_rows() -> tuple[Feed[Any], list[type[Exception]]]:
    """A feed whose page is full of rows that cannot be read."""
    shown = FakeList([{**row(number), "contactId": 1.5} for number in range(CAP)])
    return feed_of(shown, FakeClock()), [DecodeError] * CAP


async def bad_handler() -> tuple[Feed[Any], list[type[Exception]]]:
    shown = FakeList([{"id": "bad"}])
    return feed_of(shown, FakeClock(), on_bad_row=broken), [LookupError] * 20


async def bad_store() -> tuple[Feed[Any], list[type[Exception]]]:
    return Feed(source_of(FakeList(), FakeClock()), FeedOptions(store=BadStore())), [CursorError] * 20


@pytest.mark.parametrize("story", [gaps, bad_rows, bad_handler, bad_store])
async def test_raising_lets_others_run(story: Any) -> None:
    """Each error gives the other tasks of the loop a turn, wherever it comes from."""
    feed, expected = await story()
    if story is bad_rows:
        await outcome(anext(feed))
        expected = expected[1:]
    for kind in expected:
        found: list[Any] = []

        async def look(found: list[Any] = found) -> None:
            found.append(await outcome(anext(feed)))

        assert await turns_of_others(look()) >= 1
        assert type(found[0]) is kind


async def test_a_gap_is_raised_again_if_its_consumer_was_cancelled_meanwhile() -> None:
    """At whatever turn the cancellation comes, no row behind the gap comes before it."""
    for turn in range(12):
        feed, _ = await gaps()
        pulling = asyncio.ensure_future(feed.__anext__())
        for _ in range(turn):
            await asyncio.sleep(0)
        pulling.cancel()
        await asyncio.wait((pulling,))
        if pulling.cancelled():
            assert isinstance(await outcome(anext(feed)), FeedGapError), turn


@time_jumps
async def test_a_stream_that_has_ended_lets_others_run() -> None:
    """`crm.watch` raises what ended it at each attempt, without a request, and gives the loop a turn each time."""
    async with serving() as server, client(server) as crm:
        server.paths["/api/zapier/deals"] = refusal(401, REFUSED, "application/json")
        async with crm.watch(["deals"]) as events:
            assert isinstance(await outcome(anext(events)), AuthenticationError)
            asked = len(server.asked)
            for _ in range(20):
                assert await turns_of_others(outcome(anext(events))) >= 1
            assert len(server.asked) == asked


# -- one table for calls and feeds -----------------------------------------------------------------------------


@asynccontextmanager
async def untrusted() -> AsyncIterator[str]:
    """Where a server listens whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_certificate_that_is_not_trusted_is_raised_by_feeds_too() -> None:
    """It is not trusted a second later: a call, a feed, a poll by hand and `crm.watch` raise at once."""
    clock = FakeClock()
    async with untrusted() as url, AsyncClient(KEY, base_url=url, clock=clock) as crm:
        feed = crm.zapier.deals.watch()
        async with crm.watch(["deals", "companies"]) as events:
            for call in (crm.zapier.deals.list(), anext(feed), feed.poll(), anext(events)):
                error = await outcome(call)
                assert isinstance(error, APIConnectionError)
                assert "certificate verify failed" in str(error)
        assert crm.stats().retries == 0


async def test_a_certificate_that_is_not_the_one_pinned_is_raised_by_feeds_too() -> None:
    """There is an error of aiohttp's own for it; the certificate stays another one all the same."""
    pinned = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes(32)))
    clock = FakeClock()
    async with untrusted() as url, AsyncClient(KEY, base_url=url, clock=clock, connector=pinned) as crm:
        for call in (crm.zapier.deals.list(), anext(crm.zapier.deals.watch()), crm.zapier.deals.watch().poll()):
            error = await outcome(call)
            assert isinstance(error, APIConnectionError)
            assert "does not have the expected fingerprint" in str(error)
        assert crm.stats().retries == 0


@pytest.mark.parametrize("told", [True, False], ids=["its length is told", "its length is not told"])
async def test_a_page_that_is_too_large_is_raised_at_once(told: bool) -> None:
    """It would be as large the next time: one request, by a call or a feed; the option raises the bound."""
    body = b'[{"id": "a", "name": "%b", "updatedAt": "2026-05-01T09:00:00Z"}]' % (b"x" * 3000)

    async def answer(request: web.Request) -> web.StreamResponse:
        if told:
            return web.Response(body=body, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(body)
        return response

    async with serving() as server:
        server.paths["/api/zapier/companies"] = answer
        async with client(server, max_response_bytes=2000, clock=FakeClock()) as crm:
            for call in (crm.zapier.companies.list(), anext(crm.zapier.companies.watch())):
                with pytest.raises(DecodeError, match=r"larger than the 2000 bytes.*max_response_bytes"):
                    await call
            assert len(server.asked) == 2
        async with client(server, max_response_bytes=4000) as crm:
            assert [one.id for one in await crm.zapier.companies.list()] == ["a"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", None])
async def test_an_error_does_not_keep_what_was_too_large(coding: str | None) -> None:
    """However small it was packed: feeds remember their last error, and with it the locals of its traceback."""
    body = json.dumps([*rows(1), {"id": "x", "name": "x" * 4_000_000}]).encode()
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), None: body}[coding]

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": coding} if coding else {})
        await response.prepare(request)
        await response.write(packed)
        return response

    async with serving() as server, client(server, max_response_bytes=1_000_000, clock=FakeClock()) as crm:
        server.paths["/api/zapier/deals"] = answer
        error = await outcome(anext(crm.zapier.deals.watch()))
        assert isinstance(error, DecodeError)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        kept = [value for frame in frames for value in frame.f_locals.values() if isinstance(value, list)]
        assert sum(len(chunk) for chunks in kept for chunk in chunks if isinstance(chunk, bytes)) == 0
        assert frames[-1].f_code.co_filename.endswith("reading.py")
        assert len(server.asked) == 1


@pytest.mark.parametrize("bound", [0, -1, 1.5, True])
def test_a_bound_that_is_no_number_of_bytes_is_refused(bound: Any) -> None:
    """It is a whole number of at least 1."""
    with pytest.raises(ValueError, match="max_response_bytes"):
        AsyncClient(KEY, max_response_bytes=bound)
