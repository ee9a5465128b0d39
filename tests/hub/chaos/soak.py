"""An hour of a hub in a minute: the engine's clock is set forward, and everything happens that may happen.

A model stands for the API: it has rows, and shows those behind a cursor. Workers claim, poll and commit; some die,
some come too late, some answers are lost. The consumers of one group die now and then, and always of the same
events; those of another handle all that they get. Meanwhile the engine is killed, fails over to a copy without its
last writes, loses a key, is full, has its clock put back, and is met by programs of an older version; feeds are
forgotten and begin anew. At the end the books must balance.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import asyncpg
import pytest
from attrs import Factory, define, field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from impactive_async.errors import FencedError
from impactive_async.hub import Claim, Delivery, Hub, HubError, HubEvent, connect
from tests.hub.engines import Corner, event
from tests.hub.support.clocks import SetClock, clock_shim, set_host_clock
from tests.hub.support.failover import Pair, pair
from tests.hub.support.proxy import lossy
from tests.hub.support.rewinding import saved
from tests.hub.support.servers import Server
from tests.hub.versions.programs import OldPostgres, OldProgram, OldRedis, OldSqlite

HOUR = 3600
LEASE, PAUSE, VISIBILITY, RETENTION = 30.0, 20.0, 45.0, 900.0
MOST_DELIVERIES = 3
BACK = 2 * HOUR
Mishap = Callable[[], Awaitable[None]]


def is_poison(found: HubEvent) -> bool:
    """Whether the consumers of one group die of this event."""
    return bool(found.data["n"] % 40 == 7)


@define
class Model:
    """The lists of an API: how many rows each has."""

    random: Random
    rows: dict[str, int]

    def grow(self) -> None:
        for feed in self.rows:
            self.rows[feed] += self.random.randrange(4)

    def poll(self, claim: Claim) -> tuple[str, list[HubEvent]]:
        """What a poll brings, and the cursor behind it."""
        begin = int(claim.cursor or 0)
        end = min(self.rows[claim.feed], begin + 100)
        return str(end), [event(number, claim.feed) for number in range(begin, end)]

    def ids(self) -> set[str]:
        return {event(number, feed).id for feed, rows in self.rows.items() for number in range(rows)}


@define
class Stage:
    """An engine that mishaps can befall."""

    hub: Hub
    set_clock: SetClock
    old: OldProgram
    mishaps: Mapping[str, Mishap]
    afterwards: Mishap
    """Ends what a mishap has begun."""


@define
class Soak:
    """One run."""

    stage: Stage
    random: Random
    model: Model
    now: int = 0
    calm: bool = False
    handled: dict[str, set[str]] = Factory(lambda: {"ledger": set(), "billing": set()})
    happened: list[str] = field(factory=list)

    async def run(self, steps: int) -> None:
        """Let an hour pass in so many steps, a mishap in each tenth of them, then wait until all is handled."""
        every = max(1, steps // (len(self.stage.mishaps) * 2 + 1))
        names = [*self.stage.mishaps] * 2
        self.random.shuffle(names)
        for step in range(steps):
            self.pass_by(HOUR // steps)
            self.model.grow()
            if step % every == every - 1 and names:
                await self._befall(names.pop())
            await self._live()
        await self.stage.afterwards()
        self.calm = True
        for _ in range(600):
            self.pass_by(60)
            await self._live()
            if await self._is_settled():
                break

    async def _is_settled(self) -> bool:
        status = await self.stage.hub.status()
        idle = not (status.leased or status.failing or any(group.behind for group in status.groups))
        return idle and self.handled["ledger"] == self.model.ids()

    def pass_by(self, seconds: int) -> None:
        self.now += seconds
        self.stage.set_clock(self.now)

    async def _befall(self, name: str) -> None:
        await self.stage.afterwards()
        self.happened.append(name)
        if name == "clock back":
            self.pass_by(-BACK)
        await self.stage.mishaps[name]()

    async def _live(self) -> None:
        """What programs do in a while; an engine that is away ends it, and the next one begins anew."""
        for act in (self._discover, self._work, self._work, self._old_program):
            with contextlib.suppress(HubError):
                await act()
        for group in self.handled:
            with contextlib.suppress(HubError):
                await self._consume(group)
        with contextlib.suppress(HubError):
            await self.stage.hub.trim()

    async def _discover(self) -> None:
        hub = self.stage.hub
        await hub.bind("wsp_1")
        await hub.heal()
        there = await hub.feeds()
        for feed in self.model.rows:
            if feed not in there:
                await hub.add(feed)

    async def _work(self) -> None:
        for _ in range(2 * len(self.model.rows)):
            claim = await self.stage.hub.claim(LEASE)
            if claim is None:
                return
            with contextlib.suppress(FencedError):
                await self._end(claim)

    async def _end(self, claim: Claim) -> None:
        hub, luck = self.stage.hub, 0.5 if self.calm else self.random.random()
        cursor, found = self.model.poll(claim)
        if luck < 0.04:  # died in mid-poll
            return
        if luck < 0.08:
            await hub.fail(claim, "503", PAUSE)
            return
        if luck < 0.12:
            self.pass_by(int(LEASE) + 1)  # too late
        await hub.commit(claim, cursor, found, PAUSE)
        if luck > 0.9:
            await hub.commit(claim, cursor, found, PAUSE)  # the answer was lost

    async def _old_program(self) -> None:
        with contextlib.suppress(sqlite3.Error, RedisError, asyncpg.PostgresError, OSError):
            assert await self.stage.old.claim(LEASE) is None

    async def _consume(self, group: str) -> None:
        hub = self.stage.hub
        most = MOST_DELIVERIES if group == "billing" else None
        for _ in range(40):
            taken = await hub.receive(group, count=25, visibility=VISIBILITY, max_deliveries=most)
            if not taken:
                return
            done = self._handle(group, taken)
            await hub.ack(group, [delivery.position for delivery in done])

    def _handle(self, group: str, taken: list[Delivery]) -> list[Delivery]:
        """Handle events until the consumer dies of one, or for no reason."""
        done: list[Delivery] = []
        for delivery in taken:
            unlucky = not self.calm and self.random.random() < 0.002
            if unlucky or (group == "billing" and is_poison(delivery.event)):
                break
            self.handled[group].add(delivery.event.id)
            done.append(delivery)
        return done

    async def audit(self) -> None:
        """See that the books balance."""
        hub, wanted = self.stage.hub, self.model.ids()
        letters = await hub.dead_letters("billing", count=10_000)
        buried = {letter.event.id for letter in letters if letter.event}
        assert self.handled["ledger"] == wanted
        assert self.handled["billing"] | buried == wanted
        assert all(letter.event and is_poison(letter.event) for letter in letters)
        assert len(letters) == len(buried)
        status = await hub.status()
        assert (status.feeds, status.dead_count, status.failing) == (len(self.model.rows), 0, 0)
        assert {group.name: group.behind for group in status.groups} == {"billing": 0, "ledger": 0}
        logged = [found for taken in [await hub.receive("audit", count=100_000)] for found in taken]
        assert len({found.event.id for found in logged}) == len(logged) > 0
        assert await hub.heal() == []


@asynccontextmanager
async def stage_of(engine: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """An engine of one's own, that a program of version 1 has made and this one has upgraded."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)  # noqa: ASYNC240 - at once; the server may be another user's process
        made = _file(directory, monkeypatch) if engine == "sqlite" else _servers(engine, directory)
        async with made as stage:
            yield stage


async def nothing() -> None:
    pass


@asynccontextmanager
async def _file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    url = f"sqlite:///{directory}/hub.db"
    old = OldSqlite(f"{directory}/hub.db")
    await old.make()

    async with connect(url, retention=RETENTION) as hub:
        await hub.init(upgrade=True)
        backups: list[Callable[[], Awaitable[None]]] = []

        async def backed_up() -> None:
            backups.append(await saved(Corner(url, "impactive")))

        async def restored() -> None:
            if backups:
                await backups.pop()()

        async def killed() -> None:
            await hub.aclose()

        mishaps: dict[str, Mishap] = {
            "backup": backed_up,
            "restore": restored,
            "killed": killed,
            "clock back": nothing,
        }
        mishaps["begun anew"] = lambda: _forget(hub)
        yield Stage(hub, lambda seconds: set_host_clock(monkeypatch, seconds), old, mishaps, nothing)


@asynccontextmanager
async def _servers(engine: str, directory: Path) -> AsyncIterator[Stage]:
    environment, set_clock = clock_shim(directory)
    async with pair(engine, environment) as servers, lossy(servers.primary.url) as (proxy, url):
        current = [servers.primary]
        old: OldProgram = OldRedis("impactive", url) if engine == "redis" else OldPostgres("impactive", url)
        await old.make()

        async def failed_over() -> None:
            if current == [servers.primary]:
                await _part_with_losses(servers, hub)
                proxy.lead_to(servers.replica.url)
                current[0] = servers.replica

        async def killed() -> None:
            await current[0].crash()
            await current[0].start()

        async def answers_lost() -> None:
            proxy.lose_answers = 3

        async with connect(url, retention=RETENTION) as hub:
            await hub.init(upgrade=True)
            mishaps: dict[str, Mishap] = {
                "failover": failed_over, "killed": killed, "answers lost": answers_lost, "clock back": nothing,
            }  # fmt: skip
            mishaps["begun anew"] = lambda: _forget(hub)
            if engine == "redis":
                mishaps |= {"full": lambda: _fill(current[0], 1), "key lost": lambda: _lose_key(current[0])}
            afterwards = (lambda: _fill(current[0], 0)) if engine == "redis" else nothing
            yield Stage(hub, set_clock, old, mishaps, afterwards)


async def _forget(hub: Hub) -> None:
    """Let an operator remove all feeds; discovery adds them again, from their beginning."""
    for feed in await hub.feeds():
        await hub.remove(feed)


async def _part_with_losses(servers: Pair, hub: Hub) -> None:
    """Let the replica go its own way, and give the primary writes that it will never have."""
    await servers.part()
    if claim := await hub.claim(LEASE):
        await hub.commit(claim, "0", [], 0.0)
    await servers.primary.crash()


async def _fill(server: Server, memory: int) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("maxmemory", memory)


async def _lose_key(server: Server) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.delete("{impactive}:schedule")
