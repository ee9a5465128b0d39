"""The hub on PostgreSQL 14 or later.

Each method is one call of a function of the hub's own schema (`postgres.sql`), so one transaction in one round
trip: cursor and outbox change together, and a client that freezes holds no lock. Leases are rows with a time and a
token, taken with `SKIP LOCKED`; there are no advisory locks, which a frozen holder would never let go.

A call whose connection broke is made again on another one. That is safe for each of them: a commit is recognised
by its token, a claim or an event taken twice comes back when its time is over, a permit taken twice is a permit
lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

try:
    import asyncpg
except ModuleNotFoundError as error:
    from impactive_async.hub.extras import missing_extra

    raise missing_extra("postgres") from error

from impactive_async._clock import Clock, SystemClock
from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub.base import OUTCOME_UNKNOWN, Claim, Hub, fenced, namespace_of, reason, seconds
from impactive_async.hub.events import Event
from impactive_async.hub.postgres_check import SETTINGS, check_schema, check_server
from impactive_async.hub.postgres_errors import ABSENT, BROKEN, MADE_BY_ANOTHER, REFUSED
from impactive_async.hub.rate import Rate, rate
from impactive_async.hub.reader import Delivery, deliveries
from impactive_async.hub.setup_errors import is_unknown_host, wrong_url
from impactive_async.hub.status import DEAD_SHOWN, HubStatus, hub_status
from impactive_async.hub.terms import UNLIMITED, Terms

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_PAUSES = (0.0, 0.05, 0.1, 0.2, *(0.25,) * 10)
"""Seconds before each repetition of a call. The first is 0: the pool may hold a connection that broke long ago.
All are short: feeds wait for them when the server is back."""

_TIMEOUT = 30.0
"""Seconds for one connection or one call."""

_FAREWELL = 2.0
"""Seconds for closing the connections politely."""


class PostgresHub(Hub):
    """A hub in one schema of a PostgreSQL database; `init` creates it.

    Args:
        url: `postgresql://user:password@host:port/database`, as libpq takes it.
        namespace: The schema.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass a server that may lose data.
        connections: The most that this object opens.
        clock: What pauses between repetitions are waited for with.
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
        clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._schema = f'"{namespace_of(namespace)}"'
        self._terms = Terms(rate_limit)
        self._retention = seconds("retention", retention)
        self._allow_volatile = allow_volatile
        self._connections = connections
        self._clock = clock or SystemClock()
        self._opened: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._reached = False

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._call("add($1, $2)", feed, cursor)

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        rows = await self._call("claim($1)", seconds("lease", lease))
        for feed, cursor, token, failures in rows:
            return Claim(feed=feed, cursor=cursor, token=token, failures=failures, lease=lease)
        return None

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[Event], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        again_in = seconds("again_in", again_in)
        ids, texts = [event.id for event in events], [event.to_json() for event in events]
        deed = "commit_claim($1, $2, $3, $4, $5, $6, $7)"
        await self._settle(deed, claim, cursor, again_in, gaps, ids, texts)

    async def permit(self) -> float:
        """See `Hub.permit`."""
        _, interval, tolerance = _figures(self._terms.rate)
        return float(await self._value("permit($1, $2)", interval, tolerance))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        (recorded,) = await self._call("bind($1, $2, $3, $4)", workspace, *_figures(self._terms.rate))
        self._terms.agree(workspace, tuple(recorded))

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._call("rebind($1)", workspace)

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        told = rate(rate_limit)
        await self._call("set_limit($1, $2, $3)", *(_figures(told) if told else (UNLIMITED,) * 3))

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""
        return {feed: error for feed, error in await self._call("list_feeds()")}  # noqa: C416 - records

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        seconds("again_in", again_in or 0.0)
        await self._settle("fail($1, $2, $3, $4)", claim, reason(error), again_in)

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._settle("release($1, $2)", claim)

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return bool(await self._value("remove($1)", feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return bool(await self._value("revive($1)", feed))

    async def receive(self, group: str, *, count: int = 20, visibility: float = 60.0) -> list[Delivery]:
        """See `Hub.receive`."""
        rows = await self._call("receive($1, $2, $3)", group, count, seconds("visibility", visibility))
        return deliveries(self, group, [(str(seq), text, redelivered) for seq, text, redelivered in rows])

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        await self._call("ack($1, $2)", group, [int(position) for position in positions])

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        await self._call("drop_group($1)", group)

    async def trim(self) -> int:
        """See `Hub.trim`."""
        return int(await self._value("trim_log($1)", self._retention))

    async def status(self) -> HubStatus:
        """See `Hub.status`."""
        document = json.loads(await self._value("status($1)", DEAD_SHOWN))
        ((version,),) = await self._fetch("SELECT current_setting('server_version')")
        return hub_status(f"PostgreSQL {version}", document)

    async def init(self) -> None:
        """Create the schema, all of it or nothing; does nothing where it is there."""
        script = (files("impactive_async.hub") / "postgres.sql").read_text()
        with self._explained(), contextlib.suppress(*MADE_BY_ANOTHER):
            async with self._connection() as connection, connection.transaction():
                if await connection.fetchval("SELECT to_regclass($1)", f"{self._schema}.meta") is None:
                    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
                    await connection.execute(f"SET LOCAL search_path TO {self._schema}")
                    await connection.execute(script)

    async def check(self) -> None:
        """Refuse a server that may lose what was committed, and a schema that is missing or of another version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        (settings,) = await self._fetch(SETTINGS)
        check_server(dict(settings), allow_volatile=self._allow_volatile)
        ((version,),) = await self._fetch(f"SELECT version FROM {self._schema}.meta")  # noqa: S608 - an identifier
        check_schema(version)

    async def aclose(self) -> None:
        """See `Hub.aclose`; the next use connects again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            try:
                async with asyncio.timeout(_FAREWELL):
                    await opened.close()
            except TimeoutError:
                opened.terminate()

    async def _settle(self, deed: str, claim: Claim, *rest: Any) -> None:
        if not await self._value(deed, claim.feed, claim.token, *rest):
            raise fenced(claim)

    async def _value(self, function: str, *arguments: Any) -> Any:
        ((value,),) = await self._call(function, *arguments)
        return value

    async def _call(self, function: str, *arguments: Any) -> list[asyncpg.Record]:
        return await self._fetch(f"SELECT * FROM {self._schema}.{function}", *arguments)  # noqa: S608 - ours

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        with self._explained():
            for pause in _PAUSES:
                try:
                    return await self._fetch_once(query, *arguments)
                except REFUSED:
                    raise
                except BROKEN as error:
                    if self._is_misled(error):
                        raise
                    await self._clock.sleep(pause)
            return await self._fetch_once(query, *arguments)

    async def _fetch_once(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._connection() as connection:
            return await connection.fetch(query, *arguments)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        pool = await self._pool()
        try:
            connection = await pool.acquire()
        except ValueError as error:  # in what the URL says
            raise wrong_url("PostgreSQL", error) from error
        try:
            yield connection
        except (asyncio.CancelledError, *BROKEN):
            # asyncpg would ask the server to cancel it, and wait for that: a frozen one lets it wait. Nor does it
            # see at once that the server has ended a connection, and the pool would go on to use it.
            connection.terminate()
            raise
        finally:
            await pool.release(connection)

    async def _pool(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncpg.create_pool(
                    self._url,
                    min_size=0,  # asyncpg fills up what is below by itself, and logs a traceback when it cannot
                    max_size=self._connections,
                    command_timeout=_TIMEOUT,
                    timeout=_TIMEOUT,
                    # The functions count on each of their statements seeing what was committed before it.
                    server_settings={"default_transaction_isolation": "read committed"},
                )
            return self._opened

    def _is_misled(self, error: Exception) -> bool:
        return not self._reached and is_unknown_host(error)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ABSENT as error:
            raise ConfigurationError(
                f"PostgreSQL: {error}. This database holds no hub of that namespace yet: run `impactive hub init`."
            ) from error
        except REFUSED as error:
            raise wrong_url("PostgreSQL", error) from error
        except BROKEN as error:
            if self._is_misled(error):
                raise wrong_url("PostgreSQL", error) from error
            raise HubError(
                f"PostgreSQL: {type(error).__name__}: {str(error).rstrip('.')}. {OUTCOME_UNKNOWN}"
            ) from error
        except asyncpg.PostgresError as error:
            raise HubError(f"PostgreSQL refused: {error}") from error
        self._reached = True


def _figures(limit: Rate | None) -> tuple[float | None, float | None, float | None]:
    return (limit.limit, limit.interval, limit.tolerance) if limit else (None, None, None)
