"""Connections to one PostgreSQL database: a pool, calls that are repeated, and what errors mean.

A call whose connection broke is made again on another one. Each of the hub's functions may be called twice: a
commit is recognised by its token, a claim or an event taken twice comes back when its time is over, and a permit
taken twice costs one request less.

The connections may lead through PgBouncer. So they have no start-up parameters but those of the URL, no prepared
statements, and no state that the next call counts on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg

from impactive_async._clock import Clock
from impactive_async.errors import ConfigurationError
from impactive_async.hub.postgres.errors import BROKEN, UNREADABLE, explanation, is_final
from impactive_async.hub.reaching.refusals import wrong_url
from impactive_async.hub.reaching.strangers import POSTGRES, stranger, unless_strange
from impactive_async.hub.reaching.url import check_url, places_of

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_PAUSES = (0.0, 0.05, 0.1, 0.2, *(0.25,) * 10)
"""Seconds before each repetition of a call. The first is 0: the pool may hold a connection that broke long ago.
All are short: feeds wait for them when the server is back."""

_TIMEOUT = 30.0
"""Seconds for one call."""

_CONNECTING = 10.0
"""Seconds for one connection."""

_CLOSING = 2.0
"""Seconds for closing the connections in good order; then they are cut."""

_PORT = 5432
_FILES = {"sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"}

_ISOLATION = """
    SELECT set_config('default_transaction_isolation', 'read committed', false)
    WHERE current_setting('default_transaction_isolation') <> 'read committed'
"""


class PostgresConnection:
    """The connections of one hub. Nothing is connected before the first call.

    Args:
        url: As libpq takes it.
        size: The most connections that are open at once.
        timeout: Seconds for a call with all its repetitions; None: as long as these take.
        clock: What the pauses between repetitions are waited for with.

    Raises:
        ConfigurationError: The URL is ill-formed, or a file that it names is not there.
    """

    def __init__(self, url: str, *, size: int, timeout: float | None, clock: Clock) -> None:
        check_url("PostgreSQL", url, files=_FILES)
        self._url = url
        self._size = size
        self._timeout = timeout
        self._clock = clock
        self._opened: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._reached = False

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run one statement, again on another connection where one broke.

        Raises:
            ConfigurationError: The hub is not there, or PostgreSQL cannot be used at this URL, whatever one waits.
            HubError: PostgreSQL did not answer or refused the statement.
        """
        with self.explained():
            if self._reached:
                return await self._fetch(query, *arguments)
            try:
                return await unless_strange(lambda: self._fetch(query, *arguments), self._stranger, _wrong_url)
            except BROKEN:
                if what := await self._stranger():
                    raise _wrong_url(what) from None
                raise

    async def _stranger(self) -> str | None:
        return await stranger(places_of(urlsplit(self._url), _PORT), POSTGRES)

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with asyncio.timeout(self._timeout):
            for pause in _PAUSES:
                try:
                    return await self._fetch_once(query, *arguments)
                except BROKEN as error:
                    if is_final(error, reached=self._reached):
                        raise
                    await self._clock.sleep(pause)
            return await self._fetch_once(query, *arguments)

    async def _fetch_once(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.acquired() as connection:
            return await connection.fetch(query, *arguments)

    @contextlib.asynccontextmanager
    async def acquired(self) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        """Take a connection from the pool; give it back, or end it if the call broke off."""
        pool = await self._pool()
        connection = await pool.acquire()
        try:
            yield connection
        except (asyncio.CancelledError, *BROKEN):
            # asyncpg would ask the server to cancel the call and wait for the answer, which a frozen server never
            # gives. And it does not see at once that the server has ended a connection: the pool would go on to
            # use it.
            with contextlib.suppress(asyncpg.InterfaceError):  # it has gone already
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
                    max_size=self._size,
                    command_timeout=_TIMEOUT,
                    timeout=_CONNECTING,
                    statement_cache_size=0,
                    init=_prepare,
                    reset=_leave,
                )
            return self._opened

    async def aclose(self) -> None:
        """Close the connections, waiting two seconds at the most; the next call connects again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            try:
                async with asyncio.timeout(_CLOSING):
                    await opened.close()
            except TimeoutError:
                opened.terminate()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn asyncpg's errors into the hub's."""
        try:
            yield
        except UNREADABLE:  # without a cause: asyncpg's words quote the URL
            raise wrong_url("PostgreSQL", "an option of it has a value that asyncpg cannot use") from None
        except (asyncpg.PostgresError, *BROKEN) as error:
            raise explanation(error, reached=self._reached) from error
        except ValueError:  # for a port that is no number; it quotes what it cannot read
            raise wrong_url("PostgreSQL", "an option of it has a value that asyncpg cannot read") from None
        self._reached = True


def _wrong_url(what: str) -> ConfigurationError:
    return wrong_url("PostgreSQL", what)


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    # The functions count on each of their statements seeing what was committed before it. Where a pool gives the
    # next call another session, that one's setting counts; the functions look at it.
    await connection.execute(_ISOLATION)


async def _leave(_: asyncpg.Connection[asyncpg.Record]) -> None:
    """Leave the session as it is, which no call changes. asyncpg's own reset is a round trip more."""
