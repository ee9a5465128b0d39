"""Batches of `crm.watch`, and events acknowledged one by one in any order."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from impactive_async import Event, Feed, FeedGapError
from impactive_async.feeds.delivery.batches import FeedBatch, FeedBatches
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.workspace.followed_lists import FeedId
from tests.feeds.lists import StopsAt, Store, ids
from tests.feeds.workspace.test_workspace import INTERVAL, FakeWorkspace, nothing_left, take
from tests.support import spin


async def batch_of(batches: FeedBatches[Event], world: FakeWorkspace, seconds: float = 10.0) -> FeedBatch[Event]:
    """The next batch, while time passes."""
    asking = asyncio.ensure_future(anext(batches))
    while not asking.done():
        await spin(10)
        world.clock.advance(seconds / 10)
    return asking.result()


def numbers(batch: Sequence[Event]) -> list[str]:
    return sorted(f"{event.sequence_id}:{event.row.id}" for event in batch)


async def left_over(world: FakeWorkspace, name: str, store: Store) -> list[str]:
    """The ids that a later run still gets of one list."""
    source = attrs.evolve(world.source(FeedId("sends", name)), clock=StopsAt())
    return await ids(Feed(source, FeedOptions(store=store)))


async def test_a_batch_holds_events_of_several_lists() -> None:
    """What comes within the time joins the batch, from whichever list, although no event was acknowledged yet."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", "c", rows=(1, 2))
    async with nothing_left(), world.watch(concurrency=1, store=store) as events:
        batches = events.batches(within=INTERVAL)
        async with await batch_of(batches, world, INTERVAL) as batch:
            assert numbers(batch) == ["a:e1", "a:e2", "b:e1", "b:e2", "c:e1", "c:e2"]
            assert set(store.cursors) == {"workspace/sequences/sends"}
        assert {"a", "b", "c"} <= set(store.cursors)


async def test_events_in_hand_do_not_keep_other_lists_from_being_polled() -> None:
    """With a single slot, all lists are polled although the consumer acknowledges nothing."""
    world = FakeWorkspace()
    world.add("a", "b", "c", rows=(1,))
    async with world.watch(concurrency=1, ack="manual") as events:
        found = await take(events, 2, world)
        await world.pass_time(INTERVAL)
        found += await take(events, 1)
        assert numbers(found) == ["a:e1", "b:e1", "c:e1"]
        asking, asked = asyncio.ensure_future(anext(events)), world.polls
        await world.pass_time(INTERVAL)
        assert world.polls == asked, "a list whose event is in hand was polled again"
        for event in found:
            event.ack()
        await world.pass_time(INTERVAL)
        assert world.polls == asked + 3
        asking.cancel()


async def test_a_batch_ends_with_its_time() -> None:
    """A batch that is not full is delivered when its time is over, and `max` ends it before."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2, 3))
    async with world.watch() as events:
        assert len(await batch_of(events.batches(max=2), world)) == 2
        assert len(await batch_of(events.batches(), world)) == 1


async def test_a_cancelled_wait_for_a_batch_takes_nothing() -> None:
    """What was gathered when the wait was cancelled comes with the next batch."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2))
    async with nothing_left(), world.watch() as events:
        batches = events.batches(within=INTERVAL)
        asking = asyncio.ensure_future(anext(batches))
        await spin()
        await world.pass_time(1)
        assert world.polls == 1
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert numbers(await batch_of(batches, world, INTERVAL)) == ["a:e1", "a:e2"]


async def test_events_of_a_failed_block_come_again() -> None:
    """They come in the next batch, also if their page was given back to the polling side meanwhile."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", rows=(1, 2))
    async with world.watch(store=store) as events:
        batches = events.batches(within=INTERVAL)
        with pytest.raises(OSError, match="away"):
            async with await batch_of(batches, world, INTERVAL) as batch:
                raise OSError("away")
        again = await batch_of(batches, world, INTERVAL)
        assert numbers(again) == numbers(batch) == ["a:e1", "a:e2", "b:e1", "b:e2"]
        await again.ack()
    assert [await left_over(world, name, store) for name in "ab"] == [[], []]


async def test_a_crash_before_the_flush_loses_nothing() -> None:
    """What was gathered and not written comes again in the next run; a batch that was written does not."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1, 2, 3, 4))
    async with world.watch(store=store) as events:
        batches = events.batches(max=2)
        async with await batch_of(batches, world):
            pass
        assert numbers(await batch_of(batches, world)) == ["a:e3", "a:e4"]
        crashed = dict(store.cursors)  # what a kill at this moment leaves
    assert await left_over(world, "a", store) == ["e3", "e4"]
    assert await left_over(world, "a", Store(**crashed)) == ["e3", "e4"]


async def test_events_are_acknowledged_in_any_order() -> None:
    """After a restart exactly those come again that were not acknowledged; awaiting the call saves."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1, 2, 3, 4))
    async with world.watch(store=store, ack="manual") as events:
        found = {event.row.id: event for event in await take(events, 4, world)}
        await found["e4"].ack()
        assert await left_over(world, "a", store) == ["e1", "e2", "e3"]
        found["e2"].ack()
        found["e2"].ack()
    assert await left_over(world, "a", store) == ["e1", "e3"]


async def test_an_event_acknowledged_before_its_batch_counts_once() -> None:
    """Alone, then with the batch, then with the batch again: the list is polled on once all are handled."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", rows=(1, 2))
    async with world.watch(store=store) as events:
        batches = events.batches()
        batch = await batch_of(batches, world)
        assert numbers(batch) == ["a:e1", "a:e2", "b:e1", "b:e2"]
        batch[1].ack()
        batch.ack()
        await batch.ack()
        world.add("a", rows=(1, 2, 3))
        assert numbers(await batch_of(batches, world)) == ["a:e3"]
    assert await left_over(world, "b", store) == []


async def test_acknowledged_events_are_saved_while_the_consumer_goes_on() -> None:
    """Without awaiting any call, what was acknowledged is saved within a second of asking on."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", rows=(1, 2))
    async with world.watch(store=store, ack="manual") as events:
        found = await take(events, 3, world)
        found[0].ack()
        world.clock.advance(2.0)
        await take(events, 1)
        name = found[0].sequence_id or ""
        assert await left_over(world, name, store) == ["e2"]


async def test_a_gap_does_not_hide_what_was_gathered() -> None:
    """The batch comes first, then the gap is raised, then the rows behind it come."""
    world = FakeWorkspace()
    world.add("a", rows=(1,))
    async with world.watch() as events:
        batches = events.batches()
        async with await batch_of(batches, world):
            pass
        world.lists["a"].add(*range(20, 30))
        found = 0
        for _ in range(2):
            with pytest.raises(FeedGapError):
                await batch_of(batches, world, INTERVAL)
        found = len(await batch_of(batches, world, INTERVAL))
        assert found == 5


async def test_a_copy_of_an_event_can_be_sent_elsewhere_but_not_acknowledge() -> None:
    """An event is pickled without its stream. A copy that is acknowledged says so, and nothing is handled."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1,))
    async with world.watch(store=store, ack="manual") as events:
        (event,) = await take(events, 1, world)
        for other in (pickle.loads(pickle.dumps(event)), copy.deepcopy(event)):
            assert other == event
            with pytest.raises(RuntimeError, match="acknowledge the original"):
                other.ack()
    assert await left_over(world, "a", store) == ["e1"]


async def test_closing_ends_the_iteration_over_batches() -> None:
    """A task that waits for a batch is let go."""
    world = FakeWorkspace()
    world.add("a")
    found: list[Any] = []
    async with world.watch() as events:

        async def consume() -> None:
            async for batch in events.batches():
                found.append(batch)

        consuming = asyncio.ensure_future(consume())
        await spin()
        await events.aclose()
        await asyncio.wait_for(consuming, 30)
    assert found == []
