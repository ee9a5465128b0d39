"""The contract of `Hub`, over every engine: the event log and its consumer groups.

Visibilities of 0 seconds are over when the next call looks at them: time passes without anyone waiting.
"""

from __future__ import annotations

from impactive_async.hub import Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import claimed, event, events, logged


async def test_events_are_delivered_as_committed_and_in_order(hub: Hub) -> None:
    """A group receives what was committed, equal and in the order of the commits."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(3, 1), 0)
    await hub.commit(await claimed(hub), "2", events(2), 0)
    taken = await hub.receive("billing")
    assert [delivery.event for delivery in taken] == events(3, 1, 2)
    assert [delivery.redelivered for delivery in taken] == [False] * 3


async def test_every_group_gets_every_event_and_each_event_goes_to_one_consumer(
    hub: Hub, make_hub: MakeHub
) -> None:
    """Consumers of one group share its events; another group has its own; a late group begins with the oldest."""
    await hub.add("a")
    other = await make_hub()
    await hub.receive("billing")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    first = await hub.receive("billing", count=2)
    second = await other.receive("billing", count=2)
    assert [delivery.event.data["n"] for delivery in first + second] == [1, 2, 3]
    assert await hub.receive("billing") == []
    assert [delivery.event.data["n"] for delivery in await hub.receive("audit")] == [1, 2, 3]


async def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(hub: Hub) -> None:
    """An event comes again once its visibility is over, marked, until it is acknowledged."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    first, _ = await hub.receive("billing", visibility=0)
    await first.ack()
    (again,) = await hub.receive("billing", visibility=0)
    assert (again.event, again.redelivered) == (event(2), True)
    await again.ack()
    await again.ack()
    assert await hub.receive("billing", visibility=0) == []


async def test_an_acknowledgement_is_the_groups_own(hub: Hub) -> None:
    """What one group acknowledges, another still gets; acknowledging nothing is nothing."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    taken = await hub.receive("billing")
    await hub.ack("billing", [delivery.position for delivery in taken])
    await hub.ack("billing", [])
    assert len(await hub.receive("audit")) == 2


async def test_an_event_id_is_in_the_log_once(hub: Hub) -> None:
    """An event committed again, by another feed or twice in one commit, is in the log once."""
    for feed in "ab":
        await hub.add(feed)
        await hub.commit(await claimed(hub), "1", events(1, 2, 1), 3600)
    assert await logged(hub) == [1, 2]
    assert (await hub.status()).events == 2


async def test_reading_goes_on_for_ever(hub: Hub) -> None:
    """`events` yields what is there, waits by its clock, and yields what has come."""

    class CommitsWhileWaiting:
        def __init__(self) -> None:
            self.waits: list[float] = []

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            if seconds == 7.0:
                self.waits.append(seconds)
            if len(self.waits) == 2:
                await hub.commit(await claimed(hub), "2", events(4), 0)

    clock = CommitsWhileWaiting()
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    seen = []
    async for delivery in hub.events("billing", batch=2, idle=7.0, clock=clock):
        seen.append(delivery.event.data["n"])
        await delivery.ack()
        if len(seen) == 4:
            break
    assert seen == [1, 2, 3, 4]
    assert clock.waits == [7.0, 7.0]
    assert (await hub.status()).groups[0].behind == 0


async def test_trimming_deletes_only_what_is_old_and_acknowledged_by_all(hub: Hub, make_hub: MakeHub) -> None:
    """An event leaves the log when it is older than the retention and no group waits for it."""
    forgetful = await make_hub(retention=0)
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    billing = await hub.receive("billing")
    (slow,) = await hub.receive("slow", count=1)
    await hub.ack("billing", [delivery.position for delivery in billing])
    assert await forgetful.trim() == 0
    await slow.ack()
    assert await hub.trim() == 0
    assert await forgetful.trim() == 1
    assert [delivery.event.data["n"] for delivery in await hub.receive("slow")] == [2, 3]
    assert await forgetful.trim() == 0


async def test_a_trimmed_log_keeps_working(hub: Hub, make_hub: MakeHub) -> None:
    """After trimming, groups go on with what comes next, a new group gets only what is left."""
    forgetful = await make_hub(retention=0)
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    taken = await hub.receive("billing")
    await hub.ack("billing", [delivery.position for delivery in taken[:1]])
    assert await forgetful.trim() == 1
    await taken[1].ack()
    assert await forgetful.trim() == 1
    assert await forgetful.trim() == 0
    await hub.commit(await claimed(hub), "2", events(3), 0)
    assert await logged(hub, "audit") == [3]
    assert [delivery.event.data["n"] for delivery in await hub.receive("billing")] == [3]


async def test_a_dropped_group_holds_nothing_back(hub: Hub, make_hub: MakeHub) -> None:
    """Events that only a dropped group waited for can be trimmed; dropping what is not there is nothing."""
    forgetful = await make_hub(retention=0)
    await hub.drop_group("never seen")
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    await hub.receive("billing")
    assert await forgetful.trim() == 0
    await hub.drop_group("billing")
    assert await forgetful.trim() == 1
    assert (await hub.status()).groups == ()
