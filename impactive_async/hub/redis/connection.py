"""One Redis database as a hub sees it: its keys, its scripts, and what its errors mean."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from redis import exceptions
from redis.asyncio.retry import Retry

from impactive_async.errors import ConfigurationError, HubError, ImpactiveError
from impactive_async.hub.contract.versions import VERSION, other_version
from impactive_async.hub.reaching.cancelling import heeding_cancellation
from impactive_async.hub.reaching.refusals import (
    OUTCOME_UNKNOWN,
    RefusedByEngineError,
    namespace_of,
    unmendable,
    wrong_url,
)
from impactive_async.hub.reaching.strangers import REDIS, TLS, stranger
from impactive_async.hub.redis.check import wrong_mode
from impactive_async.hub.redis.client import client_of, places_at
from impactive_async.hub.redis.sentinels import WrongSentinelsError

# In the order of prelude.lua; `feeds` is where version 1 kept the states.
_KEYS = ("schedule", "leased", "states", "cursors", "dead", "meta", "events", "ids", "feeds", "failing",
         "paused")  # fmt: skip
SCRIPTS = (
    "add", "bind", "claim", "drop", "drop_group", "exchange_cursor", "feed", "feeds", "heal", "heal_ids", "hold",
    "in_flight", "limit", "move_on", "pause", "permit", "poll_now", "postpone", "receive", "reject", "remove",
    "replay", "resume", "revive", "seek", "settle", "status", "trim", "upgrade_2", "upgrade_3", "upgrade_4",
    "upgrade_5", "upgrade_6", "upgrade_7",
)  # fmt: skip
_OTHER_VERSION = "HUBVERSION "
_PASSING = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.RedisClusterException,
    OSError,
    WrongSentinelsError,
)
_STRANGE = (*_PASSING, exceptions.InvalidResponse)
"""What may come of a server of another kind."""
_REFUSED = (exceptions.AuthenticationError, exceptions.AuthorizationError)


class RedisConnection:
    """The client and the scripts of one hub. Nothing is connected before the first command.

    Args:
        url: As redis-py takes it.
        namespace: What all keys begin with, in braces: the hash tag that keeps them in one slot.
        retry: How a command is repeated when its connection breaks.
        timeout: Seconds for a command with its repetitions; None: as long as these take.

    Raises:
        ConfigurationError: The URL or the namespace is ill-formed.
    """

    def __init__(self, url: str, namespace: str, retry: Retry | None, timeout: float | None) -> None:
        self._namespace = namespace_of(namespace)
        self._keys = {name: f"{{{self._namespace}}}:{name}" for name in _KEYS}
        self._places = places_at(url)
        self._kind_of_server = TLS if url.startswith("rediss") else REDIS
        self._reached = False
        self._timeout = timeout
        self._client = client_of(url, retry)
        self.kind = self._client.kind
        self.client = self._client.redis

    def key(self, name: str) -> str:
        """The full name of one of the hub's keys."""
        return self._keys[name]

    def letters_of(self, group: str) -> str:
        """The full name of the key that holds a group's dead letters."""
        return f"{{{self._namespace}}}:letters:{group}"

    async def run(
        self, script: str, *arguments: bytes | str | float, groups: Iterable[str] = (), version: int = VERSION
    ) -> Any:
        """Run one of the hub's scripts: one atomic step in one round trip.

        Args:
            script: Its name.
            arguments: Its arguments.
            groups: The consumer groups whose dead letters it is about.
            version: The version that the hub must have, if it has any.

        Raises:
            ConfigurationError: The hub has another version, or Redis cannot be used at this URL.
            HubError: Redis did not answer or refused the command.
        """
        async with self.answering():
            keys = [*self._keys.values(), *map(self.letters_of, groups)]
            return await self._eval(script, keys, (version, *arguments))

    async def _eval(self, script: str, keys: Sequence[str], arguments: Sequence[bytes | str | float]) -> Any:
        try:
            return await self.client.evalsha(_digest(script), len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            # A server that was restarted, or another one. To load the script first, as redis-py does, could meet a
            # connection that still leads to the old one.
            return await self.client.eval(_source(script), len(keys), *keys, *arguments)

    async def about(self, command: str, *arguments: str) -> Any:
        """Run a command of redis-py about the server on which the hub is."""
        where = await self._client.at_hub(self._keys["meta"])
        return await getattr(self.client, command)(*arguments, **where)

    async def aclose(self) -> None:
        """Close the connections; the next command connects again."""
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Bound the time of what is asked of Redis, and turn redis-py's errors into the hub's."""
        try:
            async with asyncio.timeout(self._timeout):
                with heeding_cancellation():
                    yield
        except exceptions.RedisClusterException as error:  # which is no RedisError; its cause is one
            cause = error.__cause__
            raise await self._judged(cause if isinstance(cause, Exception) else error) from error
        except (exceptions.RedisError, OSError) as error:
            raise await self._judged(error) from error
        self._reached = True

    async def _judged(self, error: Exception) -> ImpactiveError:
        found = self._explanation(error)
        if self._reached or isinstance(found, ConfigurationError) or not isinstance(error, _STRANGE):
            return found
        if what := await stranger(self._places, self._kind_of_server):
            return wrong_url("Redis", f"{what} (rediss:// leads to a Redis with TLS, redis:// to one without)")
        if isinstance(error, exceptions.InvalidResponse):
            return wrong_url("Redis", "what answers there does not speak Redis's protocol")
        return found

    def _explanation(self, error: Exception) -> ImpactiveError:
        text = str(error).rstrip(".")
        if isinstance(error, exceptions.MovedError) or "Cluster mode is not enabled" in text:
            return wrong_mode("cluster" if isinstance(error, exceptions.MovedError) else "standalone")
        if isinstance(error, _REFUSED) or "DB index" in text:
            return wrong_url("Redis", text)
        if isinstance(error, WrongSentinelsError) and not self._reached:
            return wrong_url("Redis", text)
        if isinstance(error, exceptions.NoPermissionError):
            return ConfigurationError(
                f"Redis: {text}. The user of this URL lacks a right: docs/hubs.md lists those that it needs."
            )
        if what := unmendable(error, reached=self._reached):
            return wrong_url("Redis", what)
        if isinstance(error, exceptions.OutOfMemoryError):
            return HubError(
                "Redis is full: nothing can be added. Reading, acknowledging and trimming go on. Give it more "
                "memory (maxmemory), or a shorter --retention."
            )
        if isinstance(error, _PASSING):
            return HubError(f"Redis: {text or 'no answer in time'}. {OUTCOME_UNKNOWN}")
        if text.startswith(_OTHER_VERSION):
            return other_version(int(text.removeprefix(_OTHER_VERSION)))
        return RefusedByEngineError(f"Redis refused: {text}")


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(_source(script).encode(), usedforsecurity=False).hexdigest()


@cache
def _source(script: str) -> str:
    lua = files("impactive_async.hub.redis") / "lua"
    flags, own = "", (lua / f"{script}.lua").read_text()
    if own.startswith("#!"):  # for Redis it must be the first line
        flags, _, own = own.partition("\n")
    return f"{flags}\n{(lua / 'prelude.lua').read_text()}{own}"
