"""Forty feeds, four worker processes, and everything that can happen to them.

    python -m tests.hub.chaos sqlite|redis|postgres

One worker is killed, one frozen past its lease and resumed, the engine is killed and started again. What became of
it is counted from three sides: what the sandbox knows it did, what is in the event log, and what the workers wrote
into their diaries. The program prints the figures; `test_chaos` asserts those that no slow machine can falsify.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from impactive_async.hub import Delivery, Hub, connect, event_id
from impactive_async.sandbox import Sandbox

from .chaos_worker import CONCURRENCY, INTERVAL, LEASE, RATE, Orders, main
from .processes import children
from .servers import own_server, thaw_and_kill

SEQUENCES = 12
WORKERS = 4
FEEDS = SEQUENCES * 3 + 4
PATIENCE = 60.0
"""Seconds after which a run that gets nowhere is given up. No figure depends on it."""

Deed = dict[str, Any]


@frozen(kw_only=True)
class Findings:
    """What a run came to.

    Attributes:
        rows: Newest versions of rows that the sandbox had in the end.
        missing: Those of them that are not in the log.
        duplicates: Events that are in the log more than once.
        fenced: Claims whose end was refused.
        fenced_committed: Those of them that have an event in the log.
        out_of_order: Events behind one that was committed under a later token of their feed.
        frozen_held: Claims that the frozen worker had in hand, not yet committing.
        frozen_fenced: Those of them that were refused when it woke.
        requests: How many the API saw.
        permits: How many the hub gave.
        peak_rate: The most requests in any second.
        longest_silence: Seconds between two polls of one feed, at the most.
        drained: Workers that were stopped and ended in good order.
    """

    rows: int
    missing: int
    events: int
    duplicates: int
    fenced: int
    fenced_committed: int
    out_of_order: int
    frozen_held: int
    frozen_fenced: int
    requests: int
    permits: int
    peak_rate: int
    longest_silence: float
    drained: int


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
            deed["token"] for deed in deeds if deed["deed"] not in ("claimed", "permitted", "told", "drained")
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

    async def run(self, hub: Hub) -> Findings:
        await hub.init()
        for _ in range(WORKERS):
            self.hire()
        traffic = asyncio.create_task(make_traffic(self.sandbox))
        try:
            await self.everything_polled_again()
            await self.kill(self.workers[0])
            await self.everything_polled_again()
            await self.freeze_past_its_lease(self.workers[1])
            await self.crash_engine(self)
            await self.everything_polled_again()
        finally:
            traffic.cancel()
            await asyncio.wait((traffic,))
        events = await self.settled(hub)
        await self.dismiss()
        return self.findings(events)

    def hire(self, *, dying: bool = False) -> Worker:
        number = len(self.workers)
        diary = str(self.directory / f"worker{number}.jsonl")
        worker = Worker(Orders(number, self.url, self.sandbox.url, self.sandbox.api_key, diary), dying)
        self.workers.append(worker)
        return worker

    async def everything_polled_again(self) -> None:
        """Wait until each feed was polled once more from now on: none is forgotten, whatever has happened."""
        before = len(self.sandbox.requests)
        async with asyncio.timeout(PATIENCE):
            await self.sandbox.until(lambda: len(polls(self.sandbox.requests[before:])) == FEEDS)

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

    def findings(self, deliveries: list[Delivery]) -> Findings:
        events = [delivery.event for delivery in deliveries]
        ids, deeds = [event.id for event in events], list(self.deeds())
        fenced = {deed["token"] for deed in deeds if deed["deed"] == "fenced"}
        wanted = expected(self.sandbox)
        by_feed: dict[str, list[int]] = defaultdict(list)
        for event in events:
            by_feed[event.id.split("/")[0]].append(event.data["token"])
        return Findings(
            rows=len(wanted),
            missing=len(wanted - set(ids)),
            events=len(ids),
            duplicates=len(ids) - len(set(ids)),
            fenced=len(fenced),
            fenced_committed=len(fenced & {event.data["token"] for event in events}),
            out_of_order=sum(a > b for tokens in by_feed.values() for a, b in pairwise(tokens)),
            frozen_held=len(self.held),
            frozen_fenced=len(self.held.keys() & fenced),
            requests=len(self.sandbox.requests),
            permits=sum(deed["deed"] == "permitted" for deed in deeds),
            peak_rate=self.sandbox.peak_rate,
            longest_silence=longest_silence(self.sandbox),
            drained=sum(deed["deed"] == "drained" for deed in deeds),
        )


def polls(requests: Any) -> dict[str, list[Any]]:
    """Requests of feeds, by path."""
    found: dict[str, list[Any]] = defaultdict(list)
    for request in requests:
        if request.path not in ("/api/agent/sequences", "/api/zapier/auth/test"):
            found[request.path].append(request)
    return found


def longest_silence(sandbox: Sandbox) -> float:
    """By the sandbox's clock, which runs with the real one."""
    series = polls(sandbox.requests).values()
    return max(float((b.at - a.at).total_seconds()) for requests in series for a, b in pairwise(requests))


def expected(sandbox: Sandbox) -> set[str]:
    """Ids of the events that must be in the log: the newest version of everything."""
    state, ids = sandbox.state, set[str]()
    for kind in ("companies", "contacts", "deals"):
        for row in state.rows(kind):
            ids.add(event_id(f"zapier/{kind}", row.id, row.updated_at.isoformat()))
    sequence_of = {}
    for sequence_id in state.sequences:
        for enrollment in state.enrollments(sequence_id):
            feed = f"sequences/{sequence_id}/enrollments"
            ids.add(event_id(feed, enrollment.id, enrollment.updated_at.isoformat()))
            sequence_of[enrollment.contact_id] = sequence_id
    ids |= {event_id(f"sequences/{send.sequence_id}/sends", send.id, "1") for send in state.sends}
    ids |= {event_id(f"sequences/{sequence_of[r.contact_id]}/replies", r.id, "1") for r in state.replies}
    return ids


def populate(sandbox: Sandbox) -> None:
    for number in range(SEQUENCES):
        sequence = sandbox.state.create_sequence(f"Sequence {number}", [0])
        people = [
            sandbox.state.create_contact("Person", f"{number}-{n}", email=f"p{n}@s{number}.example").id
            for n in range(3)
        ]
        sandbox.state.enroll(sequence.id, people)
    # Each request takes a little while, so that a worker is often found in mid-poll.
    sandbox.fail("*", delay=0.03, times=None)


async def make_traffic(sandbox: Sandbox) -> None:
    """New rows and new versions, some forty a second."""
    state = sandbox.state
    enrolled = [row.contact_id for sequence in state.sequences for row in state.enrollments(sequence)]
    for number in count():
        state.add_reply(enrolled[number % len(enrolled)])
        deals = state.rows("deals")
        state.touch("deals", deals[number % len(deals)].id, {"value": number})
        if number % 4 == 0:
            state.add("companies", {"name": f"Company {number}"})
        await asyncio.sleep(0.05)


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - other processes do not set our events
            await asyncio.sleep(0.01)


def lock_is_free(url: str) -> bool:
    """Whether others can write: a process stopped within a transaction of SQLite's holds its one lock."""
    if not url.startswith("sqlite"):
        return True
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=1.0)) as connection:
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

            async def restart(_: Chaos) -> None:
                await server.crash()
                await server.start()

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
            Sandbox(speed=1.0) as sandbox,
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


def report(name: str, findings: Findings) -> str:
    lines = [f"{figure.replace('_', ' '):<18}{value:g}" for figure, value in asdict(findings).items()]
    bounds = f"lease {LEASE:g} s, interval {INTERVAL:g} s, {WORKERS} x {CONCURRENCY} polls, rate {RATE:g}/s"
    return "\n".join([f"{name}: {FEEDS} feeds, {bounds}", *lines])


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ("sqlite", "redis", "postgres"):
        print(report(chosen, asyncio.run(unleash(chosen))))
