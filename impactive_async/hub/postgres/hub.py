"""The hub on PostgreSQL 14 or later.

Each method is one call of a function of the hub's own schema (`schema.sql`), so one transaction in one round trip:
cursor and outbox change together, and a client that freezes holds no lock. Leases are rows with a time and a
token, taken with `SKIP LOCKED`. Advisory locks are not used: a frozen holder would keep one for ever.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

try:
    import asyncpg
except ModuleNotFoundError as error:
    from impactive_async.hub.reaching.refusals import missing_extra

    raise missing_extra("postgres") from error

from impactive_async._checks import check_count, check_seconds
from impactive_async._clock import Clock, SystemClock
from impactive_async._http.rate import Rate, rate
from impactive_async.hub.contract.acks import flush_acks
from impactive_async.hub.contract.claim import Claim, fenced, storable
from impactive_async.hub.contract.dead_letters import DeadLetter, dead_letters
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.holding import InFlightEvent, check_postponing, events_in_flight
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.contract.losses import restored_rows
from impactive_async.hub.contract.reader import MAX_DELIVERIES, Delivery, check_positions, check_taking, read
from impactive_async.hub.contract.settings import UNLIMITED, SharedSettings
from impactive_async.hub.contract.status import HubStatus, hub_status
from impactive_async.hub.contract.versions import VERSION, check_version, steps_from
from impactive_async.hub.postgres.check import SETTINGS, check_server
from impactive_async.hub.postgres.connection import PostgresConnection
from impactive_async.hub.postgres.counting import PostgresCounts
from impactive_async.hub.postgres.errors import MADE_BY_ANOTHER
from impactive_async.hub.postgres.leases import Commit, PostgresLeases, feed_of, weight
from impactive_async.hub.postgres.steering import COUNTED, STEP
from impactive_async.hub.reaching.refusals import namespace_of
from impactive_async.hub.reaching.together import Together

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


class PostgresHub(PostgresCounts, PostgresLeases, Hub):
    """A hub in one schema of a PostgreSQL database; `init` creates it.

    Args:
        url: `postgresql://user:password@host:port/database`, as libpq takes it.
        namespace: The schema.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass a server that may lose data.
        connections: The most that this object opens.
        timeout: Seconds for a call with its repetitions; None: about three seconds if connections break, half a
            minute if the server does not answer.
        clock: What the pauses between repetitions are waited for with.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "impactive",
        rate_limit: float | None = None,
        retention: float = 7 * 86_400.0,
        allow_volatile: bool = False,
        connections: int = 10,
        timeout: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._schema = f'"{namespace_of(namespace)}"'
        self._settings = SharedSettings(rate_limit)
        self._retention = check_seconds(retention, "retention")
        self._allow_volatile = allow_volatile
        self._postgres = PostgresConnection(url, size=connections, timeout=timeout, clock=clock or SystemClock())
        self._claims = Together(self._claim_some)
        self._commits = Together(self._commit_some, weigh=weight, key=feed_of)

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._call("add($1, $2)", feed, cursor)

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        return await self._claims.ask(check_seconds(lease, "lease"))

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        again_in = check_seconds(again_in, "again_in")
        ids, texts = [event.id for event in events], [event.to_json() for event in events]
        commit = Commit(claim.feed, claim.token, claim.cursor, cursor, again_in, gaps, ids, texts)
        if not await self._commits.ask(commit):
            raise fenced(claim)

    async def permit(self) -> float:
        """See `Hub.permit`."""
        _, interval, tolerance = _figures(self._settings.rate)
        return float(await self._value("permit($1, $2)", interval, tolerance))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        (recorded,) = await self._call("bind($1, $2, $3, $4)", workspace, *_figures(self._settings.rate))
        self._settings.agree(workspace, tuple(recorded))

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._call("rebind($1)", workspace)

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        told = rate(rate_limit)
        await self._call("set_limit($1, $2, $3)", *(_figures(told) if told else (UNLIMITED,) * 3))

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""
        found: dict[str, str | None] = {}
        last = ""
        while rows := await self._call("list_feeds($1, $2)", last, COUNTED):
            found |= {feed: error for feed, error in rows}  # noqa: C416 - records
            last = rows[-1][0]
        return found

    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        """See `Hub.cursors`."""
        statement = f"SELECT feed, cursor FROM {self._schema}.feeds WHERE feed = ANY($1)"  # noqa: S608 - ours
        return {feed: cursor for feed, cursor in await self._postgres.fetch(statement, list(feeds))}  # noqa: C416 - records

    async def heal(self) -> list[str]:
        """See `Hub.heal`; somebody may have deleted rows by hand, or a whole table."""
        losses = [loss for (loss,) in await self._call("heal()")]
        restored: dict[str, list[int | None]] = {}
        while rows := await self._call("restore_deliveries($1)", STEP):
            for group, number in rows:
                restored.setdefault(group, []).append(number)
        return losses + restored_rows(restored)

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        check_seconds(again_in or 0.0, "again_in")
        await self._settle("fail($1, $2, $3, $4)", claim, storable(error), again_in)

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._settle("release($1, $2)", claim)

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return bool(await self._value("remove($1)", feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return bool(await self._value("revive($1)", feed))

    async def receive(
        self,
        group: str,
        *,
        count: int = 20,
        visibility: float = 60.0,
        max_deliveries: int | None = MAX_DELIVERIES,
    ) -> list[Delivery]:
        """See `Hub.receive`."""
        check_taking(count, visibility, max_deliveries)
        function = "receive($1, $2, $3, $4, $5)"
        rows = await self._call(function, VERSION, group, count, visibility, max_deliveries)
        if rows and rows[0][0] is None:  # the group has joined
            rows = await self._call(function, VERSION, group, count, visibility, max_deliveries)
        return await read(self, group, [tuple(row) for row in rows])

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        await self._call("ack($1, $2, $3)", VERSION, group, check_positions(positions))

    async def ack_within(
        self,
        connection: asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record],
        deliveries: Iterable[Delivery],
    ) -> None:
        """Acknowledge deliveries inside a transaction of yours, on the database of the hub.

        What you write in that transaction and the acknowledgement take effect together or not at all: if it is
        rolled back, the events come again. With another driver, run
        `SELECT impactive.ack(7, 'billing', ARRAY['1-1795658252437421'])`, with the namespace, `VERSION` of
        `impactive_async.hub.contract.versions`, the group and the positions.

        Args:
            connection: One of asyncpg's, with a transaction that has begun.
            deliveries: What the transaction handles.
        """
        groups: dict[str, list[str]] = {}
        for delivery in deliveries:
            groups.setdefault(delivery.group, []).append(delivery.position)
        for group, positions in groups.items():
            await connection.execute(f"SELECT {self._schema}.ack($1, $2, $3)", VERSION, group, positions)

    async def reject(self, group: str, position: str, reason: str) -> None:
        """See `Hub.reject`."""
        await self._call("reject($1, $2, $3)", group, *check_positions([position]), storable(reason))

    async def hold(self, group: str, holder: str, seconds: float) -> bool:
        """See `ExclusiveReading.hold`."""
        check_seconds(seconds, "seconds")
        return bool(await self._value("hold($1, $2, $3, $4)", VERSION, group, holder, seconds))

    async def in_flight(
        self, group: str, *, visibility: float, count: int = 1000, after: str = "0"
    ) -> list[InFlightEvent]:
        """See `ExclusiveReading.in_flight`."""
        check_positions([after])
        await self._moved(group)
        rows = await self._call("in_flight($1, $2, $3)", group, after, check_count(count, "count"))
        return await events_in_flight(self, group, [tuple(row) for row in rows])

    async def postpone(
        self, group: str, position: str, seconds: float, *, deliveries: int, visibility: float
    ) -> None:
        """See `ExclusiveReading.postpone`."""
        check_postponing(position, seconds, deliveries, visibility)
        await self._call("postpone($1, $2, $3, $4)", group, position, seconds, deliveries)

    async def dead_letters(self, group: str, *, count: int = 100) -> list[DeadLetter]:
        """See `Hub.dead_letters`."""
        check_count(count, "count")
        await self._moved(group)
        rows = await self._call("dead_letters($1, $2)", group, count)
        return dead_letters(group, [tuple(row) for row in rows])

    async def replay(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.replay`."""
        return await self._settle_letters("replay", group, positions)

    async def drop(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.drop`."""
        return await self._settle_letters("drop_letters", group, positions)

    async def _settle_letters(self, function: str, group: str, positions: Sequence[str] | None) -> int:
        check_positions(positions or [])
        await self._moved(group)
        total, step = 0, STEP
        while step == STEP:
            step = int(await self._value(f"{function}($1, $2, $3)", group, positions, STEP))
            total += step
            if positions is not None:
                break
        return total

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        async for _ in self._in_steps("drop_group($1, $2, $3)", group, place=0, step=STEP):
            pass

    async def trim(self) -> int:
        """See `Hub.trim`; in steps."""
        steps = self._in_steps("trim_log($1, $2, $3)", self._retention, place=0, step=STEP)
        return sum([deleted async for (deleted,) in steps])

    async def status(self) -> HubStatus:
        """See `Hub.status`; counted in steps, between which others have their turn."""
        ((version,),) = await self._postgres.fetch("SELECT current_setting('server_version')")
        return hub_status(f"PostgreSQL {version}", await self._counted())

    async def init(self, *, upgrade: bool = False) -> None:
        """See `Hub.init`; all of it happens in one transaction."""
        version = await self._version()
        if version and not (upgrade and steps_from(version)):
            check_version(version)
            return
        with self._postgres.explained(), contextlib.suppress(*MADE_BY_ANOTHER):
            async with self._postgres.acquired() as connection, connection.transaction():
                # IF NOT EXISTS demands the right to make schemas also where somebody else has made this one.
                if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", self._schema):
                    await connection.execute(f"CREATE SCHEMA {self._schema}")
                await connection.execute(f"SET LOCAL search_path TO {self._schema}")
                # While this waits for the lock on a table, every worker waits behind it.
                await connection.execute("SET LOCAL lock_timeout TO '5s'")
                if version:
                    await connection.execute("LOCK TABLE meta")  # one upgrade at a time
                    version = await connection.fetchval("SELECT version FROM meta")
                for statements in _scripts(version):
                    await connection.execute(statements)

    async def upgrades(self) -> list[str]:
        """See `Hub.upgrades`."""
        version = await self._version()
        return steps_from(version) if version else []

    async def _version(self) -> int:
        """Return the version of the hub in the schema; 0 if there is none."""
        ((table,),) = await self._postgres.fetch("SELECT to_regclass($1)", f"{self._schema}.meta")
        return 0 if table is None else await self._stored_version()

    async def _stored_version(self) -> int:
        select = f"SELECT version FROM {self._schema}.meta"  # noqa: S608 - ours
        if not (rows := await self._postgres.fetch(select)):
            await self.heal()
            rows = await self._postgres.fetch(select)
        return int(rows[0][0])

    async def check(self) -> None:
        """Refuse a server that may lose what was committed, and a hub that is missing or of another version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        (settings,) = await self._postgres.fetch(SETTINGS)
        check_server(dict(settings), allow_volatile=self._allow_volatile)
        check_version(await self._stored_version())

    async def aclose(self) -> None:
        """See `Hub.aclose`; the next use connects again."""
        await flush_acks(self)
        await self._postgres.aclose()

    async def _settle(self, function: str, claim: Claim, *rest: Any) -> None:
        if not await self._value(function, claim.feed, claim.token, *rest):
            raise fenced(claim)


def _scripts(version: int) -> Iterator[str]:
    """Yield what leads from a version, 0 for no hub, to this program's."""
    if version == VERSION:
        return
    for name in (*range(version + 1, VERSION + 1), "functions"):
        yield (files("impactive_async.hub.postgres") / "sql" / f"{name}.sql").read_text()
    yield f"UPDATE meta SET version = {VERSION}"  # noqa: S608 - a number of ours


def _figures(limit: Rate | None) -> tuple[float | None, float | None, float | None]:
    return (limit.limit, limit.interval, limit.tolerance) if limit else (None, None, None)
