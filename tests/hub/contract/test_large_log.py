"""The contract of `Hub`, over every engine: whatever the size of the log, each call does a bounded step."""

from __future__ import annotations

import asyncio

from impactive_async.hub import Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import claimed, events

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
