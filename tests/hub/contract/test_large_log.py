"""The contract of `Hub`, over every engine: whatever the size of the log, each call does a bounded step."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from impactive_async.hub import Hub
from impactive_async.hub.sqlite import counting, healing, log, moving
from tests.hub.conftest import MakeHub
from tests.hub.engines import claimed, corner_of, events

EVENTS = 2_600
"""More than two steps of any engine."""


async def filled(hub: Hub, first: int = 0, last: int = EVENTS) -> None:
    await hub.add("a")
    for number in range(first, last, 650):
        claim = await claimed(hub)
        await hub.commit(claim, str(number), events(*range(number, min(number + 650, last))), 0)


async def taken(hub: Hub, group: str, count: int = 400) -> list[int]:
    """Read and acknowledge all that a group gets."""
    found: list[int] = []
    while deliveries := await hub.receive(group, count=count):
        await hub.ack(group, [delivery.position for delivery in deliveries])
        found += [delivery.event.data["n"] for delivery in deliveries]
    return found


async def behind(hub: Hub) -> dict[str, int | None]:
    return {group.name: group.behind for group in (await hub.status()).groups}


async def test_a_new_group_gets_the_log_and_what_comes_meanwhile(hub: Hub) -> None:
    """Once, and in the order of the log, though it takes the old events in steps."""
    await filled(hub)
    first = await hub.receive("billing", count=1)
    assert await behind(hub) == {"billing": EVENTS}
    await filled(hub, EVENTS, EVENTS + 650)
    assert await behind(hub) == {"billing": EVENTS + 650}
    await hub.ack("billing", [delivery.position for delivery in first])
    assert await taken(hub, "billing") == [*range(1, EVENTS + 650)]
    assert await behind(hub) == {"billing": 0}


async def test_consumers_of_a_new_group_share_the_log(hub: Hub, make_hub: MakeHub) -> None:
    """However many begin at once, each event goes to one of them."""
    await filled(hub)
    others = [await make_hub() for _ in range(3)]
    found = await asyncio.gather(*(taken(other, "billing", count=37) for other in others))
    assert sorted(number for part in found for number in part) == [*range(EVENTS)]


async def test_what_a_new_group_has_not_got_yet_is_not_trimmed(hub: Hub, make_hub: MakeHub) -> None:
    """A log whose events another group has done with is kept for the one that has just joined."""
    await filled(hub)
    await taken(hub, "quick")
    (one,) = await hub.receive("late", count=1)
    await one.ack()
    forgetful = await make_hub(retention=0)
    assert await forgetful.trim() <= 1
    assert await taken(hub, "late") == [*range(1, EVENTS)]


async def test_a_log_is_trimmed_to_its_end(hub: Hub, make_hub: MakeHub) -> None:
    """In as many steps as that takes, around what a slow consumer holds."""
    await filled(hub)
    held = [delivery for delivery in await hub.receive("slow", count=1000) if delivery.event.data["n"] % 100 == 0]
    kept = {delivery.position for delivery in held}
    forgetful = await make_hub(retention=0)
    while deliveries := await hub.receive("slow", count=1000):
        await hub.ack("slow", [delivery.position for delivery in deliveries])
    # What was taken first and is not held.
    await hub.drop_group("slow")
    assert await forgetful.trim() == EVENTS
    assert kept
    assert (await hub.status()).events == 0


async def test_a_group_that_is_far_behind_is_forgotten(hub: Hub, make_hub: MakeHub) -> None:
    """Whatever it had in flight, nothing is kept for it any more, and it may begin anew."""
    await filled(hub)
    for _ in range(3):
        await hub.receive("billing", count=1000)
    await hub.drop_group("billing")
    assert await behind(hub) == {}
    assert await taken(hub, "billing") == [*range(EVENTS)]


async def test_feeds_are_listed_in_steps(hub: Hub) -> None:
    """Each one once, with the reasons of those that are dead."""
    names = [f"feed {number:04}" for number in range(1_300)]
    for name in names:
        await hub.add(name)
    for _ in range(3):
        claim = await claimed(hub)
        await hub.fail(claim, f"404 {claim.feed}", None)
    found = await hub.feeds()
    assert sorted(found) == names
    assert {name: reason for name, reason in found.items() if reason} == {
        name: f"404 {name}" for name in names[:3]
    }


async def test_sqlite_looks_at_few_events_in_flight(tmp_path: Path) -> None:
    """However many a group has in flight, all of which are not due, a look for what is due is short."""
    async with corner_of("sqlite", tmp_path) as corner, corner.hub() as hub:
        await filled(hub)
        assert len(await hub.receive("billing", count=EVENTS)) == EVENTS
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"))) as connection:
        connection.set_progress_handler(count, 1)  # instructions of SQLite's machine
        assert log.receive(connection, time.time(), "billing", 20, 60.0, 10) == []
    assert 0 < steps < EVENTS


async def test_sqlite_does_steps_of_one_size(tmp_path: Path) -> None:
    """Whatever there is behind a step, it looks at no more than its own rows."""
    async with corner_of("sqlite", tmp_path) as corner, corner.hub() as hub:
        await filled(hub, 0, 1_300)
        await hub.receive("billing", count=EVENTS)
        path = corner.url.removeprefix("sqlite:///")
        before = [instructions(path, step) for step in STEPS]
        await filled(hub, 1_300, 5_200)
        while await hub.receive("billing", count=EVENTS):
            pass
    assert [instructions(path, step) for step in STEPS] == before


STEPS: tuple[Callable[[sqlite3.Connection], object], ...] = (
    lambda connection: log.look(connection, 0.0, 0),
    lambda connection: moving.look_for(connection, "billing", 0.0, None),
    lambda connection: counting.count_log(connection, 400, 0),
    lambda connection: counting.count_pending(connection, "billing", 400, 0),
    lambda connection: moving.move_on(connection, "billing"),
    lambda connection: healing.restore(connection),
)


def instructions(path: str, step: Callable[[sqlite3.Connection], object]) -> int:
    """Count the instructions of SQLite's machine that a step takes; those that come after it do not see it."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE groups SET start = 1000, moved = 0")
        connection.set_progress_handler(count, 100)
        step(connection)
        connection.rollback()
    return steps


async def test_events_come_again_in_turns(hub: Hub) -> None:
    """What was delivered more often comes behind what was delivered less."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    for _ in range(3):
        await hub.receive("billing", count=1, visibility=0)
    again = [(await hub.receive("billing", visibility=0))[0] for _ in range(6)]
    assert sorted(one.event.data["n"] for one in again[:3]) == [1, 2, 3]
    assert [one.deliveries for one in again] == [2, 2, 2, 3, 3, 3]


async def test_any_number_of_dead_letters_is_replayed_or_dropped(hub: Hub) -> None:
    """All of them, though in steps."""
    many = 1_300
    await filled(hub, 0, many)
    for settle, group in ((hub.replay, "billing"), (hub.drop, "crm")):
        await hub.receive(group, count=many, visibility=0)
        while len(await hub.dead_letters(group, count=many)) < many:
            assert await hub.receive(group, visibility=0, max_deliveries=1) == []
        assert await settle(group) == many
        assert await hub.dead_letters(group) == []


async def test_sqlite_is_not_locked_where_nothing_can_be_trimmed(tmp_path: Path) -> None:
    """A look at a log that others wait for holds up nobody."""
    async with corner_of("sqlite", tmp_path) as corner, corner.hub(retention=0, timeout=0.1) as hub:
        await filled(hub)
        await hub.receive("billing", count=EVENTS)
        with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"), isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            assert await hub.trim() == 0
