"""Throughput of hubs: claim + commit of three events, over SQLite, Redis and PostgreSQL in one run.

    python -m benchmarks hub

Servers are those of the tests: IMPACTIVE_TEST_REDIS_URL and IMPACTIVE_TEST_POSTGRES_URL, or the standard local
ports. An engine that does not answer is named with the reason, not left out. Each number is one poll's whole cost
to the hub by the clock, durability as the server is set up; SQLite flushes every commit to the disk. The engines
take turns, as everywhere; what counts is the median of the turns.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from attrs import define, field

from benchmarks import _run
from benchmarks._run import Result
from impactive_async.errors import ImpactiveError
from impactive_async.hub import Hub, HubEvent, connect, event_id

REDIS_URL: Final = os.environ.get("IMPACTIVE_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
POSTGRES_URL: Final = os.environ.get(
    "IMPACTIVE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
EVENTS: Final = 3
FEEDS: Final = 200
POLLS: Final = 200
"""In one turn of one engine."""
TURNS: Final = 10
WORKERS: Final = (1, 8)
CURSOR: Final = '{"frontier":"2026-01-02T03:04:05.678Z","seen":{' + '"em_0123456789":"…",' * 60 + "}}"
LEASE: Final = 60.0


@define(eq=False)
class Contender:
    """An engine: what it achieved in each turn, by the number of polls at once; or why it was not measured."""

    name: str
    url: str
    hub: Hub | None = None
    missing: str = ""
    rates: dict[int, list[float]] = field(factory=lambda: {workers: [] for workers in WORKERS})

    def results(self) -> list[Result]:
        """Its rows of the table."""
        return [self._result(workers) for workers in WORKERS]

    def _result(self, workers: int) -> Result:
        low, middle, high = (
            (0.0,) * 3 if self.missing else statistics.quantiles(self.rates[workers], n=4, method="inclusive")
        )
        return Result(
            benchmark=f"hub on {self.name}: claim + commit of {EVENTS} events, {workers} at a time",
            base="",
            value=middle,
            low=low,
            high=high,
            unit="polls/s",
            more_is_better=True,
            missing=self.missing,
        )


def events_of(feed: str, number: int) -> list[HubEvent]:
    """Three replies as a poll would bring them."""
    return [
        HubEvent(
            id=event_id(feed, f"em_{number}_{place}", "v1"),
            source="https://crm.example.com",
            type="com.impactiveai.reply.received",
            subject=f"em_{number}_{place}",
            time=datetime.now(UTC),
            data={"id": f"em_{number}_{place}", "subject": "Re: Hi", "body": "x" * 400},
        )
        for place in range(EVENTS)
    ]


async def measure(hub: Hub, workers: int) -> float:
    """Poll with so many tasks; returns polls a second."""
    numbers, turn = iter(range(POLLS)), uuid.uuid4().hex

    async def worker() -> None:
        for number in numbers:
            claim = await hub.claim(LEASE)
            if claim is None:
                raise RuntimeError("there are more workers than feeds")
            await hub.commit(claim, CURSOR, events_of(f"{turn}:{claim.feed}", number), 0)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(workers)))
    return POLLS / (time.perf_counter() - began)


@asynccontextmanager
async def hub_at(url: str) -> AsyncIterator[Hub]:
    """A hub of its own at `url`, and nothing left of it afterwards."""
    namespace = "impactive" if url.startswith("sqlite") else f"bench_{uuid.uuid4().hex}"
    async with connect(url, namespace=namespace, allow_volatile=True) as hub:
        await hub.init()
        try:
            for number in range(FEEDS):
                await hub.add(f"replies:seq_{number}")
            yield hub
        finally:
            await clean(url, namespace)


async def clean(url: str, namespace: str) -> None:
    """Delete what a hub has stored."""
    if url == REDIS_URL:
        from redis.asyncio import Redis

        async with Redis.from_url(url) as redis:
            async for key in redis.scan_iter(f"{{{namespace}}}:*"):
                await redis.delete(key)
    elif url == POSTGRES_URL:
        import asyncpg

        connection = await asyncpg.connect(url)
        await connection.execute(f"DROP SCHEMA IF EXISTS {namespace} CASCADE")
        await connection.close()


async def race(turns: int) -> list[Contender]:
    """Let the engines take turns; a first one to warm up does not count."""
    async with AsyncExitStack() as opened:
        directory = opened.enter_context(tempfile.TemporaryDirectory())
        contenders = [
            Contender("SQLite", f"sqlite:///{directory}/hub.db"),
            Contender("Redis", REDIS_URL),
            Contender("PostgreSQL", POSTGRES_URL),
        ]
        for contender in contenders:
            try:
                contender.hub = await opened.enter_async_context(hub_at(contender.url))
            except ImpactiveError as error:
                contender.missing = str(error).partition(". ")[0]
        for turn in range(-1, turns):
            for contender in contenders:
                await _take_turn(contender, counts=turn >= 0)
    return contenders


async def _take_turn(contender: Contender, *, counts: bool) -> None:
    if contender.hub is None:
        return
    for workers in WORKERS:
        rate = await measure(contender.hub, workers)
        if counts:
            contender.rates[workers].append(rate)


def results(repetitions: int) -> list[Result]:
    """The rows of all engines."""
    turns = max(2, min(repetitions, TURNS))
    return [result for contender in asyncio.run(race(turns)) for result in contender.results()]


if __name__ == "__main__":
    sys.exit(_run.main(results, __doc__))
