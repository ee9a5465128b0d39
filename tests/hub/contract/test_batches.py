"""Deliveries in batches, over every engine, and the time in which a batch is gathered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import define, field

from impactive_async.hub import Delivery, Hub
from impactive_async.hub.contract.batches import BatchTaker
from tests.hub.contract.test_reader import Log, away, reader
from tests.hub.engines import claimed, event, events
from tests.support import FakeClock


async def logging(hub: Hub, *numbers: int) -> None:
    await hub.add("a")
    await hub.commit(await claimed(hub), "", events(*numbers), 0)


async def test_a_batch_is_handled_when_its_block_is_left(hub: Hub) -> None:
    """It is acknowledged as a whole, and not where an error leaves the block."""
    await logging(hub, *range(5))
    reading = hub.events("billing", visibility=3600).batches(max=3, within=0.0)
    async with await anext(reading) as batch:
        assert [delivery.event for delivery in batch] == events(0, 1, 2)
        assert (len(batch), batch[0].event, len(batch[1:])) == (3, event(0), 2)
    assert (await hub.status()).groups[0].behind == 2
    with pytest.raises(ZeroDivisionError):
        async with await anext(reading):
            raise ZeroDivisionError
    assert (await hub.status()).groups[0].behind == 2
    await reading.aclose()


async def test_a_batch_may_be_acknowledged_at_any_moment(hub: Hub) -> None:
    """`ack` is enough, and a single delivery has its own."""
    await logging(hub, 1, 2, 3)
    async for batch in hub.events("billing").batches(within=0.0):
        await batch[1].ack()
        await hub.aclose()
        assert (await hub.status()).groups[0].behind == 2
        await batch.ack()
        break
    assert (await hub.status()).groups[0].behind == 0


async def test_what_comes_again_is_a_batch_of_its_own(hub: Hub) -> None:
    """A poisonous event takes no batch with it."""
    await logging(hub, 1, 2)
    await hub.receive("billing", visibility=0)
    await logging(hub, 3, 4)
    reading = hub.events("billing", visibility=1.0).batches(within=0.9)
    numbers = [[delivery.event.data["n"] for delivery in await anext(reading)] for _ in range(3)]
    assert numbers == [[3, 4], [1], [2]]
    await reading.aclose()


async def test_a_batch_waits_for_an_engine_that_is_away() -> None:
    """When it is taken, and when it is acknowledged."""
    log, clock = Log(trouble=away(1)), FakeClock()
    batch = await anext(reader(log, clock).batches(max=2, within=0.0))
    log.trouble = away(1)
    await batch.ack()
    assert (log.calls, clock.waits) == ([["0", "1"]], [2.0, 2.0])


@pytest.mark.parametrize("options", [{"max": 0}, {"within": -1}, {"within": 60.0}])
async def test_impossible_batches_are_refused(options: dict[str, Any]) -> None:
    """A batch that would be gathered for longer than it may be handled is never handled in time."""
    with pytest.raises(ValueError, match=next(iter(options))):
        await anext(reader(Log(), FakeClock(), visibility=60.0).batches(**options))


# When a batch is full


@define
class Arrivals:
    """Deliveries by when they arrive; `again` are redelivered."""

    clock: FakeClock
    times: list[float]
    again: list[float] = field(factory=list)

    async def receive(self, count: int) -> list[Delivery]:
        for times, redelivered in ((self.times, False), (self.again, True)):
            here = [at for at in times if at <= self.clock.now][: 1 if redelivered else count]
            if here:
                times[:] = times[len(here) :]
                return [
                    Delivery(event=event(int(at)), redelivered=redelivered, group="g", position=str(at), log=Log())
                    for at in here
                ]
        return []


async def taken(arrivals: Arrivals, batches: int, *, handling: float = 0.0) -> list[list[str]]:
    taker = BatchTaker(arrivals.receive, most=3, within=2.0, visibility=10.0, idle=0.5, clock=arrivals.clock)
    found = []
    for _ in range(batches):
        found.append([delivery.position for delivery in await taker.take()])
        arrivals.clock.now += handling
    return found


async def test_a_batch_is_full_or_its_time_is_over() -> None:
    """It waits no longer than told for others after its first event, and takes no more than told."""
    clock = FakeClock()
    arrivals = Arrivals(clock, [1001.0, 1002.0, 1002.5, 1004.0, 1004.1, 1004.2, 1004.3])
    assert await taken(arrivals, 3) == [
        ["1001.0", "1002.0", "1002.5"],
        ["1004.0", "1004.1", "1004.2"],
        ["1004.3"],
    ]
    assert clock.now == 1006.5


async def test_what_comes_again_ends_a_batch() -> None:
    """It comes next, unless its time was over by then."""
    for handling, expected in ((1.0, [["1001.0"], ["1000.0"], ["1003.0"]]), (11.0, [["1001.0"], ["1003.0"]])):
        arrivals = Arrivals(FakeClock(), [1001.0, 1003.0], [1000.0])
        arrivals.clock.now = 1001.0
        assert await taken(arrivals, len(expected), handling=handling) == expected


async def test_an_empty_log_is_waited_for() -> None:
    """A batch is never empty."""
    arrivals = Arrivals(FakeClock(), [1050.0])
    async with asyncio.timeout(60):
        assert await taken(arrivals, 1) == [["1050.0"]]
