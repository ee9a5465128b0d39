"""The hub on Redis 7 or later.

Each method is one Lua script, so each is atomic; time is Redis's own. The schedule is a sorted set whose scores
double as visibility time-outs, the log is a stream. All keys carry one hash tag, so that a cluster keeps them
together.

A script whose answer was lost is sent again by the connection's `Retry`. That is safe for each of them: a commit
is recognised by its token, a claim or an event taken twice comes back when its time is over, a permit taken twice
is a permit lost. Event ids are kept in a sorted set beside the stream, as long as their events: no id is in the
stream twice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

try:
    from redis import exceptions
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff
except ModuleNotFoundError as error:
    from impactive_async.hub.extras import missing_extra

    raise missing_extra("redis") from error

from impactive_async.errors import HubError
from impactive_async.hub.base import OUTCOME_UNKNOWN, Claim, Hub, fenced, namespace_of, reason, seconds
from impactive_async.hub.events import Event
from impactive_async.hub.rate import Rate, rate
from impactive_async.hub.reader import Delivery, deliveries
from impactive_async.hub.redis_check import SCHEMA_VERSION, check_fsync, check_schema, check_server, no_hub
from impactive_async.hub.setup_errors import is_unknown_host, wrong_url
from impactive_async.hub.status import DEAD_SHOWN, HubStatus, hub_status
from impactive_async.hub.terms import UNLIMITED, Terms

_KEYS = ("schedule", "leased", "feeds", "cursors", "dead", "meta", "events", "ids")  # the order of prelude.lua
_SCRIPTS = (
    "add", "bind", "claim", "limit", "permit", "receive", "remove", "revive", "settle", "status", "trim",
)  # fmt: skip
_NONE = ""
_PASSING = (exceptions.ConnectionError, exceptions.TimeoutError, OSError)
_REFUSED = (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError)


class RedisHub(Hub):
    """A hub in one Redis database.

    Other services may read the stream `{namespace}:events` with consumer groups of their own; its field `event` is
    a CloudEvent in structured JSON. Groups made that way count for `trim` and `status` like any other.

    Args:
        url: `redis://`, `rediss://` or `unix://`, as redis-py takes it.
        namespace: What all keys begin with, in braces.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass a server that may lose data.
        retry: How commands are repeated when the connection breaks; about three seconds' worth by default.

    Raises:
        ConfigurationError: The URL or the namespace is ill-formed.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "impactive",
        rate_limit: float | None = None,
        retention: float = 7 * 86_400.0,
        allow_volatile: bool = False,
        retry: Retry | None = None,
    ) -> None:
        self._terms = Terms(rate_limit)
        self._retention = seconds("retention", retention)
        self._allow_volatile = allow_volatile
        self._keys = [f"{{{namespace_of(namespace)}}}:{key}" for key in _KEYS]
        self._reached = False
        self._redis = _client(url, retry)
        self._scripts = {name: self._redis.register_script(_source(name)) for name in _SCRIPTS}

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._run("add", feed, cursor)

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        answer = await self._run("claim", seconds("lease", lease))
        if answer is None:
            return None
        feed, cursor, token, failures = answer
        return Claim(feed=feed, cursor=cursor, token=int(token), failures=failures, lease=lease)

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[Event], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        flat = [text for event in events for text in (event.id, event.to_json())]
        await self._settle(claim, "commit", seconds("again_in", again_in), cursor, gaps, "", *flat)

    async def permit(self) -> float:
        """See `Hub.permit`."""
        return float(await self._run("permit", *_pace(self._terms.rate)))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        own = self._terms.rate
        owner, limit = await self._run("bind", SCHEMA_VERSION, workspace, own.limit if own else _NONE, *_pace(own))
        self._terms.agree(workspace, (owner, float(limit) if limit else None))

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._demand()
        with self._explained():
            await self._redis.hset(self._key("meta"), "workspace", workspace)

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        told = rate(rate_limit)
        await self._demand()
        await self._run("limit", *((told.limit, told.interval, told.tolerance) if told else (UNLIMITED,) * 3))

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""
        with self._explained():
            names: Any = await self._redis.hkeys(self._key("feeds"))
            dead: Any = await self._redis.zrange(self._key("dead"), 0, -1)
            found: dict[str, str | None] = dict.fromkeys(names)
            for feed in dead:
                state = await self._redis.hget(self._key("feeds"), feed)
                found[feed] = json.loads(state)["error"] if state else None
        return found

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        when = _NONE if again_in is None else seconds("again_in", again_in)
        await self._settle(claim, "fail", when, "", 0, reason(error))

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._settle(claim, "release", 0.0, "", 0, "")

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return bool(await self._run("remove", feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return bool(await self._run("revive", feed))

    async def receive(self, group: str, *, count: int = 20, visibility: float = 60.0) -> list[Delivery]:
        """See `Hub.receive`.

        Redis measures `visibility` when it gives an event out again, not when it gives it out: let all consumers
        of a group use the same.
        """
        milliseconds = round(seconds("visibility", visibility) * 1000)
        rows = await self._run("receive", group, count, milliseconds)
        return deliveries(self, group, [(position, text, bool(again)) for position, text, again in rows])

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        if positions:
            with self._explained():
                await self._redis.xack(self._key("events"), group, *positions)

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        with self._explained():
            if await self._redis.exists(self._key("events")):
                await self._redis.xgroup_destroy(self._key("events"), group)

    async def trim(self) -> int:
        """See `Hub.trim`."""
        return int(await self._run("trim", self._retention))

    async def status(self) -> HubStatus:
        """See `Hub.status`.

        Raises:
            ConfigurationError: There is no hub.
        """
        document = await self._run("status", DEAD_SHOWN)
        if document is None:
            raise no_hub()
        with self._explained():
            server = await self._redis.info("server")
        return hub_status(f"Redis {server['redis_version']}", json.loads(document))

    async def init(self) -> None:
        """Note the version of the keys; everything else is made on first use."""
        with self._explained():
            await self._redis.hsetnx(self._key("meta"), "version", str(SCHEMA_VERSION))

    async def check(self) -> None:
        """Refuse a server that may evict keys or lose them in a restart, and keys of another version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        with self._explained():
            check_server(await self._redis.info("all"), allow_volatile=self._allow_volatile)
            check_fsync(await self._appendfsync(), allow_volatile=self._allow_volatile)
        await self._demand()

    async def _appendfsync(self) -> str | None:
        try:
            return (await self._redis.config_get("appendfsync")).get("appendfsync")
        except exceptions.ResponseError:  # a hosted server often keeps its settings to itself
            return None

    async def _demand(self) -> None:
        with self._explained():
            check_schema(await self._redis.hmget(self._key("meta"), ["version"]))

    async def aclose(self) -> None:
        """See `Hub.aclose`."""
        await self._redis.aclose()

    def _key(self, name: str) -> str:
        return self._keys[_KEYS.index(name)]

    async def _settle(self, claim: Claim, *rest: str | float) -> None:
        if not await self._run("settle", claim.feed, claim.token, *rest):
            raise fenced(claim)

    async def _run(self, script: str, *arguments: str | float) -> Any:
        with self._explained():
            return await self._scripts[script](keys=self._keys, args=arguments)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _REFUSED as error:
            raise wrong_url("Redis", error) from error
        except _PASSING as error:
            if not self._reached and is_unknown_host(error):
                raise wrong_url("Redis", error) from error
            raise HubError(f"Redis: {str(error).rstrip('.')}. {OUTCOME_UNKNOWN}") from error
        except exceptions.RedisError as error:
            if "DB index" in str(error):
                raise wrong_url("Redis", error) from error
            raise HubError(f"Redis refused: {error}") from error
        self._reached = True


def _client(url: str, retry: Retry | None) -> Redis:
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            # Explicit, as what the library does without being told has changed from version to version. The pauses
            # are short: feeds wait for them when the server is back.
            retry=retry or Retry(ExponentialBackoff(cap=0.25, base=0.05), 12),
            socket_connect_timeout=5.0,
            socket_timeout=10.0,
        )
    except ValueError as error:
        raise wrong_url("Redis", error) from error


def _pace(limit: Rate | None) -> tuple[str | float, str | float]:
    return (limit.interval, limit.tolerance) if limit else (_NONE, _NONE)


@cache
def _source(script: str) -> str:
    lua = files("impactive_async.hub") / "lua"
    return (lua / "prelude.lua").read_text() + (lua / f"{script}.lua").read_text()
