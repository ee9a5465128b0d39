"""How long a call to a hub holds up everybody else, by the size of the hub.

    python -m benchmarks.scale [--engine redis] [--feeds 1000] [--events 10000] [--check]
    python -m benchmarks.scale --feeds 100000 --events 1000000   # minutes, and some gigabytes
    python -m benchmarks.scale --write                           # all sizes: writes benchmarks/scale.md

While each kind of call is made, another process claims and commits without a pause. What counts is how long its
longest turn took: the median over the repetitions of the call. The first row is the same while nothing else runs.
On PostgreSQL that process does not wait for the disk to flush, which all of the machine shares.
A hub of this size has a group with everything in flight, one that has acknowledged everything, and new ones.
Servers are those of `benchmarks.hub`.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from benchmarks import _run
from benchmarks._run import Result
from benchmarks.hub import POSTGRES_URL, REDIS_URL, STEP, add_at_once, clean
from impactive_async.errors import ImpactiveError
from impactive_async.hub import Hub, HubEvent, connect, event_id

ENGINES: Final = ("SQLite", "Redis", "PostgreSQL")
FEEDS: Final = 1_000
EVENTS: Final = 10_000
SIZES: Final = ((1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000))
"""Feeds and events of the hubs in scale.md."""
BATCH: Final = 500
TURNS: Final = 3
GATE: Final = 50.0
"""Milliseconds."""

Call = Callable[[], Awaitable[object]]
Turn = tuple[float, float]
"""When a turn of the other process began and ended."""


def probe(url: str, namespace: str, told: Connection) -> None:
    """Claim and commit until told to stop; send back all turns. Runs in a process of its own."""
    told.send(asyncio.run(_turns(url, namespace, told)))


async def _turns(url: str, namespace: str, told: Connection) -> list[Turn]:
    turns: list[Turn] = []
    async with connect(url, namespace=namespace, allow_volatile=True) as hub:
        while not told.poll():
            began = time.monotonic()
            if claim := await hub.claim(60.0):
                await hub.commit(claim, claim.cursor, [], 0.0)
            turns.append((began, time.monotonic()))
            if len(turns) == 1:
                told.send("ready")
    return turns


def longest(turns: list[Turn], window: Turn) -> float:
    """The milliseconds of the longest turn that a window has touched."""
    touched = [end - begin for begin, end in turns if begin < window[1] and end > window[0]]
    return 1000 * max(touched, default=math.nan)


def events_of(start: int, stop: int) -> list[HubEvent]:
    """Small events, as most are."""
    return [
        HubEvent(
            id=event_id("deals", f"deal_{number}", "v1"),
            source="/workspaces/ws_1",
            type="com.impactiveai.deal.updated",
            subject=f"deals/deal_{number}",
            time=datetime.now(UTC),
            data={"id": f"deal_{number}"},
        )
        for number in range(start, stop)
    ]


async def fill(hub: Hub, url: str, namespace: str, feeds: int, events: int) -> None:
    """Make a hub of this size, with its three groups."""
    await hub.add("filling")
    for group in ("in flight", "done"):
        await hub.receive(group)
    for start in range(0, events, STEP):
        claim = await hub.claim(60.0)
        if claim is None:
            raise RuntimeError("the feed was due")
        await hub.commit(claim, str(start), events_of(start, min(start + STEP, events)), 0.0)
        await hub.receive("in flight", count=STEP, visibility=86_400)
        done = await hub.receive("done", count=STEP)
        await hub.ack("done", [delivery.position for delivery in done])
    await add_at_once(url, namespace, [f"sequences/seq_{number}/replies" for number in range(feeds)])


def calls(hub: Hub, eager: Hub) -> dict[str, Call]:
    """What is measured, by its name. `eager` keeps no event that everybody has acknowledged."""

    async def quiet() -> None:
        await asyncio.sleep(0.3)

    async def joined() -> None:
        await hub.receive(f"group {uuid.uuid4().hex[:8]}", count=BATCH)

    return {
        "nothing": quiet,
        "status": hub.status,
        "feeds": hub.feeds,
        "heal": hub.heal,
        "receive, as a new group": joined,
        "receive, with everything in flight": lambda: hub.receive("in flight"),
        "dead_letters": lambda: hub.dead_letters("done"),
        "trim, with nothing to trim": eager.trim,
        "drop_group, with everything in flight": lambda: hub.drop_group("in flight"),
        "trim, of everything": lambda: _trim_all(eager),
    }


async def _trim_all(hub: Hub) -> None:
    for group in (await hub.status()).groups:
        await hub.drop_group(group.name)
    await hub.trim()


ONCE: Final = {"drop_group, with everything in flight", "trim, of everything"}
"""What can be done once."""


async def measure(url: str, namespace: str, feeds: int, events: int) -> dict[str, list[float]]:
    """The longest turns of another process, by the call that was made meanwhile."""
    async with (
        connect(_careless(url), namespace=namespace, allow_volatile=True) as filling,
        connect(url, namespace=namespace) as hub,
        connect(url, namespace=namespace, retention=0) as eager,
    ):
        await filling.init()
        await fill(filling, url, namespace, feeds, events)
        here, there = multiprocessing.Pipe()
        probed = (_careless(url), namespace, there)
        process = multiprocessing.get_context("spawn").Process(target=probe, args=probed)
        process.start()
        await asyncio.to_thread(here.recv)
        windows = {
            name: [await _window(call) for _ in range(1 if name in ONCE else TURNS)]
            for name, call in calls(hub, eager).items()
        }
        here.send("stop")
        turns = await asyncio.to_thread(here.recv)
        process.join()
    return {name: [longest(turns, window) for window in each] for name, each in windows.items()}


def _careless(url: str) -> str:
    return f"{url}?synchronous_commit=off" if url.startswith("postgres") else url


async def _window(call: Call) -> Turn:
    began = time.monotonic()
    await call()
    return began, time.monotonic()


@asynccontextmanager
async def place_of(engine: str) -> AsyncIterator[tuple[str, str]]:
    """A URL and a namespace of a hub to be made, and nothing left of it afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        urls = {"SQLite": f"sqlite:///{directory}/hub.db", "Redis": REDIS_URL, "PostgreSQL": POSTGRES_URL}
        namespace = "impactive" if engine == "SQLite" else f"bench_{uuid.uuid4().hex}"
        try:
            yield urls[engine], namespace
        finally:
            await clean(urls[engine], namespace)


async def figures(engine: str, feeds: int, events: int) -> list[Result]:
    """The rows of one engine."""
    title = f"hub on {engine}, {feeds:,} feeds, {events:,} events: longest turn of others during"
    async with place_of(engine) as (url, namespace):
        try:
            found = await measure(url, namespace, feeds, events)
        except ImpactiveError as error:
            reason = str(error).partition(". ")[0]
            return [Result(benchmark=title, base="", value=0, low=0, high=0, unit="ms", missing=reason)]
    return [
        _result(f"{title} {name}", values, GATE if name != "nothing" else None) for name, values in found.items()
    ]


def _result(title: str, values: list[float], gate: float | None) -> Result:
    middle = statistics.median(values)
    return Result(benchmark=title, base="", value=middle, low=min(values), high=max(values), gate=gate, unit="ms")


def results(_: int) -> list[Result]:
    """The worst row of each engine, for a small hub."""
    found = [asyncio.run(figures(engine, FEEDS, EVENTS)) for engine in ENGINES]
    return [max(rows[1:] or rows, key=lambda row: row.value) for rows in found]


Size = tuple[int, int]


def page(found: Mapping[tuple[str, Size], list[Result]], directory: str) -> str:
    """The text of scale.md.

    Args:
        found: The rows of each engine and size.
        directory: Where the SQLite file was.
    """
    title = "| engine | while another process calls | " + " | ".join(
        f"{f:,} feeds, {e:,} events" for f, e in SIZES
    )
    lines = [title + " |", "| --- | --- |" + " --- |" * len(SIZES)]
    for engine in ENGINES:
        columns = [{_call(row): row for row in found[engine, size]} for size in SIZES]
        for call in columns[0]:
            cells = " | ".join(_cell(column.get(call)) for column in columns)
            lines.append(f"| {engine} | {call} | {cells} |")
    load = os.getloadavg()[2]
    return f"""# How long a call to a hub holds up others

{datetime.now(UTC):%Y-%m-%d}, by `python -m benchmarks.scale --write`, on {os.cpu_count()} cores. Load average
over the last fifteen minutes: {load:.1f}. The SQLite file was in {directory}: where that is
memory, what a disk takes to flush comes on top.

Milliseconds of the longest turn (a claim and a commit) of another process: the median over the repetitions of the
call, and the worst of them in brackets. The gate is {GATE:.0f} ms; what is past it is bold. "nothing" is what the
machine itself costs.

{chr(10).join(lines)}
"""


def _call(row: Result) -> str:
    return row.benchmark.rpartition(" during ")[2]


def _cell(row: Result | None) -> str:
    if row is None or row.missing:
        return "-"
    text = f"{row.value:.1f} ({row.high:.1f})"
    return f"**{text}**" if row.gate and row.value > row.gate else text


def write() -> None:
    """Measure all sizes on all engines, and write scale.md."""
    found: dict[tuple[str, Size], list[Result]] = {}
    for feeds, events in SIZES:
        for engine in ENGINES:
            print(f"{engine}, {feeds:,} feeds, {events:,} events …", file=sys.stderr)
            found[engine, (feeds, events)] = asyncio.run(figures(engine, feeds, events))
    Path(__file__).with_name("scale.md").write_text(page(found, tempfile.gettempdir()))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=[engine.lower() for engine in ENGINES], action="append")
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a number is past its gate plus 15 %%")
    parser.add_argument("--write", action="store_true", help="measure all sizes and write benchmarks/scale.md")
    options = parser.parse_args()
    if options.write:
        write()
        return 0
    found = []
    for engine in ENGINES:
        if not options.engine or engine.lower() in options.engine:
            print(f"{engine} …", file=sys.stderr)
            found += asyncio.run(figures(engine, options.feeds, options.events))
    print(_run.table(found))
    return _run.verdict(found) if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
