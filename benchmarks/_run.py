"""One way to measure, shared by the benchmarks.

All contenders of a benchmark run one after the other within each repetition, so that whatever the machine is doing
meets all of them. Their order is shuffled, so that none runs always behind the same one, whose work has filled the
caches: that moved ratios by a quarter. A ratio is taken within a repetition; the median of these ratios is what
counts, their quartiles are the spread. Times are CPU seconds of the thread that works, unless a benchmark says
otherwise.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

REPETITIONS: Final = 40
SLACK: Final = 1.15
"""How far past its gate a number may be before a check fails: machines differ, and neighbours make noise."""

Times = Mapping[str, Sequence[float]]


@attrs.frozen
class Gate:
    """What `ours` may take at most, as a multiple of what `base` takes; both are contenders' names."""

    benchmark: str
    ours: str
    base: str
    limit: float
    aim: float


@attrs.frozen(kw_only=True)
class Result:
    """One row of the table.

    Attributes:
        benchmark: What was done.
        base: By whom else; empty for a number that stands alone.
        value: The median.
        low: The first quartile.
        high: The third quartile.
        gate: What `value` must not be beyond; `None` for a row that only informs.
        aim: What it should reach.
        unit: Of all five; `x`: a multiple of the base.
        more_is_better: Whether beyond means below.
        missing: Why there is no number; empty where there is one.
    """

    benchmark: str
    base: str
    value: float
    low: float
    high: float
    gate: float | None = None
    aim: float | None = None
    unit: str = "x"
    more_is_better: bool = False
    missing: str = ""

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.aim is not None and self._within(self.aim):
            return "aim reached"
        if self.gate is None:
            return "-"
        return "gate held" if self._within(self.gate) else "**past the gate**"

    @property
    def passes(self) -> bool:
        """Whether a check lets it through."""
        if self.gate is None:
            return True
        return self._within(self.gate / SLACK if self.more_is_better else self.gate * SLACK)

    def _within(self, bound: float) -> bool:
        return self.value >= bound if self.more_is_better else self.value <= bound


def shuffled(names: Iterable[str], rounds: int) -> Iterator[list[str]]:
    """The names in an order of its own for each round; the same orders in every run."""
    order, names = random.Random(1), [*names]
    for _ in range(rounds):
        order.shuffle(names)
        yield [*names]


def interleave(contenders: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """What each contender says it took, in every repetition; a first round to warm up does not count."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for names in shuffled(contenders, 1 + repetitions):
        for name in names:
            times[name].append(contenders[name]())
    return {name: taken[1:] for name, taken in times.items()}


def timed(work: Callable[[], object], count: int = 1) -> Callable[[], float]:
    """CPU seconds of this thread that `work` takes once, over `count` times."""

    def run() -> float:
        start = time.thread_time()
        for _ in range(count):
            work()
        return (time.thread_time() - start) / count

    return run


def judge(gate: Gate, times: Times) -> Result:
    """The row of a gate."""
    return compare(times, gate.benchmark, gate.ours, gate.base, gate.limit, gate.aim)


def compare(
    times: Times, benchmark: str, ours: str, base: str, gate: float | None = None, aim: float | None = None
) -> Result:
    """How many times longer `ours` took than `base`."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(times[ours], times[base], strict=True)], n=4)
    return Result(benchmark=benchmark, base=base, value=middle, low=low, high=high, gate=gate, aim=aim)


def table(results: Sequence[Result]) -> str:
    """Markdown."""
    head = ["benchmark", "base", "measured", "quartiles", "gate", "aim", "verdict"]
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * 7, *map(_cells, results))])


def _cells(result: Result) -> list[str]:
    spread = f"{number(result.low)} to {number(result.high)}" if result.low < result.high else "-"
    value = f"not measured: {result.missing}" if result.missing else f"**{number(result.value)}** {result.unit}"
    bounds = [_bound(result, result.gate), _bound(result, result.aim)]
    return [result.benchmark, result.base or "-", value, spread, *bounds, result.verdict]


def _bound(result: Result, bound: float | None) -> str:
    return "-" if bound is None else f"{'≥' if result.more_is_better else '≤'} {number(bound)}"


def number(value: float) -> str:
    """To three digits or so."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def main(results: Callable[[int], Sequence[Result]], doc: str | None) -> int:
    """The command line of a benchmark that runs alone; returns the exit code."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a ratio is past its gate plus 15 %%")
    options = parser.parse_args()
    found = results(options.repetitions)
    print(table(found))
    return verdict(found) if options.check else 0


def verdict(results: Sequence[Result]) -> int:
    """The exit code of a check; says what fails."""
    failed = [result for result in results if not result.passes]
    for result in failed:
        print(f"past its gate: {result.benchmark} / {result.base}: {number(result.value)}", file=sys.stderr)
    return 1 if failed else 0
