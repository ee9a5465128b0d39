"""The list of sequences may show fewer than there are: nobody is dropped on its word."""

from __future__ import annotations

import asyncio

import pytest

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
