"""The contract of `ExclusiveReading`, over every engine: a group for one reader, events in flight, postponing."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.hub import Delivery, Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import claimed, event, events
from tests.hub.support.strangers import write_entry

LONG = 86_400.0


async def logging(hub: Hub, *numbers: int) -> None:
    """Put events into the log."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "", events(*numbers), 0)


async def taken(hub: Hub, **options: Any) -> list[Delivery]:
    return await hub.receive("hooks", **{"visibility": LONG} | options)


async def flying(hub: Hub, **options: Any) -> list[tuple[int, int]]:
    """Number and deliveries of what is in flight."""
    found = await hub.in_flight("hooks", **{"visibility": LONG} | options)
    return [(one.delivery.event.data["n"], one.delivery.deliveries) for one in found]


async def test_a_group_is_held_by_one_reader(make_hub: MakeHub) -> None:
    """Another is refused until the first gives it up; other groups, and the holder itself, are not."""
    first, second = await make_hub(), await make_hub()
    assert await first.hold("hooks", "one", 60)
    assert await first.hold("hooks", "one", 60)
    assert not await second.hold("hooks", "two", 60)
    assert await second.hold("other", "two", 60)
    await first.hold("hooks", "one", 0)
    assert await second.hold("hooks", "two", 60)
    assert not await first.hold("hooks", "one", 60)


async def test_a_group_whose_time_is_over_is_free(hub: Hub) -> None:
    """A reader that was killed holds nobody up for ever."""
    assert await hub.hold("hooks", "killed", 0)
    assert await hub.hold("hooks", "next", 60)


async def test_giving_up_what_another_holds_changes_nothing(hub: Hub) -> None:
    """A reader that comes too late does not take the group from its holder."""
    assert await hub.hold("hooks", "one", 60)
    assert not await hub.hold("hooks", "late", 0)
    assert not await hub.hold("hooks", "late", 60)


async def test_what_is_in_flight_is_listed_in_the_order_of_the_log(hub: Hub) -> None:
    """Neither what is new, nor what is acknowledged or dead, is among it."""
    assert await flying(hub) == []
    await logging(hub, 1, 2, 3, 4, 5)
    first, second, *_ = await taken(hub, count=4)
    await first.ack()
    await second.reject("no")
    assert await flying(hub) == [(3, 1), (4, 1)]
    assert await flying(hub, count=1) == [(3, 1)]
    (third,) = await hub.in_flight("hooks", visibility=LONG, count=1)
    assert await flying(hub, after=third.delivery.position) == [(4, 1)]
    assert LONG - 600 < third.again_in <= LONG
    assert await hub.in_flight("others", visibility=LONG) == []


async def test_a_postponed_event_comes_again_in_time(hub: Hub) -> None:
    """Not before, and counted as it was said; the others are as they were."""
    await logging(hub, 1, 2)
    first, second = await taken(hub)
    await hub.postpone("hooks", first.position, 3600, deliveries=7, visibility=LONG)
    assert await flying(hub) == [(1, 7), (2, 1)]
    one, two = await hub.in_flight("hooks", visibility=LONG)
    assert 3000 < one.again_in <= 3600
    assert two.again_in > LONG - 600
    assert await taken(hub) == []
    await hub.postpone("hooks", first.position, 0, deliveries=8, visibility=LONG)
    (again,) = await taken(hub)
    assert (again.event, again.deliveries, again.redelivered) == (event(1), 9, True)
    await second.ack()
    assert await flying(hub) == [(1, 9)]


async def test_only_what_is_in_flight_is_postponed(hub: Hub) -> None:
    """Neither what is acknowledged nor a dead letter comes back by it."""
    await logging(hub, 1, 2)
    first, second = await taken(hub)
    await first.ack()
    await second.reject("no")
    for delivery in (first, second):
        await hub.postpone("hooks", delivery.position, 0, deliveries=1, visibility=LONG)
    assert await taken(hub) == []
    assert len(await hub.dead_letters("hooks")) == 1


@pytest.mark.parametrize(
    ("name", "wrong"), [("seconds", -1), ("seconds", LONG + 1), ("deliveries", -1), ("position", "first")]
)
async def test_what_can_never_be_right_is_refused(hub: Hub, name: str, wrong: Any) -> None:
    """Such arguments are `ValueError`s before the engine is asked."""
    arguments: dict[str, Any] = {"position": "1-1", "seconds": 1.0, "deliveries": 1, "visibility": LONG}
    with pytest.raises(ValueError, match=r"seconds|deliveries|position"):
        await hub.postpone("hooks", **arguments | {name: wrong})


async def test_an_entry_in_flight_that_cannot_be_read_is_a_dead_letter(hub: Hub, corner: Any) -> None:
    """A reader of the list gets past it, as one of the log does."""
    await write_entry(corner, "no event")
    await logging(hub, 1)
    await taken(hub)
    assert await flying(hub) == [(1, 1)]
    assert len(await hub.dead_letters("hooks")) == 1
