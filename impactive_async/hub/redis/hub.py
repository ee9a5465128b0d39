"""The hub on Redis 7 or later.

Each method is one Lua script, so each is atomic. Time is Redis's own. The schedule is a sorted set: a feed's score
is when it is due, or when its lease ends. The log is a stream. All keys carry one hash tag, so that a cluster
keeps them together.

redis-py's `Retry` sends a script again when its answer was lost. Each script may be sent twice: a commit is
recognised by its token, a claim or an event taken twice comes back when its time is over, and a permit taken twice
costs one request less.

The ids of events are kept in a sorted set beside the stream, as long as their events, so that no id is in the
stream twice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

try:
    from redis import exceptions
    from redis.asyncio.retry import Retry
except ModuleNotFoundError as error:
    from impactive_async.hub.reaching.refusals import missing_extra

    raise missing_extra("redis") from error

from impactive_async._checks import check_count, check_seconds
from impactive_async._http.rate import rate
from impactive_async.errors import ConfigurationError
from impactive_async.hub.contract.acks import flush_acks
from impactive_async.hub.contract.claim import Claim, fenced, storable
from impactive_async.hub.contract.dead_letters import DeadLetter, dead_letters
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.holding import InFlightEvent, check_postponing, events_in_flight
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.contract.reader import MAX_DELIVERIES, Delivery, check_positions, check_taking, read
from impactive_async.hub.contract.settings import UNLIMITED, SharedSettings
from impactive_async.hub.contract.status import DEAD_SHOWN, HubStatus, hub_status
from impactive_async.hub.contract.versions import VERSION, check_version, steps_from
from impactive_async.hub.reaching.together import Together
from impactive_async.hub.redis.arguments import NONE, Settlement, claims_of, commit_of, end_of, pace
from impactive_async.hub.redis.check import check_fsync, check_mode, check_schema, check_server, no_hub
from impactive_async.hub.redis.connection import RedisConnection
from impactive_async.hub.redis.letters import RedisLetters
from impactive_async.hub.redis.steering import RedisSteering

_STEP = 1000
"""How many entries of the log a script looks at: about 10 ms."""
_BEGIN = "0"
_MOVING = "moving"
_DEAD = "dead: "


class RedisHub(RedisSteering, Hub):
    """A hub in one Redis database.

    Other services may read the stream `{namespace}:events` with consumer groups of their own; its field `event` is
    a CloudEvent in structured JSON. Groups made that way count for `trim` and `status` like any other.

    Args:
        url: `redis://`, `rediss://` or `unix://`, as redis-py takes it; `redis+sentinel://host,host/service/0` for
            the master that Sentinels name; `redis+cluster://host,host` for a cluster. `rediss+…`: with TLS.
        namespace: What all keys begin with, in braces.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass a server that may lose data.
        timeout: Seconds for a command with its repetitions; None: about three seconds if connections break, ten if
            the server does not answer.
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
        timeout: float | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._settings = SharedSettings(rate_limit)
        self._retention = check_seconds(retention, "retention")
        self._allow_volatile = allow_volatile
        self._redis = RedisConnection(url, namespace, retry, timeout)
        self._letters = RedisLetters(self._redis)
        self._claims = Together(self._claim)
        self._settlements = Together(self._settle_all, weigh=len, key=lambda call: call[0])

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._redis.run("add", feed, cursor)

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        return await self._claims.ask(check_seconds(lease, "lease"))

    async def _claim(self, leases: Sequence[float]) -> list[Claim | None]:
        found = await self._redis.run("claim", *leases)
        return claims_of(found, leases)

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        again_in = check_seconds(again_in, "again_in")
        await self._settle(claim, commit_of(claim, cursor, events, again_in, gaps))

    async def permit(self) -> float:
        """See `Hub.permit`."""
        return float(await self._redis.run("permit", *pace(self._settings.rate)))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        own = self._settings.rate
        owner, limit = await self._redis.run("bind", workspace, own.limit if own else NONE, *pace(own))
        self._settings.agree(workspace, (owner, float(limit) if limit else None))

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._require_hub()
        async with self._redis.answering():
            await self._redis.client.hset(self._redis.key("meta"), "workspace", workspace)

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        told = rate(rate_limit)
        await self._require_hub()
        await self._redis.run(
            "limit", *((told.limit, told.interval, told.tolerance) if told else (UNLIMITED,) * 3)
        )

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`; in steps, between which others have their turn."""
        found: dict[str, str | None] = {}
        place = None
        while place != _BEGIN:
            place, flat = await self._redis.run("feeds", place or _BEGIN)
            for name, state in zip(flat[::2], flat[1::2], strict=True):
                found[name] = state.removeprefix(_DEAD) if state else None
        return found

    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        """See `Hub.cursors`."""
        found = await self._redis.run("cursors", *feeds)
        return {feed: cursor for feed, cursor in zip(feeds, found, strict=True) if cursor is not None}

    async def heal(self) -> list[str]:
        """See `Hub.heal`."""
        groups = await self._letters.groups()
        place, losses = await self._redis.run("heal", NONE, *groups, groups=groups)
        while place:
            place, found = await self._redis.run("heal", place, *groups, groups=groups)
            losses += found
        if place := await self._redis.run("heal_ids", NONE):
            losses.append("the ids of events in the log; they are noted again")
        while place:
            place = await self._redis.run("heal_ids", place)
        return list(losses)

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        when = None if again_in is None else check_seconds(again_in, "again_in")
        await self._settle(claim, end_of(claim, "fail", when, storable(error)))

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._settle(claim, end_of(claim, "release"))

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return bool(await self._redis.run("remove", feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return bool(await self._redis.run("revive", feed))

    async def receive(
        self,
        group: str,
        *,
        count: int = 20,
        visibility: float = 60.0,
        max_deliveries: int | None = MAX_DELIVERIES,
    ) -> list[Delivery]:
        """See `Hub.receive`.

        Redis looks at `visibility` when it delivers an event again, not when it delivers it first: all consumers
        of a group should use the same.
        """
        check_taking(count, visibility, max_deliveries)
        milliseconds, most = round(visibility * 1000), max_deliveries or NONE
        rows: Any = _MOVING
        while rows == _MOVING:
            rows = await self._redis.run("receive", group, count, milliseconds, most, groups=[group])
            if rows == _MOVING:
                await self._moved(group)
        return await read(self, group, ((row[0], row[1], row[2], bool(row[3])) for row in rows))

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        if positions:
            async with self._redis.answering():
                await self._redis.client.xack(self._redis.key("events"), group, *check_positions(positions))

    async def reject(self, group: str, position: str, reason: str) -> None:
        """See `Hub.reject`."""
        await self._redis.run("reject", group, *check_positions([position]), storable(reason), groups=[group])

    async def hold(self, group: str, holder: str, seconds: float) -> bool:
        """See `ExclusiveReading.hold`."""
        return bool(await self._redis.run("hold", group, holder, check_seconds(seconds, "seconds")))

    async def in_flight(
        self, group: str, *, visibility: float, count: int = 1000, after: str = "0"
    ) -> list[InFlightEvent]:
        """See `ExclusiveReading.in_flight`."""
        check_positions([after])
        await self._moved(group)
        rows = await self._redis.run("in_flight", group, after, check_count(count, "count"))
        return await events_in_flight(self, group, ((*row[:3], visibility - row[3] / 1000) for row in rows))

    async def postpone(
        self, group: str, position: str, seconds: float, *, deliveries: int, visibility: float
    ) -> None:
        """See `ExclusiveReading.postpone`."""
        check_postponing(position, seconds, deliveries, visibility)
        idle = round((visibility - seconds) * 1000)
        await self._redis.run("postpone", group, position, idle, deliveries)

    async def dead_letters(self, group: str, *, count: int = 100) -> list[DeadLetter]:
        """See `Hub.dead_letters`."""
        check_count(count, "count")
        await self._moved(group)
        return dead_letters(group, await self._letters.first(group, count))

    async def replay(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.replay`."""
        check_positions(positions or [])
        await self._moved(group)
        return await self._letters.settle("replay", group, positions)

    async def drop(self, group: str, positions: Sequence[str] | None = None) -> int:
        """See `Hub.drop`."""
        check_positions(positions or [])
        await self._moved(group)
        return await self._letters.settle("drop", group, positions)

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        while not await self._redis.run("drop_group", group, groups=[group]):
            pass

    async def trim(self) -> int:
        """See `Hub.trim`; in steps, between which others have their turn."""
        groups = await self._letters.groups()
        deleted, place = 0, "-"
        while place:
            count, place = await self._redis.run("trim", self._retention, place, _STEP, groups=groups)
            deleted += count
        return deleted

    async def status(self) -> HubStatus:
        """See `Hub.status`.

        Raises:
            ConfigurationError: There is no hub.
        """
        document = await self._redis.run("status", DEAD_SHOWN)
        if document is None:
            raise no_hub()
        found = json.loads(document)
        found["groups"] = [[*row[:3], await self._letters.count(row[0]), row[4]] for row in found["groups"]]
        async with self._redis.answering():
            server = await self._redis.about("info", "server")
        return hub_status(f"Redis {server['redis_version']}", found)

    async def init(self, *, upgrade: bool = False) -> None:
        """See `Hub.init`; records the version, and everything else is made on first use."""
        async with self._redis.answering():
            check_mode(await self._redis.about("info", "server"), self._redis.kind)
            await self._redis.client.hsetnx(self._redis.key("meta"), "version", str(VERSION))
        while upgrade and steps_from(version := await self._version()):
            with contextlib.suppress(ConfigurationError):  # another program was quicker
                await self._redis.run(f"upgrade_{version + 1}", version=version)
        check_version(await self._version())

    async def upgrades(self) -> list[str]:
        """See `Hub.upgrades`."""
        return steps_from(await self._version())

    async def _version(self) -> int:
        async with self._redis.answering():
            version = await self._redis.client.hget(self._redis.key("meta"), "version")
        return VERSION if version is None else int(version)

    async def check(self) -> None:
        """Refuse a server that may evict keys or lose them in a restart, and a hub of a newer version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        async with self._redis.answering():
            info = await self._redis.about("info", "all")
            check_server(info, self._redis.kind, allow_volatile=self._allow_volatile)
            check_fsync(await self._appendfsync(), allow_volatile=self._allow_volatile)
        await self._require_hub()

    async def _appendfsync(self) -> str | None:
        try:
            found: dict[str, str] = await self._redis.about("config_get", "appendfsync")
        except exceptions.ResponseError:  # hosted servers often refuse CONFIG
            return None
        return found.get("appendfsync")

    async def _require_hub(self) -> None:
        async with self._redis.answering():
            check_schema(await self._redis.client.hmget(self._redis.key("meta"), ["version"]))

    async def aclose(self) -> None:
        """See `Hub.aclose`."""
        await flush_acks(self)
        await self._redis.aclose()

    async def _settle(self, claim: Claim, call: Settlement) -> None:
        if not await self._settlements.ask(call):
            raise fenced(claim)

    async def _settle_all(self, calls: Sequence[Settlement]) -> Sequence[bool]:
        found: str = await self._redis.run("settle", *[one for call in calls for one in call])
        return [held == "1" for held in found]
