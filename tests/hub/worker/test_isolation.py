"""A worker over a server of which one kind of list is sick: the other lists are polled as if nothing were."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from multidict import CIMultiDict

from impactive_async.errors import NotFoundError
from impactive_async.hub import run_worker
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.worker.failures import is_fatal_at_start, is_final
from impactive_async.hub.worker.kinds import Kinds
from impactive_async.hub.worker.reports import Died, Polled, Report
from tests.feeds.failures.server import Answer, Server, client, hang, listed, refusal, serving
from tests.hub.memory import MemoryHub
from tests.support import LoopClock, now, time_jumps

INTERVAL = 2.0
DEALS, REPLIES = "/api/zapier/deals", "replies"
SICK: dict[str, Answer] = {
    "hangs": hang,
    "429 for a minute": refusal(429, Retry_After="60"),
    "503 for a minute": refusal(503, Retry_After="60"),
    "500": refusal(500),
    "a challenge": refusal(403, "<html>", cf_mitigated="challenge"),
    "no such path": refusal(404, "404 page not found", "text/plain"),
    "400": refusal(400, '{"error": "no"}', "application/json"),
}


async def work(server: Server, seconds: float, *kinds: Any) -> list[Report]:
    """Let a worker work for so long; what it reported."""
    told: list[Report] = []
    stop, clock = asyncio.Event(), LoopClock()
    server.paths["/api/zapier/auth/test"] = refusal(200, '{"id": "w", "name": "W"}', "application/json")
    async with client(server) as crm:
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await run_worker(
            crm, MemoryHub(clock), kinds=kinds, interval=INTERVAL, stop=stop, on_report=told.append, clock=clock
        )
    return told


def longest_gap(server: Server, path: str, until: float) -> float:
    times = [*(at for at in server.times(path) if at <= until), until]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize("name", SICK)
def test_a_sick_kind_of_list_delays_no_other(name: str) -> None:
    """Whatever happens to the replies of twenty sequences, the deals are polled within three intervals."""

    @time_jumps
    async def law() -> None:
        async with serving() as server:
            server.sequences(20)
            server.paths[REPLIES] = SICK[name]
            ends = now() + 40.0
            await work(server, 40.0, "replies", "deals")
            assert len(server.times(DEALS)) > 5
            assert longest_gap(server, DEALS, ends) <= 3 * INTERVAL
            assert server.times(REPLIES)

    law()


@time_jumps
async def test_nonsense_of_two_seconds_kills_no_feed() -> None:
    """A router's 404 is not the API's: after it, each feed is polled again, and none has died."""
    async with serving() as server:
        server.sequences(3)
        server.paths[REPLIES] = SICK["no such path"]
        asyncio.get_running_loop().call_later(2.0, server.paths.__setitem__, REPLIES, listed([]))
        told = await work(server, 20.0, "replies", "deals")
        assert [report for report in told if isinstance(report, Died)] == []
        assert len({report.feed for report in told if isinstance(report, Polled)}) == 4


def error_of(status: int, body: str, **headers: str) -> NotFoundError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return NotFoundError("no", status=status, body=body, headers=CIMultiDict(named))


def test_only_the_apis_own_word_is_final() -> None:
    """A 404 with a page says nothing of the sequence; a challenge at the start passes, a page does not."""
    assert is_final(NotFoundError("no", status=404, json={"error": "no such sequence"}), "sequences/1/sends")
    assert not is_final(error_of(404, "<html>"), "sequences/1/sends")
    assert is_fatal_at_start(error_of(404, "<html>"))
    assert not is_fatal_at_start(error_of(403, "<html>", cf_mitigated="challenge"))


def claim(feed: str, failures: int = 0) -> Claim:
    return Claim(feed=feed, cursor="", token=1, lease=60.0, failures=failures)


def test_a_kind_is_suspect_from_a_failure_to_an_answer() -> None:
    """A feed that fails again does not make its kind suspect; one that had not failed does."""
    kinds, first, other = Kinds(), claim("sequences/1/replies"), claim("sequences/2/replies")
    kinds.record(first, TimeoutError(), 3.0)
    assert kinds.is_apart(other)
    assert not kinds.is_apart(claim("zapier/deals"))
    assert (kinds.begin(other), kinds.begin(first)) == (True, False)
    kinds.end(other)
    assert kinds.begin(first)
    kinds.record(other, None, 4.0)
    assert not kinds.is_apart(other)
    kinds.record(claim("sequences/1/replies", failures=1), TimeoutError(), 30.0)
    assert not kinds.is_apart(other)
    assert kinds.bound(other, 2.0, 30.0) == 12.0  # three times what an answer took of late
    assert kinds.bound(claim("sequences/1/replies", failures=1), 2.0, 30.0) == 30.0
    assert kinds.bound(claim("bookings"), 2.0, 30.0) == 3.0
