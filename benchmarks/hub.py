"""Throughput of hubs: claim + commit of three events, over SQLite, Redis and PostgreSQL in one run.

    python -m benchmarks.hub [--repetitions 10] [--check]

Servers are those of the tests: IMPACTIVE_TEST_REDIS_URL and IMPACTIVE_TEST_POSTGRES_URL, or the standard local
ports. An engine that does not answer is named with the reason, not left out. Each number is one poll's whole cost
to the hub by the clock, durability as the server is set up; SQLite flushes every commit to the disk. The engines
take turns, as everywhere; what counts is the median of the turns.

Figures differ threefold between machines, so what is judged are ratios within a turn: to the bare write of the
engine (one durable insert, or XADD, of one event and nothing else, over the same driver), and of a claim in a hub
of 100,000 feeds to one in a hub of 1,000.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any, Final

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
STEP: Final = 5_000
"""Feeds that are added to Redis at once."""
WORKERS: Final = (1, 8)
CURSOR: Final = '{"frontier":"2026-01-02T03:04:05.678Z","seen":{' + '"em_0123456789":"…",' * 60 + "}}"
LEASE: Final = 60.0
AT_ONCE: Final = 8
"""Bare writes that are under way together, as polls are."""
GATE, AIM = 0.4, 1.5
"""Polls for a bare write."""
FEW, MANY = 1_000, 100_000
"""Feeds of the hubs whose claims are compared."""
CLAIMS: Final = 200
"""In one turn of one hub."""
SIZE_GATE, SIZE_AIM = 1.3, 1.1

Write = Callable[[str], Awaitable[object]]


@define(eq=False)
class Contender:
    """An engine: what it achieved in each turn, by the number of polls at once; or why it was not measured."""

    name: str
    url: str
    hub: Hub | None = None
    write: Write | None = None
    few: Hub | None = None
    many: Hub | None = None
    missing: str = ""
    rates: dict[int, list[float]] = field(factory=lambda: {workers: [] for workers in WORKERS})
    ratios: list[float] = field(factory=list)
    sizes: list[float] = field(factory=list)

    def results(self) -> list[Result]:
        """Its rows of the table."""
        return [*(self._result(workers) for workers in WORKERS), *self._ratios()]

    def _result(self, workers: int) -> Result:
        return self._row(
            f"hub on {self.name}: claim + commit of {EVENTS} events, {workers} at a time",
            self.rates[workers],
            unit="polls/s",
            more_is_better=True,
        )

    def _ratios(self) -> list[Result]:
        title = f"hub on {self.name}: claim + commit of {EVENTS} events, {AT_ONCE} at a time, throughput"
        bare = self._row(title, self.ratios, base="bare writes", gate=GATE, aim=AIM, more_is_better=True)
        title = f"hub on {self.name}: a claim among {MANY:,} feeds"
        size = self._row(title, self.sizes, base=f"among {FEW:,}", gate=SIZE_GATE, aim=SIZE_AIM)
        return [bare, size]

    def _row(self, title: str, values: list[float], *, base: str = "", **rest: Any) -> Result:
        low, middle, high = (0.0,) * 3 if self.missing else statistics.quantiles(values, n=4, method="inclusive")
        return Result(benchmark=title, base=base, value=middle, low=low, high=high, missing=self.missing, **rest)


def events_of(turn: str, number: int) -> list[HubEvent]:
    """Three replies as a poll would bring them."""
    return [
        HubEvent(
            id=event_id(turn, f"em_{number}_{place}", "v1"),
            source="https://crm.example.com",
            type="com.impactiveai.reply.received",
            subject=f"em_{number}_{place}",
            time=datetime.now(UTC),
            data={"id": f"em_{number}_{place}", "subject": "Re: Hi", "body": "x" * 400},
        )
        for place in range(EVENTS)
    ]


async def measure(hub: Hub, workers: int) -> float:
    """Poll with so many tasks; returns polls a second. What a poll brings is there before."""
    turn = uuid.uuid4().hex
    polls = iter([events_of(turn, number) for number in range(POLLS)])

    async def worker() -> None:
        for events in polls:
            claim = await hub.claim(LEASE)
            if claim is None:
                raise RuntimeError("there are more workers than feeds")
            await hub.commit(claim, CURSOR, events, 0)

    return POLLS / await _seconds(worker, workers)


async def measure_bare(write: Write) -> float:
    """Write with so many tasks as polls are; returns writes a second."""
    (event, *_) = events_of(uuid.uuid4().hex, 0)
    texts = iter([event.to_json()] * POLLS)

    async def worker() -> None:
        for text in texts:
            await write(text)

    return POLLS / await _seconds(worker, AT_ONCE)


async def measure_claims(hub: Hub) -> float:
    """Claim feeds whose lease ends at once; returns the seconds of a claim."""

    async def worker() -> None:
        for _ in range(CLAIMS):
            await hub.claim(0)

    return await _seconds(worker, 1) / CLAIMS


async def _seconds(work: Callable[[], Awaitable[None]], workers: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - began


@asynccontextmanager
async def hub_at(url: str, feeds: int = FEEDS) -> AsyncIterator[Hub]:
    """A hub of its own at `url`, and nothing left of it afterwards."""
    namespace = "impactive" if url.startswith("sqlite") else f"bench_{uuid.uuid4().hex}"
    async with connect(url, namespace=namespace, allow_volatile=True) as hub:
        await hub.init()
        try:
            await add_at_once(url, namespace, [f"sequences/seq_{number}/replies" for number in range(feeds)])
            yield hub
        finally:
            await clean(url, namespace)


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Write]:
    """What writes one event durably, and nothing else, over the driver that the hub uses."""
    kinds = {"sqlite": _bare_sqlite, "redis": _bare_redis, "postgresql": _bare_postgres}
    async with kinds[url.partition(":")[0]](url, f"bench_{uuid.uuid4().hex}") as write:
        yield write


@asynccontextmanager
async def _bare_sqlite(url: str, name: str) -> AsyncIterator[Write]:
    path = f"{url.removeprefix('sqlite:///')}.{name}"
    with (
        ThreadPoolExecutor(1) as thread,
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, event TEXT NOT NULL)")
        insert = "INSERT INTO log (event) VALUES (?)"
        loop = asyncio.get_running_loop()
        yield lambda text: loop.run_in_executor(thread, connection.execute, insert, (text,))


@asynccontextmanager
async def _bare_redis(url: str, name: str) -> AsyncIterator[Write]:
    from redis.asyncio import Redis

    async with Redis.from_url(url, decode_responses=True) as redis:
        yield lambda text: redis.xadd(name, {"event": text})
        await redis.delete(name)


@asynccontextmanager
async def _bare_postgres(url: str, name: str) -> AsyncIterator[Write]:
    import asyncpg

    async with asyncpg.create_pool(url, min_size=AT_ONCE, max_size=AT_ONCE) as pool:
        await pool.execute(f"CREATE TABLE {name} (seq bigserial PRIMARY KEY, event text NOT NULL)")
        yield lambda text: pool.execute(f"INSERT INTO {name} (event) VALUES ($1)", text)
        await pool.execute(f"DROP TABLE {name}")


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


async def add_at_once(url: str, namespace: str, names: list[str]) -> None:
    """Add feeds as `Hub.add` does, many in a step: one by one they would take longer than all the rest."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            insert = "INSERT INTO schedule (feed, cursor, due) VALUES (?, '', 0)"
            connection.executemany(insert, [(one,) for one in names])
    elif url.startswith("redis"):
        await _add_to_redis(url, namespace, names)
    else:
        import asyncpg

        server = await asyncpg.connect(url)
        statement = f"INSERT INTO {namespace}.feeds (feed, cursor, due) SELECT unnest($1::text[]), '', now()"
        await server.execute(statement, names)
        await server.close()


async def _add_to_redis(url: str, namespace: str, names: list[str]) -> None:
    from redis.asyncio import Redis

    state = '{"token":"","settled":"","committed":"","failures":0,"gaps":0,"error":""}'
    async with Redis.from_url(url) as redis:
        for some in (names[start : start + STEP] for start in range(0, len(names), STEP)):
            for key, value in (("states", state), ("cursors", "")):
                await redis.hset(f"{{{namespace}}}:{key}", mapping=dict.fromkeys(some, value))
            await redis.zadd(f"{{{namespace}}}:schedule", dict.fromkeys(some, 0.0))


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
                await _open(contender, opened)
            except ImpactiveError as error:
                contender.missing = str(error).partition(". ")[0]
        for turn in range(-1, turns):
            for contender in contenders:
                if not contender.missing:
                    await _take_turn(contender, counts=turn >= 0)
    return contenders


async def _open(contender: Contender, opened: AsyncExitStack) -> None:
    is_file = contender.url.startswith("sqlite")
    few, many = (f"{contender.url}.{size}" if is_file else contender.url for size in (FEW, MANY))
    contender.hub = await opened.enter_async_context(hub_at(contender.url))
    contender.few = await opened.enter_async_context(hub_at(few, FEW))
    contender.many = await opened.enter_async_context(hub_at(many, MANY))
    contender.write = await opened.enter_async_context(bare(contender.url))


async def _take_turn(contender: Contender, *, counts: bool) -> None:
    assert contender.hub
    assert contender.write
    assert contender.few
    assert contender.many
    rates = {workers: await measure(contender.hub, workers) for workers in WORKERS}
    ratio = rates[AT_ONCE] / await measure_bare(contender.write)
    size = await measure_claims(contender.many) / await measure_claims(contender.few)
    if counts:
        for workers, rate in rates.items():
            contender.rates[workers].append(rate)
        contender.ratios.append(ratio)
        contender.sizes.append(size)


def results(repetitions: int) -> list[Result]:
    """The rows of all engines."""
    turns = max(2, min(repetitions, TURNS))
    return [result for contender in asyncio.run(race(turns)) for result in contender.results()]


if __name__ == "__main__":
    sys.exit(_run.main(results, __doc__))
