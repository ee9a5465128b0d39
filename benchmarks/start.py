"""What a start of the command line costs: `--help`, `--version` and Tab.

    python -m benchmarks.start [--repetitions 40] [--check]

Each run is an interpreter of its own, with its bytecode cached. The CPU time of the whole process counts: somebody
waits for all of it. The ratios are to a bare interpreter, and to one that imports Typer, from which we
moved to click (docs/design says why). The last rows are milliseconds on this machine.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks._run import Gate, Result, compare, interleave, judge, main

BARE: Final = "python -c pass"
CLICK: Final = "import click"
TYPER: Final = "import typer"
PROGRAM: Final = (sys.executable, "-m", "impactive_async")
HELP: Final = "impactive --help"
VERSION: Final = "impactive --version"
LEAF: Final = "impactive contacts import --help"
TAB: Final = "impactive contacts li<Tab>"

GATES: Final = (
    Gate(HELP, HELP, BARE, 7.0, 6.0),
    Gate(LEAF, LEAF, BARE, 7.0, 6.0),
    Gate(VERSION, VERSION, BARE, 6.0, 5.0),
    Gate(TAB, TAB, BARE, 7.0, 6.0),
    Gate(HELP, HELP, TYPER, 1.25, 1.1),
)
SECONDS: Final = 0.15
"""CPU seconds that a start may take on a quiet machine."""


def process(command: Sequence[str], env: Mapping[str, str] | None = None) -> Callable[[], float]:
    """CPU seconds of a whole process."""
    full = {**os.environ, **(env or {})}
    full.pop("PYTHONDONTWRITEBYTECODE", None)  # or what is imported would be compiled each time

    def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=full, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run


def contenders() -> dict[str, Callable[[], float]]:
    """Everything that is measured, by name."""
    typed = {"_IMPACTIVE_COMPLETE": "bash_complete", "COMP_WORDS": "impactive contacts li", "COMP_CWORD": "2"}
    return {
        BARE: process((sys.executable, "-c", "pass")),
        CLICK: process((sys.executable, "-c", CLICK)),
        TYPER: process((sys.executable, "-c", TYPER)),
        HELP: process((*PROGRAM, "--help")),
        LEAF: process((*PROGRAM, "contacts", "import", "--help")),
        VERSION: process((*PROGRAM, "--version")),
        TAB: process(PROGRAM, typed),
    }


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    times = interleave(contenders(), repetitions)
    ratios = [judge(gate, times) for gate in GATES]
    others = [compare(times, name, name, BARE) for name in (CLICK, TYPER)]
    return [*ratios, *others, *(_seconds(times, name) for name in (HELP, LEAF, VERSION, TAB))]


def _seconds(times: Mapping[str, Sequence[float]], name: str) -> Result:
    low, middle, high = (1000 * value for value in statistics.quantiles(times[name], n=4))
    return Result(benchmark=name, base="", value=middle, low=low, high=high, aim=1000 * SECONDS, unit="ms")


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
