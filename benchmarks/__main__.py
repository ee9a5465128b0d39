"""Run every benchmark, write benchmarks/results.md and results.svg, and judge.

    python -m benchmarks [decode call …] [--repetitions 40] [--check] [--uvloop] [--json FILE]

Without names: all of them. The files are only written when all have run. `benchmarks.pythons` runs some of them on
several interpreters.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.metadata
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs
import orjson

from benchmarks import (
    _run,
    bulk,
    call,
    cursor,
    decode,
    feeds,
    forward,
    hub,
    idle,
    imports,
    losses,
    metrics,
    poll,
    scale,
    start,
    wire,
)
from benchmarks._plot import plot
from benchmarks._run import Result

HERE: Final = Path(__file__).parent
PACKAGES: Final = (
    "impactive-async", "aiohttp", "attrs", "cattrs", "orjson", "pydantic", "msgspec", "httpx", "dlt",
    "redis", "asyncpg",
)  # fmt: skip
FEEDS: Final = 10_000
BULK_ROWS, BULK_ROUNDS, BULK_BATCH = 50_000, 10, 40  # the batch: what `create_many` sends by default


def feeds_results(_: int) -> list[Result]:
    """What ten thousand feeds weigh and hold up; memory in a run of its own, as tracing it slows everything."""
    size = FEEDS // len(feeds.KINDS) + 1
    gc.collect()
    gc.freeze()  # a collection that looks at all that the peers have imported takes 80 ms, and is none of ours
    figures = asyncio.run(feeds.follow(size, 10, 20, traced=False))
    gc.unfreeze()
    tracemalloc.start()
    memory = asyncio.run(feeds.follow(size, 10, 20, traced=True))
    tracemalloc.stop()
    title = f"{FEEDS:,} idle feeds of one `crm.watch`"
    return [
        _figure(f"{title}: memory a feed", memory["bytes a feed"], "B", feeds.BYTES_GATE, 600),
        _figure(
            f"{title}: longest stall of the loop", figures["longest stall, ms"], "ms", feeds.STALL_GATE * 1000, 50
        ),
        _figure(f"{title}: a turn of the heap", feeds.wake_up(), "us", None, 5),
        _figure(
            "polls of 20,000 bookings unchanged: longest stall of the loop",
            asyncio.run(feeds.follow_bookings())[feeds.UNCHANGED],
            "ms",
            feeds.STALL_GATE * 1000,
            20,
        ),
    ]


def _figure(title: str, value: float, unit: str, gate: float | None, aim: float) -> Result:
    return Result(benchmark=title, base="", value=value, low=value, high=value, gate=gate, aim=aim, unit=unit)


def bulk_results(_: int) -> list[Result]:
    """Throughput by the clock, not by CPU time: what counts in bulk is when it is done."""
    times = asyncio.run(bulk.race(BULK_ROWS, BULK_ROUNDS, BULK_BATCH))
    base = times["bare aiohttp"]
    return [_throughput(name, base, own) for name, own in times.items() if own is not base]


def _throughput(name: str, base: list[bulk.Times], own: list[bulk.Times]) -> Result:
    ratios = [theirs.both / ours.both for theirs, ours in zip(base, own, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Result(
        benchmark=f"bulk: {BULK_ROWS:,} contacts created and enrolled, throughput, {name}",
        base="bare aiohttp",
        value=middle,
        low=low,
        high=high,
        gate=bulk.GATES[name],
        aim=bulk.AIM,
        more_is_better=True,
    )


ALL: Final[dict[str, Callable[[int], list[Result]]]] = {
    "imports": imports.results,
    "start": start.results,
    "decode": decode.results,
    "poll": poll.results,
    "call": call.results,
    "cursor": cursor.results,
    "feeds": feeds_results,
    "bulk": bulk_results,
    "losses": losses.results,
    "idle": idle.results,
    "wire": wire.results,
    "hub": hub.results,
    "forward": forward.results,
    "metrics": metrics.results,
    "scale": scale.results,
}


def report(results: list[Result], seconds: float, load: float) -> str:
    """The text of results.md."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return f"""# Benchmarks

{datetime.now(UTC):%Y-%m-%d}, in {seconds / 60:.0f} minutes, by `make bench` (`python -m benchmarks`).

- Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}. Load average when it
  began: {load:.1f}: beyond 1 or so, others were at work on it too.
- {platform.python_implementation()} {platform.python_version()}; {versions}.
- Ratios are medians of paired, interleaved repetitions of CPU time; `benchmarks/_run.py` says how. Rows without a
  gate only inform.

![What we take as a multiple of what others take](results.svg)

{_run.table(results)}
"""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> int:
    """Run, write, judge; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of {', '.join(ALL)}")
    parser.add_argument("--repetitions", type=int, default=_run.REPETITIONS)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a number is past its gate plus 15 %%")
    parser.add_argument("--uvloop", action="store_true", help="on uvloop's event loops")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    options = parser.parse_args()
    if options.uvloop:
        asyncio.set_event_loop_policy(importlib.import_module("uvloop").EventLoopPolicy())
    if unknown := set(options.names) - set(ALL):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    load, start, results = os.getloadavg()[0], time.monotonic(), []
    for name in options.names or ALL:
        found = ALL[name](options.repetitions)
        results += found
        print(f"\n{name}\n\n{_run.table(found)}", flush=True)
    if not options.names:
        seconds = time.monotonic() - start
        (HERE / "results.md").write_text(report(results, seconds, load), encoding="utf-8")
        (HERE / "results.svg").write_text(plot(results), encoding="utf-8")
    if options.json:
        options.json.write_bytes(orjson.dumps([attrs.asdict(one) for one in results]))
    return _run.verdict(results) if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
