"""The contract of `seek`, over every engine: a consumer group moved in the log."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from impactive_async.errors import InvalidArgumentError
from impactive_async.hub import GroupStatus, Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import Corner, claimed, event, events
from tests.hub.support.moving import begin_move

OTHER = "checking"


async def log(hub: Hub, *numbers: int) -> None:
    """Log events in one commit."""
    await hub.add("a")
    await hub.poll_now("a")
    claim = await claimed(hub)
    await hub.commit(claim, f"{claim.cursor}.", events(*numbers), 3600)


async def taken(hub: Hub, count: int = 1000) -> list[int]:
    """Take and acknowledge events of the group `billing`."""
    deliveries = await hub.receive("billing", count=count)
    await hub.ack("billing", [one.position for one in deliveries])
    return [one.event.data["n"] for one in deliveries]


async def group(hub: Hub, name: str = "billing") -> GroupStatus:
    (found,) = [one for one in await hub.groups() if one.name == name]
    return found


def let_the_clock_move() -> None:
    """Redis tells the times of events in milliseconds."""
    begin = time.time()
    while time.time() < begin + 0.002:
        pass


def id_of(number: int) -> str:
    return event(number).id


async def test_a_group_gets_all_events_again_from_an_event_on(hub: Hub) -> None:
    """In their order, each once, and then those that are new; other groups get nothing again."""
    await log(hub, 1, 2, 3, 4, 5)
    assert await taken(hub) == [1, 2, 3, 4, 5]
    others = await hub.receive(OTHER)
    await hub.ack(OTHER, [one.position for one in others])
    done = await hub.seek("billing", event=id_of(3))
    assert (done.group, done.position, done.events, done.skipped) == ("billing", others[2].position, 3, 0)
    assert (await group(hub)).behind == 3
    await log(hub, 6)
    assert await taken(hub, 2) == [3, 4]
    assert await taken(hub) == [5, 6]
    assert await taken(hub) == []
    assert [one.event.data["n"] for one in await hub.receive(OTHER)] == [6]


async def test_what_lies_before_the_place_is_skipped_and_counted(hub: Hub) -> None:
    """New events and events in flight from before it never come; what follows does."""
    await log(hub, 1, 2, 3, 4, 5, 6)
    in_flight = await hub.receive("billing", count=2, visibility=0)
    would = await hub.seek("billing", event=id_of(5), dry_run=True)
    assert (would.events, would.skipped) == (2, 4)
    assert [one.event.data["n"] for one in in_flight] == [1, 2]
    assert (await group(hub)).behind == 6
    assert await hub.seek("billing", event=id_of(5)) == would
    assert evolve(await group(hub), oldest=None) == GroupStatus(name="billing", behind=2, in_flight=0)
    assert await taken(hub) == [5, 6]
    assert await taken(hub) == []


async def test_a_moment_means_what_was_logged_from_then_on(hub: Hub) -> None:
    """A moment from before the log is its beginning; after its end nothing is left, and what is new comes."""
    await log(hub, 1, 2)
    begin = await taken(hub)
    let_the_clock_move()
    between = datetime.now(UTC)
    let_the_clock_move()
    await log(hub, 3, 4)
    assert (await hub.seek("billing", to=between)).events == 2
    assert await taken(hub) == [3, 4]
    assert (await hub.seek("billing", to=datetime(1970, 1, 1, tzinfo=UTC))).events == 4
    assert await taken(hub, 1) == begin[:1]
    let_the_clock_move()
    end = await hub.seek("billing", to=datetime.now(UTC))
    assert (end.position, end.events, end.skipped) == (None, 0, 3)
    assert await taken(hub) == []
    await log(hub, 5)
    assert await taken(hub) == [5]


async def test_events_in_flight_and_dead_letters_from_there_on_come_as_new_ones(hub: Hub) -> None:
    """Counted from one; a dead letter from before the place stays one."""
    await log(hub, 1, 2, 3, 4)
    for one in (await hub.receive("billing", visibility=60))[:3]:
        await (one.ack() if one.event.data["n"] == 2 else one.reject("no"))
    assert ((await group(hub)).dead_letters, (await group(hub)).in_flight) == (2, 1)
    done = await hub.seek("billing", event=id_of(2))
    assert (done.events, done.skipped) == (3, 0)
    (letter,) = await hub.dead_letters("billing")
    assert letter.event == event(1)
    assert ((await group(hub)).dead_letters, (await group(hub)).in_flight, (await group(hub)).behind) == (1, 0, 3)
    again = await hub.receive("billing")
    assert [(one.event.data["n"], one.deliveries, one.redelivered) for one in again] == [
        (2, 1, False),
        (3, 1, False),
        (4, 1, False),
    ]
    assert await hub.replay("billing") == 1
    assert await taken(hub) == [1]
    assert await hub.heal() == []


async def test_a_group_that_has_not_caught_up_is_moved_too(hub: Hub) -> None:
    """One that joined a long log, and has read little of it: forwards and back."""
    await log(hub, *range(1500))
    assert await taken(hub, 2) == [0, 1]
    done = await hub.seek("billing", event=id_of(1400))
    assert (done.events, done.skipped) == (100, 1398)
    assert await taken(hub, 2) == [1400, 1401]
    assert (await hub.seek("billing", event=id_of(10))).events == 1490
    assert (await group(hub)).behind == 1490
    found: list[int] = []
    while some := await taken(hub, 400):
        found += some
    assert found == [*range(10, 1500)]


async def test_the_log_keeps_what_a_group_has_gone_back_to(make_hub: MakeHub) -> None:
    """What is to come again is not trimmed, however old; what everybody has had is."""
    hub = await make_hub(retention=0)
    await log(hub, 1, 2, 3, 4)
    assert await taken(hub) == [1, 2, 3, 4]
    await hub.seek("billing", event=id_of(3))
    assert await hub.trim() >= 1
    assert await taken(hub) == [3, 4]


async def test_a_consumer_that_has_events_in_hand_loses_none(hub: Hub) -> None:
    """Its acknowledgement afterwards does no harm: what it has acknowledged may come once more, the rest does."""
    await log(hub, 1, 2, 3)
    first, *_ = await hub.receive("billing")
    await hub.seek("billing", event=id_of(1))
    await first.ack()
    assert {2, 3} <= set(await taken(hub))


async def test_a_place_that_is_not_there_is_said(hub: Hub) -> None:
    """An unknown group, an unknown event, a moment to come, neither or both: nothing is changed."""
    await log(hub, 1, 2)
    assert await taken(hub, 1) == [1]
    now = datetime.now(UTC)
    with pytest.raises(InvalidArgumentError, match="no group 'nope'"):
        await hub.seek("nope", to=now)
    with pytest.raises(InvalidArgumentError, match="no event 'ev_9'"):
        await hub.seek("billing", event="ev_9")
    with pytest.raises(InvalidArgumentError, match="future"):
        await hub.seek("billing", to=now + timedelta(hours=1))
    for wrong in ({}, {"to": now, "event": id_of(1)}):
        with pytest.raises(InvalidArgumentError, match="give one of the two"):
            await hub.seek("billing", **wrong)  # type: ignore[arg-type]
    assert [one.name for one in await hub.groups()] == ["billing"]
    assert await taken(hub) == [2]


async def test_an_empty_log_has_no_place(hub: Hub) -> None:
    """A group of an empty log can be moved to a moment, and gets what comes."""
    await hub.add("a")
    assert await hub.receive("billing") == []
    done = await hub.seek("billing", to=datetime.now(UTC))
    assert (done.position, done.events, done.skipped) == (None, 0, 0)
    await log(hub, 1)
    assert await taken(hub) == [1]


async def test_commits_and_a_seek_at_one_moment_lose_nothing(hub: Hub, make_hub: MakeHub) -> None:
    """Events that are committed while a group is moved come once each."""
    await log(hub, *range(5))
    assert len(await taken(hub)) == 5
    others = [await make_hub() for _ in range(3)]
    for number in range(3):
        await hub.add(f"feed{number}")

    async def commit(mine: Hub, number: int) -> None:
        for place in range(8):
            claim = await mine.claim(60)
            if claim is not None:
                await mine.commit(claim, f"{claim.cursor}.", events(100 * (number + 1) + place), 0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.seek("billing", event=id_of(3)))
        for number, mine in enumerate(others):
            tasks.create_task(commit(mine, number))
    found = await taken(hub)
    everything = [one.event.data["n"] for one in await hub.receive(OTHER, count=1000)]
    assert sorted(found) == sorted(number for number in everything if number >= 3)


async def test_a_move_that_was_broken_off_is_finished_by_whoever_comes(
    hub: Hub, make_hub: MakeHub, corner: Corner
) -> None:
    """What the group had in flight is gone; what it is to get is not trimmed, and comes once."""
    await log(hub, *range(1300))
    assert len(await hub.receive("billing", count=1300)) == 1300
    await begin_move(corner, hub, "billing", id_of(3))
    await log(hub, 2000)
    await (await make_hub(retention=0)).trim()
    found: list[int] = []
    for _ in range(10):
        found += await taken(await make_hub())
    assert found == [*range(3, 1300), 2000]
    assert (await group(hub)) == GroupStatus(name="billing", behind=0, in_flight=0)


async def test_dead_letters_outlive_a_move_that_was_broken_off(hub: Hub, corner: Corner) -> None:
    """Those from before the place are listed, replayed and delivered; those behind it come as new events."""
    await log(hub, 1, 2, 3)
    for one in await hub.receive("billing"):
        await one.reject("no")
    await begin_move(corner, hub, "billing", id_of(2))
    assert [letter.event for letter in await hub.dead_letters("billing")] == [event(1)]
    await begin_move(corner, hub, "billing", id_of(2))
    assert await hub.replay("billing") == 1
    assert sorted(await taken(hub) + await taken(hub)) == [1, 2, 3]


async def test_nothing_is_in_flight_while_a_group_is_moved(hub: Hub, corner: Corner) -> None:
    """A reader that has the group to itself does not take up what was left behind."""
    await log(hub, 1, 2, 3)
    assert len(await hub.receive("billing")) == 3
    await begin_move(corner, hub, "billing", id_of(3))
    assert await hub.in_flight("billing", visibility=60) == []
    assert await taken(hub) == [3]
