"""Forty feeds, four worker processes, and everything that can happen to them.

    python -m tests.hub.chaos.run sqlite|redis|postgres

One worker is killed, one frozen past its lease and resumed, the engine is killed and started again. What became of
it is counted from three sides: what the sandbox knows it did, what is in the event log, and what the workers wrote
into their diaries. The program prints the figures, `test_chaos` asserts them.

How long feeds are silent and how many requests arrive in a second depends on the machine as well. So every process
feels its pulse: time in which one was not let run, or the engine was not there, is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from impactive_async.hub import Delivery, Hub, connect
from impactive_async.sandbox import Sandbox
from tests.hub.chaos.findings import Deed, Evidence, Findings, judge
from tests.hub.chaos.worker import Orders, main
from tests.hub.chaos.world import FEEDS, expected, make_traffic, populate
from tests.hub.observing import Arrivals, Span, feel_pulse
from tests.hub.processes import children
from tests.hub.support.servers import own_server, thaw_and_kill
from tests.support import PATIENCE

WORKERS = 4


@define(eq=False)
class Worker:
    """A worker process, and its diary."""

    orders: Orders
    dying: bool = False
    process: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        Path(self.orders.diary).touch()
        self.process = children.Process(target=main, args=(self.orders, self.dying), daemon=True)
        self.process.start()

    def diary(self) -> list[Deed]:
        return [json.loads(line) for line in Path(self.orders.diary).read_text().splitlines()]

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def in_hand(self) -> dict[int, str]:
        """Feeds by the tokens of claims that have not ended, and whose commit has not begun."""
        deeds = self.diary()
        settled = {
            deed["token"]
            for deed in deeds
            if deed["deed"] not in ("claimed", "permitted", "told", "stalled", "drained")
        }
        return {d["token"]: d["feed"] for d in deeds if d["deed"] == "claimed" and d["token"] not in settled}


@define(eq=False)
class Chaos:
    """A run under way."""

    sandbox: Sandbox
    url: str
    directory: Path
    crash_engine: Callable[[Chaos], Awaitable[None]]
    workers: list[Worker] = field(factory=list)
    held: dict[int, str] = field(factory=dict)
    arrivals: Arrivals = field(init=False)
    stalls: list[Span] = field(factory=list)
    down: list[Span] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.arrivals = Arrivals(self.sandbox)

    async def run(self, hub: Hub) -> Findings:
        await hub.init()
        watching = [
            asyncio.create_task(self.arrivals.watch()),
            asyncio.create_task(feel_pulse(self.stalls.append)),
        ]
        try:
            events = await self.strike(hub)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)
        ended = time.monotonic()
        await self.dismiss()
        return judge(self.evidence(ended), events)

    def evidence(self, ended: float) -> Evidence:
        struck = self.workers[:2]
        stalls = [
            Span(deed["begin"], deed["end"])
            for worker in self.workers
            if worker not in struck
            for deed in worker.diary()
            if deed["deed"] == "stalled"
        ]
        return Evidence(
            sandbox=self.sandbox,
            arrivals=self.arrivals,
            ended=ended,
            deeds=list(self.deeds()),
            held=self.held,
            stalls=[*self.stalls, *stalls],
            down=self.down,
        )

    async def strike(self, hub: Hub) -> list[Delivery]:
        """All blows, one after the other; returns the log's events in the end."""
        for _ in range(WORKERS):
            self.hire()
        traffic = asyncio.create_task(make_traffic(self.sandbox))
        try:
            await self.everything_polled_again()
            await self.kill(self.workers[0])
            await self.everything_polled_again()
            await self.freeze_past_its_lease(self.workers[1])
            await self.everything_polled_again()  # no feed has two blows to bear at once
            await self.crash_engine(self)
            await self.everything_polled_again()
        finally:
            traffic.cancel()
            await asyncio.wait((traffic,))
        return await self.settled(hub)

    def hire(self, *, dying: bool = False) -> Worker:
        number = len(self.workers)
        diary = str(self.directory / f"worker{number}.jsonl")
        worker = Worker(Orders(number, self.url, self.sandbox.url, self.sandbox.api_key, diary), dying)
        self.workers.append(worker)
        return worker

    async def everything_polled_again(self) -> None:
        """Wait until each feed was polled once more from now on: none is forgotten, whatever has happened."""
        before = time.monotonic()

        def polled_again() -> bool:
            polls = self.arrivals.by_feed()
            return len(polls) == FEEDS and min(times[-1] for times in polls.values()) > before

        await eventually(polled_again)

    async def kill(self, worker: Worker) -> None:
        await eventually(worker.in_hand)
        worker.send(signal.SIGKILL)
        await asyncio.to_thread(worker.process.join)

    async def freeze_past_its_lease(self, worker: Worker) -> None:
        """Stop a worker in mid-poll until others have its feeds, then let it go on, and wait for what it does."""
        async with asyncio.timeout(PATIENCE):
            while not (held := self.caught_in_mid_poll(worker)):
                worker.send(signal.SIGCONT)
                await asyncio.sleep(0.005)
        self.held = held
        await eventually(lambda: all(self.has_successor(*claim) for claim in held.items()))
        worker.send(signal.SIGCONT)
        await eventually(lambda: not held.keys() & worker.in_hand().keys())

    def caught_in_mid_poll(self, worker: Worker) -> dict[int, str]:
        worker.send(signal.SIGSTOP)
        held = worker.in_hand()
        return held if lock_is_free(self.url) else {}

    def has_successor(self, token: int, feed: str) -> bool:
        return any(d["deed"] == "claimed" and d["feed"] == feed and d["token"] > token for d in self.deeds())

    def deeds(self) -> Iterator[Deed]:
        for worker in self.workers:
            yield from worker.diary()

    async def settled(self, hub: Hub) -> list[Delivery]:
        """All events, read when nothing is missing any more, or it is of no use to wait for it any longer."""
        events: list[Delivery] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while expected(self.sandbox) - {delivery.event.id for delivery in events}:
                    events += await hub.receive("auditor", count=1000, visibility=10 * PATIENCE)
                    await asyncio.sleep(0.05)
        return events

    async def dismiss(self) -> None:
        for worker in self.workers:
            if worker.process.is_alive():
                worker.send(signal.SIGTERM)
        for worker in self.workers:
            await asyncio.to_thread(worker.process.join, PATIENCE)


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - other processes do not set our events
            await asyncio.sleep(0.01)


def lock_is_free(url: str) -> bool:
    """Whether others can write: a process stopped within a transaction of SQLite's holds its one lock."""
    if not url.startswith("sqlite"):
        return True
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


@asynccontextmanager
async def engine(name: str, directory: Path) -> AsyncIterator[tuple[str, Callable[[Chaos], Awaitable[None]]]]:
    """An engine of one's own: its URL, and how it crashes."""
    if name == "sqlite":
        yield f"sqlite:///{directory}/hub.db", _die_within_a_transaction
    else:
        async with own_server(name) as server:

            async def restart(chaos: Chaos) -> None:
                began = time.monotonic()
                await server.crash()
                await server.start()
                chaos.down.append(Span(began, time.monotonic()))

            yield server.url, restart


async def _die_within_a_transaction(chaos: Chaos) -> None:
    """The engine is the file, and its crash is the death of a process in the middle of changing it."""
    worker = chaos.hire(dying=True)
    await asyncio.to_thread(worker.process.join, PATIENCE)
    assert worker.process.exitcode == -signal.SIGKILL


async def unleash(name: str) -> Findings:
    """Run it once."""
    with tempfile.TemporaryDirectory() as directory:
        async with (
            engine(name, Path(directory)) as (url, crash),
            Sandbox(speed=1.0, populate="small") as sandbox,
            connect(url) as hub,
        ):
            populate(sandbox)
            chaos = Chaos(sandbox, url, Path(directory), crash)
            try:
                return await chaos.run(hub)
            finally:
                for worker in chaos.workers:
                    if worker.process.is_alive():
                        thaw_and_kill(worker.process.pid)
