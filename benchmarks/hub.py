"""Throughput of hubs: claim + commit of three events, over SQLite, Redis and PostgreSQL in one run.

    python benchmarks/hub.py [--polls 2000] [--feeds 200]

Servers are those of the tests: IMPACTIVE_TEST_REDIS_URL and IMPACTIVE_TEST_POSTGRES_URL, or the standard local
ports. An engine that does not answer is reported, not left out. Each number is one poll's whole cost to the hub,
durability as the server is set up; SQLite flushes every commit to the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from attrs import frozen
from redis.asyncio import Redis

from impactive_async.errors import ImpactiveError
from impactive_async.hub import Event, Hub, connect, event_id

REDIS_URL = os.environ.get("IMPACTIVE_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
POSTGRES_URL = os.environ.get("IMPACTIVE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
EVENTS = 3
CURSOR = '{"frontier":"2026-01-02T03:04:05.678Z","seen":{' + '"em_0123456789":"…",' * 60 + "}}"
LEASE = 60.0


@frozen
class Result:
    """One engine at one concurrency.

    Attributes:
        polls_per_second: Claims and commits.
        median: Milliseconds of one claim and its commit.
        slowest: The 99th percentile of the same.
    """

    polls_per_second: float
    median: float
    slowest: float


def events_of(feed: str, number: int) -> list[Event]:
    """Three replies as a poll would bring them."""
    return [
        Event(
            id=event_id(feed, f"em_{number}_{place}", "v1"),
            source="https://crm.example.com",
            type="com.impactiveai.reply.received",
            subject=f"em_{number}_{place}",
            time=datetime.now(UTC),
            data={"id": f"em_{number}_{place}", "subject": "Re: Hi", "body": "x" * 400},
        )
        for place in range(EVENTS)
    ]


async def measure(hub: Hub, polls: int, workers: int) -> Result:
    """Poll `polls` times with `workers` tasks."""
    numbers = iter(range(polls))
    run = uuid.uuid4().hex
    took: list[float] = []

    async def worker() -> None:
        for number in numbers:
            began = time.perf_counter()
            claim = await hub.claim(LEASE)
            if claim is None:
                raise RuntimeError("more workers than feeds: pass a greater --feeds")
            await hub.commit(claim, CURSOR, events_of(f"{run}:{claim.feed}", number), 0)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(workers)))
    rate = polls / (time.perf_counter() - began)
    took.sort()
    return Result(rate, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000)


@asynccontextmanager
async def hub_at(url: str, namespace: str) -> AsyncIterator[Hub]:
    """A hub of its own at `url`, and nothing left of it afterwards."""
    async with connect(url, namespace=namespace, allow_volatile=True) as hub:
        await hub.init()
        try:
            yield hub
        finally:
            await clean(url, namespace)


async def clean(url: str, namespace: str) -> None:
    """Delete what a hub has stored."""
    if url == REDIS_URL:
        async with Redis.from_url(url) as redis:
            async for key in redis.scan_iter(f"{{{namespace}}}:*"):
                await redis.delete(key)
    elif url == POSTGRES_URL:
        connection = await asyncpg.connect(url)
        await connection.execute(f"DROP SCHEMA IF EXISTS {namespace} CASCADE")
        await connection.close()


async def report(url: str, polls: int, feeds: int) -> None:
    """Measure one engine and print its rows of the table."""
    async with hub_at(url, f"bench_{uuid.uuid4().hex}") as hub:
        for number in range(feeds):
            await hub.add(f"replies:seq_{number}")
        engine = (await hub.status()).engine
        for workers in (1, 8):
            result = await measure(hub, polls, workers)
            print(
                f"| {engine.split('(')[0].strip()} | {workers} | {result.polls_per_second:,.0f} | "
                f"{result.polls_per_second * EVENTS:,.0f} | {result.median:.2f} | {result.slowest:.2f} |"
            )


async def main() -> None:
    """Measure all engines."""
    parser = argparse.ArgumentParser(description="Throughput of claim + commit of three events.")
    parser.add_argument("--polls", type=int, default=2000)
    parser.add_argument("--feeds", type=int, default=200)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {options.polls} polls each\n")
    print("| engine | workers | polls/s | events/s | median ms | p99 ms |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        for url in (f"sqlite:///{directory}/hub.db", REDIS_URL, POSTGRES_URL):
            try:
                await report(url, options.polls, options.feeds)
            except (ImpactiveError, OSError) as error:
                print(f"| {url.split(':')[0]} | not measured: {error} | | | | |")


if __name__ == "__main__":
    asyncio.run(main())
