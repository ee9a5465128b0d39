"""Readers: they outlast an engine that is away, and hand out nothing whose time is over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, field

from impactive_async import Clock
from impactive_async.errors import ConfigurationError
from impactive_async.hub import Delivery, EventReader, HubError
from impactive_async.hub.contract.acks import LINGER, MOST, flush_acks
from tests.hub.engines import event
from tests.support import FakeClock, ManualClock, spin


@define
class Log:
    """A log of numbered events, which can be away."""

    trouble: list[Exception] = field(factory=list)
    asked_for: list[int] = field(factory=list)
    acked: list[str] = field(factory=list)
    calls: list[list[str]] = field(factory=list)
    rejected: list[tuple[str, str]] = field(factory=list)
    left: int = 1000
    _next: int = 0

    def _called(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)

    async def receive(
        self, group: str, *, count: int, visibility: float, max_deliveries: int | None
    ) -> list[Delivery]:
        self._called()
        self.asked_for.append(count)
        first, self._next = self._next, min(self._next + count, self.left)
        return [
            Delivery(event=event(n), redelivered=False, group=group, position=str(n), log=self)
            for n in range(first, self._next)
        ]

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        self._called()
        self.acked += positions
        self.calls.append(list(positions))

    async def reject(self, group: str, position: str, reason: str) -> None:
        self._called()
        self.rejected.append((position, reason))


def reader(log: Log, clock: Clock, *, batch: int = 8, visibility: float = 60.0) -> EventReader:
    return EventReader(log, "billing", batch=batch, visibility=visibility, idle=0.5, clock=clock)


def away(times: int) -> list[Exception]:
    return [HubError("restarting") for _ in range(times)]


@pytest.mark.parametrize(
    ("refusals", "most"),
    [
        (["locked by process {}, again"], 1),
        (["no answer on port {}", "no connection to port {}"], 24),
    ],
    ids=["with a number", "in turns"],
)
async def test_an_engine_that_refuses_for_days_is_some_lines(
    refusals: list[str], most: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What differs in a number is the same refusal, and two that take turns are not told each time."""
    log = Log(trouble=[HubError(refusals[n % len(refusals)].format(n)) for n in range(5_000)])
    await anext(reader(log, FakeClock()))
    *said, goes_on = [record.getMessage() for record in caplog.records]
    assert len(said) <= most
    assert goes_on == "group billing: goes on, after 5000 failures"


async def test_a_reader_waits_for_an_engine_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails between two events is tried again, less and less often, and said in the log."""
    log, clock = Log(trouble=away(6)), FakeClock()
    delivery = await anext(reader(log, clock))
    assert delivery.event == event(0)
    assert clock.waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert [record.message for record in caplog.records] == [
        "group billing: again in 2 s, then less often: restarting",
        "group billing: goes on, after 6 failures",
    ]


async def test_waiting_for_an_engine_costs_no_batch_its_time() -> None:
    """The visibility of a batch begins when it is taken, however long it took to take it."""
    log, clock = Log(trouble=away(6)), FakeClock()
    reading = reader(log, clock, visibility=60.0)
    assert [(await anext(reading)).event.data["n"] for _ in range(8)] == [*range(8)]
    assert sum(clock.waits) > 60.0
    assert log.asked_for == [8]


async def test_an_acknowledgement_waits_too() -> None:
    """A consumer that has done its work does not fall for an engine that is restarted before it can say so."""
    log, clock = Log(), FakeClock()
    reading = reader(log, clock, batch=1)
    delivery = await anext(reading)
    log.trouble = away(2)
    await delivery.ack()
    assert (log.acked, clock.waits) == (["0"], [2.0, 4.0])


async def test_acknowledgements_of_a_batch_go_together() -> None:
    """The last of a batch takes the others with it; so does the next batch, where the last is not acknowledged."""
    log, clock = Log(), ManualClock()
    reading = reader(log, clock, batch=4)
    for _ in range(4):
        await (await anext(reading)).ack()
    assert log.calls == [["0", "1", "2", "3"]]
    for _ in range(3):
        await (await anext(reading)).ack()
    await anext(reading)
    assert len(log.calls) == 1
    await anext(reading)
    assert log.calls[1:] == [["4", "5", "6"]]


async def test_no_acknowledgement_waits_for_long() -> None:
    """Whoever leaves the loop in the middle of a batch has what was handled acknowledged a moment later."""
    log, clock = Log(), ManualClock()
    reading = reader(log, clock)
    for _ in range(2):
        await (await anext(reading)).ack()
    await spin()
    assert log.calls == []
    clock.advance(LINGER)
    await spin()
    assert log.calls == [["0", "1"]]


async def test_many_acknowledgements_do_not_wait() -> None:
    """A batch of any size is acknowledged in calls of a bounded size."""
    log, clock = Log(), ManualClock()
    reading = reader(log, clock, batch=MOST + 10)
    for _ in range(MOST):
        await (await anext(reading)).ack()
    assert [len(call) for call in log.calls] == [MOST]


async def test_closing_a_hub_sends_what_was_noted() -> None:
    """Of that hub, and of no other."""
    log, other, clock = Log(), Log(), ManualClock()
    readings = [reader(log, clock), reader(other, clock)]
    for reading in readings:
        await (await anext(reading)).ack()
    await flush_acks(log)
    assert (log.acked, other.acked) == (["0"], [])


async def test_closing_waits_for_no_engine_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """What could not be acknowledged is told, as it comes again; it is sent if the hub is used again."""
    log, clock = Log(), ManualClock()
    reading = reader(log, clock)
    await (await anext(reading)).ack()
    log.trouble = away(1)
    await flush_acks(log)
    assert "1 handled events will be delivered again: restarting" in caplog.text
    await flush_acks(log)
    assert log.acked == ["0"]


async def test_a_rejection_waits_too() -> None:
    """What can never be handled is put aside, also when the engine is restarted meanwhile."""
    log, clock = Log(), FakeClock()
    delivery = await anext(reader(log, clock))
    log.trouble = away(1)
    await delivery.reject("no such type")
    assert (log.rejected, clock.waits) == ([("0", "no such type")], [2.0])


async def test_a_hub_that_is_not_there_is_not_waited_for() -> None:
    """What waiting does not mend is raised."""
    with pytest.raises(ConfigurationError):
        await anext(reader(Log(trouble=[ConfigurationError("no hub")]), FakeClock()))


async def test_nothing_is_handed_out_whose_time_is_over() -> None:
    """A batch ends with its visibility: what is left of it belongs to whoever takes it next."""
    log, clock = Log(), FakeClock()
    reading = reader(log, clock, visibility=60.0)
    seen = []
    for seconds in (25, 25, 25, 1):
        seen.append((await anext(reading)).event.data["n"])
        clock.now += seconds
    assert seen == [0, 1, 2, 8]


async def test_batches_shrink_until_they_end_in_time_and_grow_again() -> None:
    """A slow consumer takes fewer at once, one at the least; a quick one as many as it was told."""
    log, clock = Log(), FakeClock()
    reading = reader(log, clock, batch=8, visibility=60.0)
    for _ in range(16):
        await anext(reading)
        clock.now += 20.0
    assert log.asked_for[:2] == [8, 1]
    assert set(log.asked_for[1:]) == {1}
    for _ in range(30):
        await anext(reading)
        clock.now += 0.1
    assert log.asked_for[-1] == 8
    assert sorted(set(log.asked_for)) == [1, 2, 4, 8]


async def test_waiting_for_events_shrinks_nothing() -> None:
    """A log that was empty for long is read in whole batches when there is something in it."""
    log, clock = Log(left=0), FakeClock()
    reading = reader(log, clock, visibility=1.0)

    async def fill(seconds: float) -> None:
        clock.now += seconds
        log.left = 100 if clock.now > 1010.0 else 0

    clock.sleep = fill  # type: ignore[method-assign]
    await anext(reading)
    assert set(log.asked_for) == {8}
