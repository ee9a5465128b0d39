"""The engines that the contract is checked on, and how a test gets a corner of one to itself."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
from attrs import evolve, frozen
from redis.asyncio import Redis
from redis.exceptions import RedisError

from impactive_async.hub import Claim, Hub, HubEvent, connect, event_id
from tests.support import give_up

REDIS_URL = os.environ.get("IMPACTIVE_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
POSTGRES_URL = os.environ.get("IMPACTIVE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
ENGINES = ("sqlite", "redis", "postgres")


class Impatient:
    """A clock on which every wait is over at once."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        return None


@frozen
class Corner:
    """One hub's data: any number of hub objects, in any process, share it."""

    url: str
    namespace: str

    def hub(self, **options: Any) -> Hub:
        return connect(self.url, namespace=self.namespace, **{"allow_volatile": True} | options)

    def through(self, url: str) -> Corner:
        return evolve(self, url=url)


@asynccontextmanager
async def corner_of(engine: str, directory: Path) -> AsyncIterator[Corner]:
    name = f"test_{uuid.uuid4().hex}"
    if engine == "sqlite":
        yield Corner(f"sqlite:///{directory}/{name}.db", "impactive")  # a file holds one hub
    elif engine == "redis":
        await present("Redis", REDIS_URL, _redis_answers)
        yield Corner(REDIS_URL, name)
        await _delete_keys(name)
    else:
        await present("PostgreSQL", POSTGRES_URL, _postgres_answers)
        yield Corner(POSTGRES_URL, name)
        await run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")


_absent: dict[str, str] = {}
_found: set[str] = set()


async def present(name: str, url: str, answers: Any) -> None:
    """Skip where a server is absent; fail there when CI is set: a contract that is not checked does not hold."""
    if url not in _found and url not in _absent:
        try:
            await answers(url)
            _found.add(url)
        except (OSError, RedisError, asyncpg.PostgresError) as error:
            _absent[url] = f"no {name} server answers: {error}"
    if url in _absent:
        give_up(_absent[url])


async def _redis_answers(url: str) -> None:
    async with Redis.from_url(url) as redis:
        await redis.ping()


async def _postgres_answers(url: str) -> None:
    await (await asyncpg.connect(url)).close()


async def _delete_keys(namespace: str) -> None:
    async with Redis.from_url(REDIS_URL) as redis:
        keys = [key async for key in redis.scan_iter(f"{{{namespace}}}:*", count=1000)]
        if keys:
            await redis.delete(*keys)


async def run_sql(statement: str) -> Any:
    connection = await asyncpg.connect(POSTGRES_URL)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@cache
def moment() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def event(number: int, feed: str = "replies:seq_1") -> HubEvent:
    return HubEvent(
        id=event_id(feed, f"em_{number}", "v1"),
        source="https://crm.example.com",
        type="com.impactiveai.reply.received",
        subject=f"em_{number}",
        time=moment(),
        data={"id": f"em_{number}", "n": number, "subject": "Grüße 🙂 \0"},
    )


def events(*numbers: int) -> list[HubEvent]:
    return [event(number) for number in numbers]


async def claimed(hub: Hub, lease: float = 60.0) -> Claim:
    claim = await hub.claim(lease)
    assert claim is not None
    return claim


async def logged(hub: Hub, group: str = "checking") -> list[int]:
    """Numbers of all events in the log, in the order of delivery to a group that has seen none."""
    await hub.drop_group(group)
    return [delivery.event.data["n"] for delivery in await hub.receive(group, count=1000)]
