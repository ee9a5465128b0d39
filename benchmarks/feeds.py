"""Ten thousand feeds in one process: bytes per feed, the longest stall of the loop, the storm that is none.

    python benchmarks/feeds.py [--sequences 3334] [--minutes 10] [--check]

A sandbox in a process of its own has the sequences; `crm.watch` follows enrollments, sends and replies of each.
The client's clock is accelerated, so that minutes of polling pass in seconds. A watchdog on the loop notes how
much work was done between two of its turns, in CPU seconds of the loop's thread: what others do to the machine is
not in it. `--check` exits with 1 if a figure is past its gate.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import heapq
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs

from benchmarks._run import Result
from benchmarks._simulated import FastClock
from impactive_async import NOW, AsyncClient
from impactive_async.feeds.workspace.followed_lists import FeedId
from impactive_async.feeds.workspace.resting_feed import RestingFeed
from impactive_async.sandbox import Sandbox

FEEDS: Final = 10_000
KINDS: Final = ("enrollments", "sends", "replies")
BYTES_GATE: Final = 1500
STALL_GATE: Final = 0.050
WATCHDOG: Final = 0.005
UNCHANGED: Final = "longest stall of 20,000 bookings unchanged, ms"


@attrs.define
class Watchdog:
    """Asks the loop for a turn every few milliseconds; `worst` is the most work it had to wait for, in seconds."""

    worst: float = 0.0
    late: int = 0

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(WATCHDOG)
            stall = time.thread_time() - before
            self.worst = max(self.worst, stall)
            self.late += stall > STALL_GATE

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        """Watch for as long as this lasts."""
        task = asyncio.create_task(self.watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def serve(sequences: int) -> None:
    """The other process: a sandbox with so many sequences, until its standard input ends."""
    async with Sandbox(populate=False, journal_limit=0) as sandbox:
        for number in range(sequences):
            sandbox.state.create_sequence(f"Sequence {number}")
        print(sandbox.url, sandbox.api_key, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def server(sequences: int) -> AsyncIterator[tuple[str, str]]:
    """Its URL and key."""
    command = [sys.executable, __file__, "--serve", "--sequences", str(sequences)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        url, key = (await process.stdout.readline()).decode().split()
        yield url, key
    finally:
        process.stdin.close()
        await process.wait()


async def follow(sequences: int, minutes: float, speed: float, *, traced: bool) -> dict[str, float]:
    """Follow them all for so many accelerated minutes."""
    clock, watchdog = FastClock(speed), Watchdog()
    async with server(sequences) as (url, key), AsyncClient(key, base_url=url, clock=clock) as crm:
        await crm.sequences.list()
        before = _bytes(traced)
        async with crm.watch(KINDS) as events, watchdog.on_duty():
            waiting = asyncio.ensure_future(anext(events))
            first = await _after(clock, events, 10)
            await clock.sleep(minutes * 60)
            figures = {
                "feeds": events.feeds,
                "polls": events.stats.polls,
                "polls in the first 10 s": first,
                "bytes a feed": (_bytes(traced) - before) / max(1, events.feeds),
                "longest stall, ms": watchdog.worst * 1000,
                "stalls over 50 ms": watchdog.late,
            }
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    return figures


async def _after(clock: FastClock, events: Any, seconds: float) -> int:
    await clock.sleep(seconds)
    return int(events.stats.polls)


def _bytes(traced: bool) -> int:
    if not traced:
        return 0
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def bookings(count: int) -> bytes:
    """The body of a list of so many bookings."""
    rows = [
        {
            "id": f"bkg_{number:016x}",
            "title": "Demo",
            "startTime": "2026-05-01T09:00:00.000Z",
            "endTime": "2026-05-01T09:30:00.000Z",
            "contactId": f"con_{number:016x}",
            "guestName": "Ada Lovelace",
            "guestEmail": f"ada{number}@example.com",
            "notes": "x" * 100,
            "status": "confirmed",
        }
        for number in range(count)
    ]
    return json.dumps(rows).encode()


async def follow_bookings(count: int = 20_000, polls: int = 8) -> dict[str, float]:
    """Poll so many bookings that do not change; the longest stall of the loop, the server's own work in it."""
    listing, watchdog, clock = "GET /api/agent/bookings", Watchdog(), FastClock(100)
    async with Sandbox(populate=False, journal_limit=100) as sandbox:
        sandbox.fail(listing, status=200, body=bookings(count), times=None)
        async with AsyncClient(sandbox.api_key, base_url=sandbox.url, clock=clock) as crm:
            feed = crm.bookings.watch(since=NOW, interval=20)
            waiting = asyncio.ensure_future(feed.__anext__())
            await sandbox.arrived(listing, 3)  # the first page is read, and the second one, to know it again
            await asyncio.sleep(1)
            seen = len(sandbox.requests_to(listing))
            async with watchdog.on_duty():
                await sandbox.arrived(listing, seen + polls)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    return {UNCHANGED: watchdog.worst * 1000}


def wake_up(feeds: int = 10_000, turns: int = 100_000) -> float:
    """Microseconds that taking the next feed off the heap and putting it back costs."""
    heap = [RestingFeed(FeedId("sends", str(number)), float(number)) for number in range(feeds)]
    start = time.thread_time()
    for turn in range(turns):
        slot = heapq.heappop(heap)
        slot.due = float(feeds + turn)
        heapq.heappush(heap, slot)
    return (time.thread_time() - start) / turns * 1e6


def results(_: int) -> list[Result]:
    """The rows of the table; memory in a run of its own, as tracing it slows everything."""
    size = FEEDS // len(KINDS) + 1
    figures = asyncio.run(follow(size, 10, 20, traced=False))
    tracemalloc.start()
    memory = asyncio.run(follow(size, 10, 20, traced=True))
    tracemalloc.stop()
    title, stall = f"{FEEDS:,} idle feeds of one `crm.watch`", STALL_GATE * 1000
    bookings = asyncio.run(follow_bookings())[UNCHANGED]
    return [
        _row(f"{title}: memory a feed", memory["bytes a feed"], "B", BYTES_GATE, 600),
        _row(f"{title}: longest stall of the loop", figures["longest stall, ms"], "ms", stall, 50),
        _row(f"{title}: a turn of the heap", wake_up(), "us", None, 5),
        _row("polls of 20,000 bookings unchanged: longest stall of the loop", bookings, "ms", stall, 20),
    ]


def _row(title: str, value: float, unit: str, gate: float | None, aim: float) -> Result:
    return Result(benchmark=title, base="", value=value, low=value, high=value, gate=gate, aim=aim, unit=unit)


def report(figures: dict[str, float]) -> None:
    """One figure a line."""
    for name, value in figures.items():
        print(f"{name:46} {value:12,.1f}")


async def main(arguments: argparse.Namespace) -> int:
    """Measure stalls first, then memory: tracing slows everything."""
    figures = await follow(arguments.sequences, arguments.minutes, arguments.speed, traced=False)
    figures["a turn of the heap, us"] = wake_up()
    figures |= await follow_bookings()
    del figures["bytes a feed"]
    tracemalloc.start()
    memory = await follow(arguments.sequences, arguments.minutes, arguments.speed, traced=True)
    figures["bytes a feed"] = memory["bytes a feed"]
    report(figures)
    passed = figures["bytes a feed"] <= BYTES_GATE and figures["longest stall, ms"] <= STALL_GATE * 1000
    return 0 if passed or not arguments.check else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=3334)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--speed", type=float, default=20)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.exit(asyncio.run(serve(options.sequences) if options.serve else main(options)))
