"""The contract of `Steering`, over every engine: feeds looked at, rewound, paused and polled at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from impactive_async import AsyncClient
from impactive_async.errors import CursorError, FencedError, InvalidArgumentError
from impactive_async.hub import Hub, HubEvent
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.feeds import open_feed
from impactive_async.sandbox import Sandbox
from tests.hub.engines import claimed, events, logged
from tests.support import client_of

FEED = "zapier/deals"


async def test_a_feed_says_what_it_does(hub: Hub) -> None:
    """Due, leased, waiting and dead, with its failures, gaps and committed cursor; nothing of an unknown one."""
    assert await hub.feed("a") is None
    await hub.add("a", "0")
    found = await hub.feed("a")
    assert found
    assert (found.feed, found.state, found.leased, found.cursor) == ("a", "due", False, "0")
    claim = await claimed(hub)
    found = await hub.feed("a")
    assert found
    assert (found.state, found.leased, 0 < found.due_in <= 60) == ("leased", True, True)
    await hub.commit(claim, "1", [], 3600, gaps=2)
    found = await hub.feed("a")
    assert found
    assert (found.state, found.gaps, found.cursor, 3000 < found.due_in <= 3600) == ("waiting", 2, "1", True)
    assert await hub.poll_now("a")
    await hub.fail(await claimed(hub), "404", None)
    found = await hub.feed("a")
    assert found
    assert (found.state, found.failures, found.error) == ("dead", 1, "404")


async def test_a_cursor_is_exchanged_only_for_the_one_that_is_stored(hub: Hub) -> None:
    """Of two who exchange it, one succeeds; the same call sent again does too, and nothing else is changed."""
    await hub.add("a", "1")
    assert not await hub.exchange_cursor("a", "0", "9")
    assert await hub.exchange_cursor("a", "1", "2")
    assert await hub.exchange_cursor("a", "1", "2")
    assert not await hub.exchange_cursor("a", "1", "3")
    assert not await hub.exchange_cursor("unknown", "1", "3")
    assert await hub.cursors(["a", "unknown"]) == {"a": "2"}


async def test_a_worker_that_has_the_feed_does_not_undo_an_exchange(hub: Hub) -> None:
    """Its commit, its failure and its release are refused; the feed is due at once, with the other cursor."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    assert await hub.exchange_cursor("a", "1", "0")
    for late in (
        hub.commit(claim, "2", events(1), 3600),
        hub.fail(claim, "503", 3600),
        hub.release(claim),
    ):
        with pytest.raises(FencedError):
            await late
    again = await claimed(hub)
    assert (again.cursor, again.token > claim.token) == ("0", True)
    await hub.commit(again, "2", events(1), 3600)
    assert await logged(hub) == [1]


async def test_a_commit_that_is_sent_again_does_not_undo_an_exchange(hub: Hub) -> None:
    """Its events are in the log; the cursor stays the one that was put there after it."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    await hub.commit(claim, "2", events(1), 3600)
    assert await hub.exchange_cursor("a", "2", "0")
    with pytest.raises(FencedError):
        await hub.commit(claim, "2", events(1), 3600)
    assert await hub.cursors(["a"]) == {"a": "0"}
    assert await logged(hub) == [1]


async def test_a_paused_feed_is_claimed_by_nobody(hub: Hub) -> None:
    """Until it is resumed, it is neither due nor late; status names it; it goes on from where it was."""
    await hub.add("a", "1")
    assert await hub.pause("a")
    assert not await hub.pause("a")
    assert await hub.claim(60) is None
    status = await hub.status()
    assert (status.feeds, status.due, status.lag, status.paused_count, status.paused) == (1, 0, 0.0, 1, ("a",))
    assert await hub.feeds() == {"a": None}
    assert await hub.heal() == []
    assert not await hub.poll_now("a")
    assert await hub.exchange_cursor("a", "1", "0")
    assert await hub.claim(60) is None
    assert await hub.resume("a")
    assert not await hub.resume("a")
    assert (await claimed(hub)).cursor == "0"
    assert (await hub.status()).paused == ()


async def test_a_feed_paused_under_a_worker_finishes_its_poll(hub: Hub) -> None:
    """What it brings is committed, and the feed stays paused; a final failure does not make it dead either."""
    for feed in "ab":
        await hub.add(feed, "1")
        claim = await claimed(hub)
        assert await hub.pause(feed)
        found = await hub.feed(feed)
        assert found
        assert (found.state, found.leased) == ("paused", True)
        if feed == "a":
            await hub.commit(claim, "2", events(1), 0)
        else:
            await hub.fail(claim, "404", None)
    assert await hub.claim(60) is None
    assert await hub.feeds() == {"a": None, "b": None}
    assert (await hub.status()).paused == ("a", "b")
    assert await hub.resume("a")
    claim = await claimed(hub)
    assert (claim.feed, claim.cursor) == ("a", "2")
    assert await hub.resume("b")
    assert (await claimed(hub)).failures == 1


async def test_a_feed_resumed_under_its_worker_is_not_claimed_twice(hub: Hub) -> None:
    """As long as the lease lasts, nobody else gets it."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    assert await hub.pause("a")
    assert await hub.resume("a")
    assert await hub.claim(60) is None
    await hub.commit(claim, "2", events(1), 0)
    assert (await claimed(hub)).cursor == "2"


async def test_dead_feeds_are_not_paused_and_paused_ones_can_be_removed(hub: Hub) -> None:
    """A dead feed is polled by nobody as it is. What is removed is added again as a living feed."""
    await hub.add("a", "1")
    await hub.fail(await claimed(hub), "404", None)
    assert not await hub.pause("a")
    assert not await hub.poll_now("a")
    assert await hub.revive("a")
    assert await hub.pause("a")
    assert await hub.remove("a")
    assert (await hub.status()).paused_count == 0
    await hub.add("a", "1")
    assert (await claimed(hub)).feed == "a"
    for change in (hub.pause, hub.resume, hub.poll_now):
        assert not await change("unknown")


async def test_a_feed_is_due_at_once_if_somebody_wants_it_polled(hub: Hub) -> None:
    """One that waits is due; one that a worker has is due again when that worker has committed or failed, once."""
    await hub.add("a", "1")
    await hub.commit(await claimed(hub), "2", [], 3600)
    assert await hub.claim(60) is None
    assert await hub.poll_now("a")
    claim = await claimed(hub)
    assert await hub.poll_now("a")
    await hub.commit(claim, "3", [], 3600)
    claim = await claimed(hub)
    assert await hub.poll_now("a")
    await hub.fail(claim, "503", 3600)
    await hub.fail(await claimed(hub), "503", 3600)
    assert await hub.claim(60) is None


async def poll(crm: AsyncClient, hub: Hub, *, ack: bool = True) -> list[HubEvent]:
    """Poll the one feed as a worker does."""
    claim = await claimed(hub)
    polled = await open_feed(crm, claim.feed, since=None, interval=60).poll(claim.cursor)
    found = list(events_of("test", claim.feed, polled, datetime.now(UTC)))
    await hub.commit(claim, polled.cursor, found, 3600)
    return found


async def test_a_feed_that_is_rewound_delivers_again_with_the_same_ids(hub: Hub) -> None:
    """What the API shows from the moment on is polled again; what the log still has is not logged twice."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        await hub.add(FEED, open_feed(crm, FEED, since=None, interval=60).cursor)
        before = await poll(crm, hub)
        stamps = sorted(event.time for event in before)
        to = stamps[len(stamps) // 2]
        would = await hub.rewind(FEED, to, dry_run=True)
        assert would.before
        assert would.after
        assert would.after.floor is None or would.after.floor <= to
        assert await hub.claim(60) is None
        assert await hub.rewind(FEED, to) == would
        assert (await hub.status()).due == 1
        again = await poll(crm, hub)
        ids = [event.id for event in before]
        assert {event.id for event in before if event.time >= to} <= {event.id for event in again} <= set(ids)
        assert (await hub.status()).events == len(set(ids))


async def test_a_rewind_is_not_lost_to_a_worker_that_has_the_feed(hub: Hub) -> None:
    """The worker's commit is refused, and its rows come with the next poll, beside those that come again."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        await hub.add(FEED, open_feed(crm, FEED, since=None, interval=60).cursor)
        before = await poll(crm, hub)
        to = min(event.time for event in before)
        await hub.poll_now(FEED)
        claim = await claimed(hub)
        polled = await open_feed(crm, FEED, since=None, interval=60).poll(claim.cursor)
        await hub.rewind(FEED, to)
        with pytest.raises(FencedError):
            await hub.commit(claim, polled.cursor, [], 3600)
        assert {event.id for event in await poll(crm, hub)} >= {event.id for event in before}


async def test_what_cannot_be_rewound_is_said(hub: Hub) -> None:
    """An unknown feed, a moment to come, one without a zone, a damaged cursor: nothing is changed."""
    now = datetime.now(UTC)
    await hub.add("damaged", '{"kind": 7')
    await hub.add("new", "")
    with pytest.raises(InvalidArgumentError, match="no feed 'unknown'"):
        await hub.rewind("unknown", now)
    with pytest.raises(InvalidArgumentError, match="future"):
        await hub.rewind("new", now + timedelta(days=1))
    with pytest.raises(InvalidArgumentError, match="naive"):
        await hub.rewind("new", datetime(2026, 1, 1))
    with pytest.raises(CursorError, match="damaged"):
        await hub.rewind("damaged", now)
    assert (await hub.rewind("new", now)).before is None
    assert await hub.cursors(["damaged", "new"]) == {"damaged": '{"kind": 7', "new": ""}


async def test_a_rewind_goes_on_after_a_commit_in_between(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that commits between the look and the change loses nothing, and does not stop the rewind."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        feed = open_feed(crm, FEED, since=None, interval=60)
        await hub.add(FEED, feed.cursor)
        await poll(crm, hub)
        await hub.poll_now(FEED)
        claim = await claimed(hub)
        polled = await feed.poll(claim.cursor)
        exchange = hub.exchange_cursor

        async def commits_first(name: str, before: str, after: str) -> bool:
            monkeypatch.undo()
            await hub.commit(claim, polled.cursor, [], 3600)
            return await exchange(name, before, after)

        monkeypatch.setattr(hub, "exchange_cursor", commits_first)
        done = await hub.rewind(FEED, datetime(2026, 1, 1, tzinfo=UTC))
        assert done.before
        assert done.before.begun
        assert done.before.known
