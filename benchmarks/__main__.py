"""Run every benchmark, write benchmarks/results.md and results.svg, and judge.

    python -m benchmarks [decode call …] [--repetitions 40] [--check] [--uvloop] [--json FILE]

Without names: all of them. The files are only written when all have run. `benchmarks.pythons` runs some of them on
several interpreters.

Each benchmark runs in a process of its own, with what it imports and nothing else. What a process has imported and
allocated before, and the seed of its hashes, move some ratios by a fifth: these are medians of several processes.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.metadata
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs
import orjson

from benchmarks import _run
from benchmarks._plot import plot
from benchmarks._run import Result

HERE: Final = Path(__file__).parent
PACKAGES: Final = (
    "impactive-async", "aiohttp", "attrs", "cattrs", "orjson", "pydantic", "msgspec", "httpx", "dlt",
    "redis", "asyncpg",
)  # fmt: skip
NAMES: Final = (
    "imports", "start", "decode", "poll", "call", "cursor", "feeds", "bulk", "losses", "idle", "wire", "hub",
    "forward", "metrics", "scale",
)  # fmt: skip
PROCESSES: Final = {"poll": 5, "call": 3, "idle": 3}
"""How many processes the ratios of a benchmark are taken in; others: one."""


def measured(name: str, repetitions: int, *, uvloop: bool) -> list[Result]:
    """The rows of a benchmark: for each the median of the processes."""
    options = ["--repetitions", str(repetitions), *(["--uvloop"] if uvloop else [])]
    runs = [_alone(name, options) for _ in range(PROCESSES.get(name, 1))]
    return [_middle(row) for row in zip(*runs, strict=True)]


def _alone(name: str, options: Sequence[str]) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.json")
        command = [sys.executable, "-m", "benchmarks", "--alone", name, "--json", str(file), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return [Result(**row) for row in orjson.loads(file.read_bytes())]


def _middle(row: Sequence[Result]) -> Result:
    """The row of the process with the median, rounded down."""
    return row[0] if row[0].missing else sorted(row, key=lambda one: one.value)[(len(row) - 1) // 2]


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
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of {', '.join(NAMES)}")
    parser.add_argument("--repetitions", type=int, default=_run.REPETITIONS)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a number is past its gate plus 15 %%")
    parser.add_argument("--uvloop", action="store_true", help="on uvloop's event loops")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    results = in_this_process(options) if options.alone else in_processes(options)
    if options.json:
        options.json.write_bytes(orjson.dumps([attrs.asdict(one) for one in results]))
    return _run.verdict(results) if options.check else 0


def in_this_process(options: argparse.Namespace) -> list[Result]:
    """The rows of the only name."""
    logging.disable(logging.WARNING)  # what clients say of the servers here is known
    if options.uvloop:
        asyncio.set_event_loop_policy(importlib.import_module("uvloop").EventLoopPolicy())
    (name,) = options.names
    return list(importlib.import_module(f"benchmarks.{name}").results(options.repetitions))


def in_processes(options: argparse.Namespace) -> list[Result]:
    """The rows of some, or of all, which are then written down."""
    load, start, results = os.getloadavg()[0], time.monotonic(), []
    for name in options.names or NAMES:
        found = measured(name, options.repetitions, uvloop=options.uvloop)
        results += found
        print(f"\n{name}\n\n{_run.table(found)}", flush=True)
    if not options.names:
        seconds = time.monotonic() - start
        (HERE / "results.md").write_text(report(results, seconds, load), encoding="utf-8")
        (HERE / "results.svg").write_text(plot(results), encoding="utf-8")
    return results


if __name__ == "__main__":
    sys.exit(main())
