"""SIGKILL: imports by real processes, killed at moments that what the server has seen decides, and run again.

`IMPACTIVE_TEST_KILLS` says how often, and how many rows each import has: `25x1000` by default, `100x5000` in
`make evidence`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, field

from impactive_async.bulk.journal.created import created_ids
from impactive_async.sandbox import Fault, Sandbox
from tests.bulk.model import people
from tests.bulk.processes import Task, children, import_people, spawn
from tests.support import PATIENCE, often

CREATE = "POST /api/agent/contacts"
LIST = "GET /api/agent/contacts"
TROUBLE: Final = ("429", "502", "commit_502", "drop_after_commit", "disconnect", "die_mid_body")
KILLS, ROWS = map(int, os.environ.get("IMPACTIVE_TEST_KILLS", often("25x1000", "100x5000")).split("x"))
IMPORTS: Final = 5
KILLS_EACH: Final = -(-KILLS // IMPORTS)


@define(eq=False)
class Child:
    """A process that imports."""

    process: BaseProcess
    told: Connection
    done: int = 0
    end: Any = field(default=None)

    def alive(self) -> bool:
        """Whether it has neither ended nor failed; hears what it has told."""
        try:
            while self.end is None and self.told.poll():
                news = self.told.recv()
                if isinstance(news, int):
                    self.done = news
                else:
                    self.end = news
        except EOFError:
            self.end = self.end or "gone"
        return self.end is None


@asynccontextmanager
async def importing(task: Task) -> AsyncIterator[Child]:
    """Run an import, and end it with SIGKILL if it has not ended by itself."""
    ours, theirs = children.Pipe(duplex=False)
    child = Child(spawn(import_people, task, theirs), ours)
    theirs.close()
    try:
        yield child
    finally:
        child.process.kill()
        await asyncio.to_thread(child.process.join)
        ours.close()


@define(eq=False)
class Import:
    """One import, through all its lives."""

    sandbox: Sandbox
    task: Task
    dice: random.Random
    holds: list[asyncio.Event] = field(factory=list)
    """Requests that the server has not carried out, or not answered."""
    latest: asyncio.Event | None = None
    """The one of a sender who is alive."""

    async def kill_somewhere(self) -> bool:
        """Let the import come to a random point and kill it there; returns whether it was still alive."""
        ways = [self.arriving, self.handled, self.answered, self.recorded, self.told, self.searching]
        async with importing(self.task) as child:
            await self.dice.choice(ways)(child)
            for _ in range(self.dice.randint(0, 20)):
                await asyncio.sleep(0)
            alive = child.alive()
        self.latest = None
        if self.dice.random() < 0.5:
            self.let_go()
        return alive

    async def arriving(self, child: Child) -> None:
        """A create has arrived and is not handled yet; it will be, after its sender's death."""
        await self.hold(child, CREATE, Fault(hold=self.new_hold()))

    async def handled(self, child: Child) -> None:
        """A create is handled, and its answer not sent."""
        await self.hold(child, CREATE, Fault(hold=self.new_hold(), commit=True))

    async def searching(self, child: Child) -> None:
        """The lists are asked for, for a lost batch or before the first one."""
        await self.hold(child, LIST, Fault(hold=self.new_hold()))

    async def answered(self, child: Child) -> None:
        """Some creates more are answered, and the answer is on its way."""
        goal = self.last_create() + self.dice.randint(1, 8)
        await self.until(child, lambda: self.last_create() >= goal)

    async def recorded(self, child: Child) -> None:
        """The journal has grown some times more."""
        for _ in range(self.dice.randint(1, 12)):
            before = self.journal_state()
            await self.until(child, lambda before=before: self.journal_state() != before)  # type: ignore[misc]

    async def told(self, child: Child) -> None:
        """The child has called some rows more done."""
        goal = child.done + self.dice.randint(1, ROWS // 3)
        await self.until(child, lambda: child.done >= goal)

    async def hold(self, child: Child, pattern: str, fault: Fault) -> None:
        armed = self.sandbox.arm(pattern, fault, after=self.dice.randint(0, 6))
        await self.until(child, lambda: armed.hits > 0)
        armed.times = armed.hits

    def new_hold(self) -> asyncio.Event:
        self.latest = asyncio.Event()
        self.holds.append(self.latest)
        return self.latest

    def let_go(self) -> None:
        """Let the server carry out what it still has."""
        for hold in self.holds:
            hold.set()
        self.holds.clear()

    async def until(self, child: Child, condition: Callable[[], bool]) -> None:
        """Wait for it, or for the end of the child.

        What the server still has of dead senders it carries out when the child has searched the list in vain: the
        child asks again, and the server answers that after this.
        """
        searched = self.searches()
        async with asyncio.timeout(PATIENCE):
            while child.alive() and not condition():
                if self.searches() > searched:
                    self.let_go_of_the_dead()
                await asyncio.sleep(0.001)

    def let_go_of_the_dead(self) -> None:
        for hold in self.holds:
            if hold is not self.latest:
                hold.set()

    def last_create(self) -> int:
        return max((r.number for r in self.sandbox.requests_to(CREATE) if r.status is not None), default=0)

    def searches(self) -> int:
        requests = self.sandbox.requests_to(LIST)
        return max((r.number for r in requests if r.query["limit"] == "500" and r.status is not None), default=0)

    def journal_state(self) -> tuple[int, ...]:
        files = (self.task.journal, self.task.journal.with_name(self.task.journal.name + "-wal"))
        return tuple(file.stat().st_mtime_ns for file in files if file.exists())

    async def finish(self) -> None:
        """Run it to its end, and see that everybody is there once, under the id that the journal has."""
        async with importing(self.task) as child:
            await self.until(child, lambda: False)
        self.let_go()
        assert child.end is not None
        rows, ok, text = child.end
        assert (rows, ok) == (ROWS, True), text
        by_id = {row.id: row.fields["email"] for row in self.sandbox.state.rows("contacts")}
        there = Counter(email for email in by_id.values() if email.endswith("@example.com"))
        assert there == {row["email"]: 1 for row in people(ROWS)}
        assert [by_id[contact_id] async for contact_id in created_ids(self.task.journal)] == [
            row["email"] for row in people(ROWS)
        ]


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("number", range(IMPORTS))
async def test_killed_at_any_instant_and_run_again_everybody_is_there_exactly_once(
    number: int, tmp_path: Path
) -> None:
    """SIGKILL before, while and after the server acts, under 429, 502 and lost answers: nobody is created twice,
    nobody is left out, and the journal knows each row's own contact.
    """
    dice = random.Random(number)
    kills = imports = 0
    while kills < KILLS_EACH:
        imports += 1
        async with Sandbox(f"{number} {imports}", populate=dice.random() < 0.5, journal_limit=200) as sandbox:
            sandbox.chaos(0.1, TROUBLE)
            task = Task(sandbox.url, sandbox.api_key, tmp_path / f"journal {imports}", ROWS)
            work = Import(sandbox, task, dice)
            while kills < KILLS_EACH and await work.kill_somewhere():
                kills += 1
            await work.finish()
    print(f"{kills} kills in {imports} imports of {ROWS} rows")
