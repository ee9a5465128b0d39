"""What a feed lives through, what ends it, and what cancelling it costs: nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from impactive_async import AsyncClient
from impactive_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from impactive_async.feeds.pacing.pace import MOST_UNREADABLE
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import CAP, FakeList, Sibling, StopsAt, Store, feed_of, ids, row
from tests.support import FakeClock, client_of, spin

TRANSIENT = [
    APIConnectionError("reset"),
    APITimeoutError("late"),
    RateLimitError("slow down", status=429, retry_after=7.0),
    ServerError("oops", status=500),
    ServerError("gateway", status=503),
    APIStatusError("request timeout", status=408),
    APIStatusError("too early", status=425),
]
FINAL = [
    BadRequestError("bad", status=400),
    AuthenticationError("revoked", status=401),
    PermissionDeniedError("no", status=403),
    NotFoundError("gone", status=404),
    APIStatusError("moved", status=302),
]


async def test_transient_failures_are_lived_through(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever may pass is tried again for ever: logged, counted, and no row is lost or repeated by it."""
    listed, clock = FakeList(trouble=TRANSIENT * 20), StopsAt(polls=10_000)
    listed.add(1, 2)
    feed = feed_of(listed, clock)
    assert [(await anext(feed)).id, (await anext(feed)).id] == ["e1", "e2"]
    assert feed.stats.errors == len(TRANSIENT) * 20
    assert caplog.text.count("poll failed") == feed.stats.errors
    assert max(clock.waits) <= 300


async def test_retry_after_is_obeyed() -> None:
    """A server that says when to come back is not asked before."""
    listed, clock = FakeList(trouble=[RateLimitError("", status=429, retry_after=500.0)]), StopsAt(polls=2)
    listed.add(1)
    assert await ids(feed_of(listed, clock)) == ["e1"]
    assert clock.waits[0] >= 500


@pytest.mark.parametrize("error", FINAL, ids=lambda error: str(error.status))
async def test_refusals_end_the_feed(error: APIStatusError) -> None:
    """What the server would refuse again is raised at once; iterating again tries again, and goes on."""
    listed = FakeList(trouble=[error])
    listed.add(1)
    feed = feed_of(listed, StopsAt(polls=2))
    with pytest.raises(type(error)):
        await anext(feed)
    assert (await anext(feed)).id == "e1"


async def test_a_sequence_deleted_while_it_is_watched() -> None:
    """Its feed ends with a `NotFoundError`; what was handled is saved and comes no more, if it is back."""
    listed, clock, store = FakeList(), StopsAt(polls=3), Store()
    listed.add(1, 2)
    async with feed_of(listed, clock, store=store) as feed:
        assert [(await anext(feed)).id, (await anext(feed)).id] == ["e1", "e2"]
        listed.trouble = [NotFoundError("no such sequence", status=404)]
        with pytest.raises(NotFoundError):
            await anext(feed)
    listed.add(3)
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e3"]


async def test_lasting_nonsense_ends_the_feed() -> None:
    """So many unreadable pages in a row end a feed, whatever other failures come between them."""
    nonsense: list[Exception] = [DecodeError("not JSON")] * (MOST_UNREADABLE - 1)
    listed = FakeList(trouble=[*nonsense, *TRANSIENT, DecodeError("the last one")])
    with pytest.raises(DecodeError, match="the last one"):
        await anext(feed_of(listed, StopsAt(polls=100)))


async def test_an_outage_does_not_use_up_the_patience_with_nonsense() -> None:
    """One maintenance page at the end of a long outage is lived through, and a good page restores all patience."""
    outage: list[Exception] = [ServerError("down", status=502)] * 50
    nonsense: list[Exception] = [DecodeError("maintenance")] * (MOST_UNREADABLE - 1)
    listed, clock = FakeList(trouble=outage + nonsense), StopsAt(polls=1000)
    listed.add(1)
    feed = feed_of(listed, clock)
    assert (await anext(feed)).id == "e1"
    listed.trouble = list(nonsense)
    listed.add(2)
    assert (await anext(feed)).id == "e2"


# -- against a server ------------------------------------------------------------------------------------------


async def test_a_deleted_or_unknown_sequence_ends_its_feed(crm: AsyncClient) -> None:
    """Following a sequence that is not there is a `NotFoundError`."""
    with pytest.raises(NotFoundError):
        await anext(crm.sequences.watch_replies("seq_nobody"))


async def test_a_revoked_key_ends_the_feed(sandbox: Sandbox, crm: AsyncClient) -> None:
    """A key revoked while a feed runs is an `AuthenticationError` at its next poll."""
    feed = crm.zapier.companies.watch()
    for _ in sandbox.state.rows("companies"):
        await anext(feed)
    sandbox.revoke_key()
    with pytest.raises(AuthenticationError):
        await anext(feed)


@pytest.mark.parametrize("fault", [{"status": 503}, {"disconnect": True}, {"truncate": True}, {"body": b"<html>"}])
async def test_a_bad_quarter_of_an_hour(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    """Gateway errors, dropped connections and garbage cost time and no rows."""
    async with client_of(sandbox, max_retries=0) as crm:
        sandbox.fail("GET /api/zapier/companies", times=3, **fault)
        feed = crm.zapier.companies.watch()
        rows = [await anext(feed) for _ in sandbox.state.rows("companies")]
    assert [one.id for one in rows] == [one.id for one in sandbox.state.rows("companies")]
    assert feed.stats.errors >= 1  # aiohttp tries a dropped connection once more by itself


# -- cancelling at every await ---------------------------------------------------------------------------------


async def cancelled_after(turns: int, waiting: asyncio.Task[Any]) -> bool:
    """Let a task run for so many turns of the loop, then cancel it; whether that cut it short."""
    for _ in range(turns):
        await asyncio.sleep(0)
        if waiting.done():
            break
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return waiting.cancelled()


def gap_is_fine(_: Any) -> None:
    pass


STORY = ["e1", "e2", *(f"e{number}" for number in range(10, 13 + CAP))]  # as many as its cursor remembers


async def story(cancel_at: int) -> tuple[list[str], bool]:
    """A feed over a gap, a recovery, a bad row, saves and waits; every `anext` is cancelled once, at a turn."""
    listed, store, clock = FakeList(), Store(), FakeClock()
    listed.add(1, 2)
    store.turns = 2
    hidden = [row(number) for number in range(10, 10 + CAP)]
    feed = feed_of(
        listed, clock, store=store, recover=Sibling(*hidden), on_gap=gap_is_fine, on_bad_row=gap_is_fine
    )
    found: list[str] = []
    cut = False
    while len(found) < len(STORY):
        pulling = asyncio.ensure_future(feed.__anext__())
        if not await cancelled_after(cancel_at, pulling):
            found.append(pulling.result().id)
        else:
            cut = True
            found.append((await anext(feed)).id)
        clock.now += 1
        if len(found) == 2:
            listed.add(*range(10, 13 + CAP))
            listed.rows.append({"id": "bad"})
    feed.ack()
    await feed.aclose()
    rest = feed_of(listed, StopsAt(), store=store, recover=Sibling(*hidden), on_bad_row=gap_is_fine)
    return [*found, *await ids(rest)], cut


async def test_cancelling_at_any_turn_loses_and_repeats_nothing() -> None:
    """Wherever an `anext` is cancelled (loading, waiting, polling, recovering, saving), the next one goes on."""
    before = asyncio.all_tasks()
    for turn in range(60):
        found, cut = await story(turn)
        assert found == STORY, turn
        assert asyncio.all_tasks() == before, turn
        if not cut:
            assert turn >= 10
            return
    raise AssertionError("there are more turns than this test has tried")


async def test_cancelling_a_request_leaves_no_connection_behind(sandbox: Sandbox) -> None:
    """A consumer cancelled while the server thinks leaves no task; the next one gets every row."""
    async with client_of(sandbox) as crm:
        held = asyncio.Event()
        sandbox.fail("GET /api/zapier/companies", hold=held)
        feed = crm.zapier.companies.watch()
        pulling = asyncio.ensure_future(feed.__anext__())
        await sandbox.arrived("GET /api/zapier/companies")
        pulling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pulling
        held.set()
        assert pulling not in asyncio.all_tasks()
        rows = [await anext(feed) for _ in sandbox.state.rows("companies")]
        assert [one.id for one in rows] == [one.id for one in sandbox.state.rows("companies")]
        assert crm.stats().in_flight == 0


@pytest.mark.parametrize("patience", [4, 7, 30])
async def test_an_impatient_consumer_makes_no_more_requests(patience: int) -> None:
    """Answers slower than the consumer's time-out arrive all the same, by one request a poll."""
    listed, feed_clock = FakeList(turns=100), FakeClock()
    listed.add(1, 2)
    feed, found = feed_of(listed, feed_clock), []
    for _ in range(400):
        pulling = asyncio.ensure_future(feed.__anext__())
        if not await cancelled_after(patience, pulling):
            found.append(pulling.result().id)
        if len(found) == 2:
            break
    assert found == ["e1", "e2"]
    assert len(listed.asked) == 1


async def test_an_impatient_consumer_gets_a_slow_recovery_whole_and_in_order() -> None:
    """A recovery outlives the `anext` that was cancelled, is made once, and nothing behind it comes before it."""
    listed, clock = FakeList(), FakeClock()
    sibling = Sibling(*(row(number) for number in (10, 11, 12)), turns=100)
    listed.add(1, 2)
    feed = feed_of(listed, clock, recover=sibling, on_gap=gap_is_fine)
    found = [(await anext(feed)).id, (await anext(feed)).id]
    listed.add(*range(10, 13 + CAP))
    for _ in range(400):
        pulling = asyncio.ensure_future(feed.__anext__())
        if not await cancelled_after(7, pulling):
            found.append(pulling.result().id)
        if len(found) == 5 + CAP:
            break
    assert found == ["e1", "e2", *(f"e{number}" for number in range(10, 13 + CAP))]
    assert len(sibling.asked) == 1  # of all gaps at once
    await feed.aclose()


async def test_closing_ends_a_request_nobody_waits_for() -> None:
    """The request that a cancelled `anext` leaves behind ends with its feed; a refusal is kept for the next."""
    before = asyncio.all_tasks()
    feed = feed_of(FakeList(turns=1_000_000), FakeClock())
    assert await cancelled_after(10, asyncio.ensure_future(feed.__anext__()))
    await feed.aclose()
    assert asyncio.all_tasks() == before
    feed = feed_of(FakeList(turns=20, trouble=[AuthenticationError("revoked", status=401)]), FakeClock())
    assert await cancelled_after(10, asyncio.ensure_future(feed.__anext__()))
    await spin(50)
    assert asyncio.all_tasks() == before
    with pytest.raises(AuthenticationError):
        await anext(feed)


async def test_a_feed_dropped_without_closing_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A consumer that breaks off and forgets its feed leaves no pending task to be complained of."""
    with caplog.at_level(logging.WARNING, "asyncio"):
        listed = FakeList()
        listed.add(1, 2)
        async for _ in feed_of(listed, StopsAt()):
            break
        await asyncio.sleep(0)
    assert caplog.text == ""
    assert len(asyncio.all_tasks()) == 1
