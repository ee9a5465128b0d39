"""The list of sequences may show fewer than there are: nobody is dropped on its word."""

from __future__ import annotations

import asyncio

import pytest

from impactive_async import MemoryCursorStore
from impactive_async.errors import NotFoundError
from tests.feeds.workspace.test_workspace import INTERVAL, FakeWorkspace, nothing_left, take

CAP = 20


async def test_sequences_that_a_list_shows_no_more_are_followed_on(caplog: pytest.LogCaptureFixture) -> None:
    """Sequences that a list of the usual length lacks may be cut off: they keep their feeds, and it is said."""
    world = FakeWorkspace()
    world.answers = lambda: [
        {"id": name, "status": status} for name, status in list(world.sequences.items())[-CAP:]
    ]
    world.add(*(f"s{number:02}" for number in range(CAP)), rows=(1,))
    async with nothing_left(), world.watch() as events:
        await take(events, CAP, world)
        waiting = asyncio.ensure_future(anext(events))
        world.add("s90", "s91")
        await world.pass_time(2 * INTERVAL)
        world.lists["s00"].add(50)
        await world.pass_time(3 * INTERVAL)
        assert (await waiting).row.id == "e50"
        assert events.feeds == CAP + 2
    assert "may be cut off at 20" in caplog.text


async def test_a_list_that_became_shorter_tells_who_is_gone() -> None:
    """Nothing is cut off from a list that has shown more: what it lacks is polled once more, and dropped."""
    world = FakeWorkspace()
    world.add(*(f"s{number:02}" for number in range(CAP)), rows=(1,))
    async with nothing_left(), world.watch() as events:
        await take(events, CAP, world)
        waiting = asyncio.ensure_future(anext(events))
        del world.sequences["s00"]
        await world.pass_time(2 * INTERVAL)
        assert events.feeds == CAP - 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def cut_at(world: FakeWorkspace, length: int) -> None:
    """Show the newest sequences alone from now on, and say nothing of the others."""
    world.answers = lambda: [
        {"id": name, "status": status} for name, status in list(world.sequences.items())[: -length - 1 : -1]
    ]


@pytest.mark.parametrize("length", [15, 11, 10, 4, 0])
async def test_a_list_that_comes_to_be_cut_drops_nobody(length: int, caplog: pytest.LogCaptureFixture) -> None:
    """The oldest sequences are not gone because the list shows fewer rows than before, whatever their number."""
    world = FakeWorkspace()
    world.add(*(f"s{number:02}" for number in range(CAP)), rows=(1,))
    cut_at(world, 100)
    async with nothing_left(), world.watch() as events:
        await take(events, CAP, world)
        cut_at(world, length)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(3 * INTERVAL)
        world.lists["s00"].add(50)
        await world.pass_time(3 * INTERVAL)
        assert waiting.done()
        assert waiting.result().row.id == "e50"
        assert events.feeds == CAP
    assert f"may be cut off at {length}" in caplog.text


async def test_a_run_that_starts_with_a_list_that_is_cut_follows_whom_the_run_before_followed() -> None:
    """A restart drops nobody either."""
    world, store = FakeWorkspace(), MemoryCursorStore()
    world.add(*(f"s{number:02}" for number in range(CAP)), rows=(1,))
    async with nothing_left(), world.watch(store=store) as events:
        await take(events, CAP, world)
        events.ack()
    cut_at(world, 15)
    world.lists["s00"].add(50)
    async with nothing_left(), world.watch(store=store) as events:
        assert [event.row.id for event in await take(events, 1, world)] == ["e50"]


async def test_of_a_list_that_is_cut_a_404_tells_who_is_gone() -> None:
    """Two of them, of a sequence that is not listed: it is polled no more, and later runs leave it alone."""
    world, store = FakeWorkspace(), MemoryCursorStore()
    world.add(*(f"s{number:02}" for number in range(CAP)), rows=(1,))
    cut_at(world, 15)
    gone = world.lists["s06"]
    for polls, events_due in ((2, 15), (0, 0)):
        async with nothing_left(), world.watch(store=store) as events:
            await take(events, events_due, world)
            cut_at(world, 12)
            gone.trouble = [NotFoundError("no such sequence", status=404)] * 20
            gone.asked.clear()
            waiting = asyncio.ensure_future(anext(events))
            await world.pass_time(INTERVAL)
            await world.pass_time(7 * INTERVAL)
            assert (len(gone.asked), events.feeds) == (polls, 14)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
