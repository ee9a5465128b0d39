"""The demo keeps its promise, and would say so if it did not."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from impactive_async.cli.demo.clock import VirtualTime
from impactive_async.cli.demo.process import ConsumerDiedError, ConsumerProcess
from impactive_async.cli.demo.reconcile import Deliveries, Reconciliation
from impactive_async.cli.demo.scenario import START, Scenario
from impactive_async.cli.demo.screen import Screen
from tests.cli.support import Outcome, invoke, run
from tests.support import often

HEADER = "First Name,Last Name,Email\n"


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A file of forty people."""
    path = tmp_path / "few.csv"
    path.write_text(HEADER + "".join(f"Person,Number {n},p{n}@few.example\n" for n in range(40)))
    return path


def books(outcome: Outcome) -> dict[str, dict[str, int]]:
    return {row.pop("kind"): row for row in outcome.rows}


@pytest.mark.slow
@pytest.mark.thorough
def test_the_demo_balances_its_books_over_a_killed_consumer(tmp_path: Path) -> None:
    """As a user runs it: killed and restarted, nothing missing, nothing twice, exit 0."""
    people, file = often(150, 1_000), tmp_path / "people.csv"
    file.write_text(HEADER + "".join(f"Person,Number {n},p{n}@few.example\n" for n in range(people)))
    outcome = run("demo", "--json", *often((str(file),), ()), env={})  # without a file it has a thousand people
    assert outcome.code == 0, outcome.err
    counted = books(outcome)
    assert counted["sends"]["emitted"] > 2.9 * people
    assert counted["replies"]["emitted"] > 0.4 * people
    assert counted["enrollments"]["emitted"] == people - 1
    for total in counted.values():
        assert total["received"] == total["emitted"]
        assert total["missing"] == total["duplicated"] == 0
    for event in ("unenrolled", "paused", "booked", "killed", "goes on from cursors.db", "came again"):
        assert event in outcome.err


def test_a_lost_row_is_counted_and_fails_the_demo(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books are computed: one reply that does not arrive is one missing, and exit code 10."""
    take_in, lost = Deliveries.record, set[str]()

    def lose_one(self: Deliveries, kind: str, key: str) -> bool:
        if kind == "sends" and (not lost or key in lost):
            lost.add(key)
            return False
        return take_in(self, kind, key)

    monkeypatch.setattr(Deliveries, "record", lose_one)
    outcome = invoke("demo", str(few), "--json")
    assert outcome.code == 10
    assert books(outcome)["sends"]["missing"] == 1


def test_a_row_that_comes_twice_is_counted_and_fails_the_demo(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row delivered twice to one consumer is a duplicate, and exit code 10."""
    take_in, doubled = Scenario._receive, list[str]()

    def double_one(self: Scenario, message: dict[str, str]) -> None:
        take_in(self, message)
        if message["row"] == "replies" and not doubled:
            doubled.append(message["key"])
            take_in(self, message)

    monkeypatch.setattr(Scenario, "_receive", double_one)
    outcome = invoke("demo", str(few), "--json")
    assert outcome.code == 10
    assert books(outcome)["replies"]["duplicated"] == 1


def test_the_books_are_whole_on_a_narrow_terminal() -> None:
    """What names the rows is broken into lines; no figure is left out."""
    out = io.StringIO()
    console = Console(file=out, width=56)
    total = Reconciliation(kind="enrollments", emitted=2_996, received=2_995, missing=1, duplicated=7_654)
    Screen(console).show_totals([total])
    shown = out.getvalue()
    for expected in ("emitted", "received", "missing", "duplicated", "2,996", "2,995", "7,654", "latest"):
        assert expected in shown


def test_a_repetition_after_the_kill_is_no_duplicate() -> None:
    """What a killed consumer had not saved comes again to its successor, and is counted as that."""
    deliveries = Deliveries()
    assert deliveries.record("sends", "a")
    deliveries.begin_process()
    assert not deliveries.record("sends", "a")
    assert deliveries.record("sends", "b")
    totals = deliveries.compare({"enrollments": [], "sends": ["a", "b", "c"], "replies": []})
    assert deliveries.repeated == 1
    assert [total.duplicated for total in totals] == [0, 0, 0]
    assert totals[1].missing == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER + "Ada,,ada@few.example\n", "line 2: no last name"),
        (HEADER + "Ada,Lovelace,\n", "line 2: no email address"),
        (HEADER + "Ada,Lovelace,nobody\n", "line 2: 'nobody' is no email address"),
    ],
)
def test_leads_that_cannot_take_part_are_refused_first(tmp_path: Path, text: str, reason: str) -> None:
    """A file of one's own is checked before the demo begins."""
    path = tmp_path / "mine.csv"
    path.write_text(text)
    outcome = invoke("demo", str(path))
    assert outcome.code == 2
    assert reason in outcome.err
    assert outcome.out == ""


async def test_a_consumer_that_dies_by_itself_is_told(tmp_path: Path) -> None:
    """A consumer that ends although nobody killed it is an error with its last words, not a short count."""
    consumer = await ConsumerProcess.start(
        url="http://127.0.0.1:9", api_key="none", sequence_id="seq_1", store=tmp_path / "c.db", now=START
    )
    try:
        with pytest.raises(ConsumerDiedError, match="The API key is ill-formed"):
            async for _ in consumer.messages():
                pass
    finally:
        await consumer.kill()


async def test_virtual_time_wakes_whom_it_is_time_for() -> None:
    """Sleepers wake in order, when they are told a time that is late enough, and not before."""
    clock, woken = VirtualTime(100.0, sleepers=2), list[float]()

    async def sleeper(seconds: float) -> None:
        while True:
            await clock.sleep(seconds)
            woken.append(clock.monotonic())

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(sleeper(seconds)) for seconds in (10, 25)]
        alarms = []
        for late in (0, 1, 0):
            alarms.append(await clock.next_alarm())
            clock.move_to(alarms[-1] + late)
        alarms.append(await clock.next_alarm())
        for task in running:
            task.cancel()
    assert alarms == [110, 120, 125, 131]
    assert woken == [110, 121, 125]
