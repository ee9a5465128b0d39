"""Measuring a run from outside: when requests arrived, and when nobody could have made any.

All times are those of the machine's monotonic clock, which its processes share.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from attrs import define, field, frozen

from impactive_async.sandbox import Sandbox

TICK = 0.02
LATE = 0.04
"""Seconds by which a loop must wake too late for the machine to be said to have stalled."""


@frozen(order=True)
class Span:
    """From one moment to another."""

    begin: float
    end: float


async def feel_pulse(stalled: Callable[[Span], object]) -> None:
    """Tell of each time in which this process was not let run, until cancelled."""
    due = time.monotonic() + TICK
    while True:
        await asyncio.sleep(TICK)
        now = time.monotonic()
        if now - due > LATE:
            stalled(Span(due, now))
        due = now + TICK


@define(eq=False)
class Arrivals:
    """When each request of a sandbox's journal has arrived."""

    sandbox: Sandbox
    times: list[float] = field(factory=list)

    def note(self) -> bool:
        new = len(self.sandbox.requests) - len(self.times)
        self.times += [time.monotonic()] * new
        return False

    async def watch(self) -> None:
        """Note them as they come, until cancelled."""
        await self.sandbox.until(self.note)

    def by_feed(self) -> dict[str, list[float]]:
        """Polls by path; the lists that say what there is to poll are none, nor is what has just come in."""
        found: dict[str, list[float]] = defaultdict(list)
        for request, at in zip(self.sandbox.requests, self.times, strict=False):
            if request.path not in ("/api/agent/sequences", "/api/zapier/auth/test"):
                found[request.path].append(at)
        return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same moments, each once."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def counted(span: Span, excused: Iterable[Span]) -> float:
    """Seconds of a span that are not excused; `excused` must not overlap."""
    lost = sum(max(0.0, min(span.end, one.end) - max(span.begin, one.begin)) for one in excused)
    return span.end - span.begin - lost


def longest_silence(polls: Mapping[str, Sequence[float]], run: Span, excused: Sequence[Span]) -> float:
    """The longest that any feed was not polled within a run, its beginning and end included."""
    return max(
        counted(Span(a, b), excused)
        for times in polls.values()
        for a, b in pairwise([run.begin, *(at for at in times if at < run.end), run.end])
    )


def busiest(times: Sequence[float], window: float, excused: Sequence[Span]) -> int:
    """The most of `times` in any window that no excused span touches; its end is not part of it."""
    most = 0
    for first, begin in enumerate(times):
        end = begin + window
        if not any(span.begin < end and begin <= span.end + LATE for span in excused):
            most = max(most, bisect_left(times, end, lo=first) - first)
    return most
