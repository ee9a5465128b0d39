"""Polls that brought nothing: committed together, each as safely as by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest
from attrs import define, field

from impactive_async.errors import ConfigurationError, FencedError, HubError
from impactive_async.hub import run_worker
from impactive_async.hub.contract.claim import IdlePoll
from impactive_async.hub.worker.reports import Fenced, Polled, Report, WorkerTrouble
from impactive_async.sandbox import Sandbox
from tests.hub.memory import MemoryHub
from tests.hub.worker.test_worker import TestersClock
from tests.support import JumpingLoop, client_of

FEEDS = 6


@define(eq=False)
class IdleHub(MemoryHub):
    """Notes which polls are committed together; may be slow, and may fail."""

    together: list[int] = field(factory=list)
    seconds: float = 0.0
    failures: list[Exception] = field(factory=list)
    begins: Callable[[], object] = lambda: None

    async def commit_idle(self, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        self.together.append(len(polls))
        self.begins()
        await asyncio.sleep(self.seconds)
        if self.failures:
            raise self.failures.pop(0)
        return await super().commit_idle(polls)


@define(eq=False)
class Bench:
    """A worker that follows the enrollments of some sequences, of which there are none."""

    sandbox: Sandbox
    crm: Any
    hub: IdleHub
    clock: TestersClock
    told: list[Report] = field(factory=list)
    stop: asyncio.Event = field(factory=asyncio.Event)

    async def work(self, polls: int, heard: Callable[[Report], None] = lambda report: None) -> None:
        """Work until so many polls were committed."""
        self.stop.clear()

        def hear(report: Report) -> None:
            self.told.append(report)
            heard(report)
            if len(self.of(Polled)) == polls:
                self.stop.set()

        options: dict[str, Any] = {"kinds": ["enrollments"], "interval": 10.0, "lease": 8.0, "concurrency": 4}
        async with asyncio.timeout(500):
            await run_worker(self.crm, self.hub, on_report=hear, stop=self.stop, clock=self.clock, **options)

    def of(self, kind: type[Report]) -> list[Any]:
        return [report for report in self.told if isinstance(report, kind)]


def on_a_bench(test: Callable[[Bench], Coroutine[None, None, None]]) -> Callable[[], None]:
    async def prepared() -> None:
        clock = TestersClock()
        async with Sandbox(populate="small") as sandbox, client_of(sandbox, clock=clock) as crm:
            for number in range(FEEDS):
                sandbox.state.create_sequence(f"Sequence {number}")
            await test(Bench(sandbox, crm, IdleHub(clock), clock))

    @wraps(test)
    def run() -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(prepared())

    del run.__wrapped__
    return run


@on_a_bench
async def test_the_first_poll_of_a_feed_is_committed_by_itself(bench: Bench) -> None:
    """It says from when on rows are new, which no later poll can tell again."""
    await bench.work(FEEDS)
    assert (bench.hub.together, bench.hub.calls.count("commit")) == ([], FEEDS)
    bench.told.clear()
    await bench.work(FEEDS)  # another worker, which has not seen them either
    assert bench.hub.together == []


@on_a_bench
async def test_polls_that_end_while_others_are_committed_go_together(bench: Bench) -> None:
    """None is committed twice, and none waits for others to come."""
    bench.hub.seconds = 0.5
    await bench.work(3 * FEEDS)
    assert sum(bench.hub.together) == len(bench.of(Polled)) - FEEDS
    assert bench.hub.together[0] == 1
    assert max(bench.hub.together) > 1
    assert all(slot.due > 0 and not slot.leased for slot in bench.hub.slots.values())


@on_a_bench
async def test_a_poll_that_brings_rows_is_never_idle(bench: Bench) -> None:
    """Its rows are in the log once it is committed, however idle the feeds beside it are."""
    people = [row.id for row in bench.sandbox.state.rows("contacts")]

    def enroll(report: Report) -> None:
        if len(bench.of(Polled)) == FEEDS:
            for number in bench.sandbox.state.sequences:
                bench.sandbox.state.enroll(number, people)

    await bench.work(3 * FEEDS, enroll)
    assert sum(report.events for report in bench.of(Polled)) == len(bench.hub.log) > 0


@pytest.mark.parametrize("error", [HubError("away"), ValueError("a bug")], ids=["engine", "bug"])
def test_a_group_that_fails_is_committed_one_by_one(error: Exception) -> None:
    """A failure of the engine fails no feed, as the commit is sent again; a bug fails the feed that meets it."""

    @on_a_bench
    async def failing(bench: Bench) -> None:
        bench.hub.failures = [error] * 2
        await bench.work(2 * FEEDS)
        assert bench.of(Fenced) == []
        failed = bench.hub.calls.count("fail")
        assert failed == (1 if isinstance(error, ValueError) else 0)

    failing()


@on_a_bench
async def test_one_that_is_fenced_takes_nothing_from_the_others(bench: Bench) -> None:
    """It is told, and its feed is polled by whoever has it now."""
    bench.hub.seconds = 0.5
    taken: list[str] = []

    def take(report: Report) -> None:
        if len(bench.of(Polled)) == FEEDS + 1 and not taken:
            leased = [name for name, slot in bench.hub.slots.items() if slot.leased]
            if leased:
                taken.append(leased[0])
                bench.hub.slots[leased[0]].token += 1000

    await bench.work(3 * FEEDS, take)
    assert [report.feed for report in bench.of(Fenced)] == taken
    assert len(taken) == 1


@on_a_bench
async def test_a_worker_that_stops_commits_what_has_ended(bench: Bench) -> None:
    """Nothing that was polled waits for its lease to end."""
    bench.hub.seconds = 2.0
    bench.hub.begins = bench.stop.set
    await bench.work(3 * FEEDS)
    assert len(bench.of(Polled)) > FEEDS
    assert not any(slot.leased for slot in bench.hub.slots.values())


@on_a_bench
async def test_a_hub_that_cannot_be_used_ends_the_worker(bench: Bench) -> None:
    """What no waiting mends is raised, whoever meets it."""
    bench.hub.failures = [ConfigurationError("replaced") for _ in range(20)]
    with pytest.raises(ConfigurationError, match="replaced"):
        await bench.work(3 * FEEDS)
    assert bench.of(WorkerTrouble) == []


@on_a_bench
async def test_a_slow_hub_gets_no_more_polls_than_it_can_take(bench: Bench) -> None:
    """Polls go on while some are committed, but not without end."""
    bench.hub.seconds = 100.0
    await bench.work(FEEDS + 1)
    assert max(bench.hub.together) <= 16


@on_a_bench
async def test_a_listener_that_raises_ends_the_worker_and_not_its_polls(bench: Bench) -> None:
    """What was polled is committed all the same, and fails no feed."""

    def choke(report: Report) -> None:
        if len(bench.of(Polled)) > FEEDS:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await bench.work(3 * FEEDS, choke)
    assert not any(slot.leased for slot in bench.hub.slots.values())
    assert "fail" not in bench.hub.calls
