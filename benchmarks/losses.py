"""Creating and enrolling contacts on a server that loses answers, against the same on one that does not.

    python -m benchmarks.losses

Each run has a fresh sandbox in a process of its own. One of them drops the connection in place of 2 % of all
answers, after it has done what was asked; lists are among them. A ratio is taken within a round, by the clock.

A request that never reached the server is another matter: that its contacts are missing can be believed only after
`settle` seconds, in which nothing else may be created. One row shows what 1 % of these cost. There the client's
clock runs 20 times as fast, so that its 30 seconds take 1.5: as if the server were 20 times as slow.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Final

from benchmarks._run import Result, main
from benchmarks._simulated import FastClock
from benchmarks.bulk import Chaos, people, target
from impactive_async import AsyncClient

ROWS, ROUNDS, LOST, UNSENT = 20_000, 12, 0.02, 0.01
GATE, AIM = 0.5, 0.8
SPEED: Final = 20.0


async def seconds(seed: str, chaos: Chaos | None, speed: float) -> float:
    """How long it takes to create and enroll all."""
    async with target(seed, chaos) as where:
        clock = FastClock(speed)
        async with AsyncClient(where.key, base_url=where.url, clock=clock) as crm:
            await crm.contacts.list(limit=1)
            began = time.perf_counter()
            made = await crm.contacts.create_many(people(0, ROWS), keep_results=True)
            done = await crm.sequences.enroll_many(where.sequence, made.contact_ids or ())
            taken = time.perf_counter() - began
        assert (made.created, done.enrolled + done.perhaps_enrolled_now) == (ROWS, ROWS)
        return taken


async def race(rounds: int, chaos: Chaos, speed: float) -> list[float]:
    """The throughput with losses as a share of that without, round by round; each round loses others."""
    ratios = []
    for number in range(rounds):
        taken = {}
        for trouble in (None, chaos) if number % 2 else (chaos, None):
            taken[trouble] = await seconds(f"losses {number}", trouble, speed)
        ratios.append(taken[None] / taken[chaos])
    return ratios


def results(_: int) -> list[Result]:
    """Both rows."""
    lost = asyncio.run(race(ROUNDS, (LOST, "drop_after_commit"), 1.0))
    unsent = asyncio.run(race(3, (UNSENT, "disconnect"), SPEED))
    title = f"bulk: {ROWS:,} contacts created and enrolled, throughput"
    return [
        _row(f"{title}, {LOST:.0%} of answers lost", lost, GATE, AIM),
        _row(f"{title}, {UNSENT:.0%} of requests never arrive, a server {SPEED:.0f} times as slow", unsent),
    ]


def _row(title: str, ratios: list[float], gate: float | None = None, aim: float | None = None) -> Result:
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Result(
        benchmark=title,
        base="the same without losses",
        value=middle,
        low=low,
        high=high,
        gate=gate,
        aim=aim,
        more_is_better=True,
    )


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
