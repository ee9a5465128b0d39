"""`impactive sync`, killed at any moment and run again: no row missing, none twice, on each engine."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
import time
from collections import Counter
from pathlib import Path

import attrs
import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

from impactive_async.sandbox import Sandbox
from tests.examples.programs import environment
from tests.support import often
from tests.sync import killed
from tests.sync.places import ENGINES, Place, place_of

KILLS = often(3, 30)
FIRST_KILLS = often(1, 10)
"""Kills of the first run, which has more to fetch."""
OLDER = 110
"""Contacts that were there before: more than a page shows."""
LATER = 1.5
"""Kills come up to so much later than a whole run has needed: some come too late."""


@attrs.define
class Workspace:
    """Traffic in a sandbox, and what its lists show in the end."""

    sandbox: Sandbox
    rng: random.Random
    sequence: str
    cancelled: set[str] = attrs.field(factory=set)

    async def go_on(self) -> None:
        """Let some of everything happen."""
        state = self.sandbox.state
        for number in range(self.rng.randint(1, 5)):
            person = state.create_contact("P", str(number), email="p@example.com").id
            state.enroll(self.sequence, [person])
            state.add("deals", {"name": "Deal", "value": "12.50"})
            state.add("bookings", {"title": "Call"})
        await self.sandbox.clock.advance(hours=25)  # what is due is sent
        state.add_reply(self.rng.choice(state.enrollments(self.sequence)).contact_id)
        state.touch("deals", self.rng.choice(state.rows("deals")).id, {"value": str(self.rng.randint(1, 10**6))})
        gone = self.rng.choice(state.rows("bookings")).id
        state.remove("bookings", gone)
        self.cancelled.add(gone)
        await self.sandbox.clock.advance(hours=1)

    def ids(self, kind: str) -> Counter[str]:
        """The ids of a kind."""
        state = self.sandbox.state
        if kind in {"sends", "replies"}:
            return Counter(row.id for row in getattr(state, kind))
        if kind == "enrollments":
            return Counter(row.id for row in state.enrollments(self.sequence))
        return Counter(row.id for row in state.rows(kind))  # type: ignore[arg-type]


@attrs.define
class Runs:
    """Runs of the command, which a test may kill."""

    sandbox: Sandbox
    place: Place
    out: Path
    _context = multiprocessing.get_context("forkserver")

    def start(self) -> multiprocessing.process.BaseProcess:
        """Begin a run."""
        self._context.set_forkserver_preload(["tests.sync.killed"])
        arguments = ("sync", "--to", self.place.url, "--dataset", self.place.dataset, "--json")
        env = {name: value for name, value in environment(self.sandbox).items() if name.startswith("IMPACTIVE")}
        process = self._context.Process(target=killed.main, args=(env, arguments, str(self.out)), daemon=True)
        process.start()
        return process

    async def run(self) -> float:
        """Run it to its end; return the seconds from its first request on."""
        seen = len(self.sandbox.requests)
        process = self.start()
        begun = await self._first_request(process, seen)
        await asyncio.to_thread(process.join)
        assert process.exitcode == 0, self.out.read_text()
        return time.monotonic() - begun

    async def kill(self, after: float) -> bool:
        """Kill a run so many seconds after its first request; return whether it was alive then."""
        seen = len(self.sandbox.requests)
        process = self.start()
        await self._first_request(process, seen)
        await asyncio.to_thread(process.join, after)
        process.kill()
        await asyncio.to_thread(process.join)
        assert process.exitcode in {0, -signal.SIGKILL}, self.out.read_text()
        return process.exitcode != 0

    async def _first_request(self, process: multiprocessing.process.BaseProcess, seen: int) -> float:
        while len(self.sandbox.requests) == seen and process.is_alive():  # noqa: ASYNC110 - it may die before
            await asyncio.sleep(0.005)
        return time.monotonic()


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.impactive(populate=False)
@pytest.mark.parametrize("engine", ENGINES)
async def test_killed_at_any_moment_and_run_again(impactive_sandbox: Sandbox, tmp_path: Path, engine: str) -> None:
    """After kills at any moment and a run to its end, the tables are what the sandbox has: each row, once."""
    rng = random.Random(19)
    sequence = impactive_sandbox.state.create_sequence("Hello", [0, 1])
    workspace = Workspace(impactive_sandbox, rng, sequence.id)
    async with place_of(engine, tmp_path) as place:
        runs = Runs(impactive_sandbox, place, tmp_path / "out")
        for number in range(OLDER):
            impactive_sandbox.state.create_contact("Old", str(number))
        await workspace.go_on()
        for _ in range(FIRST_KILLS):
            await runs.kill(after=rng.uniform(0, 3))
        await runs.run()
        await workspace.go_on()
        seconds = await runs.run()
        killed_alive = 0
        for kill in range(KILLS):
            await workspace.go_on()
            killed_alive += await runs.kill(after=seconds * LATER * (kill + rng.random()) / KILLS)
        for _ in range(3):  # a booking is gone when two whole lists lack it, and grow: they are not cut off
            for _ in range(3):
                impactive_sandbox.state.add("bookings", {"title": "Late call"})
            await impactive_sandbox.clock.advance(hours=1)
            await runs.run()
        assert killed_alive > 0
        for kind in ("contacts", "deals", "enrollments", "sends", "replies"):
            assert Counter(place.values(f"SELECT id FROM {kind}")) == workspace.ids(kind), kind
        shown = place.values("SELECT id FROM bookings WHERE _removed_at IS NULL")
        assert Counter(shown) == workspace.ids("bookings")
        values = {row.id: float(row.fields["value"]) for row in impactive_sandbox.state.rows("deals")}
        assert {row_id: float(value) for row_id, value in place.query("SELECT id, value FROM deals")} == values
        assert place.values("SELECT kind FROM _gaps") == []
