"""redis-py's client for a URL: of one server, of what Sentinels name, or of a cluster.

Whatever the kind, a command is sent again where its connection broke, and where the server has become a replica:
that connection is dropped, and the next one leads to the new master. A command that got no answer in time is not
sent again, because the server may still be at work on it.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, unquote, urlencode, urlsplit, urlunsplit

from redis import exceptions
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff

from impactive_async.hub.reaching.refusals import wrong_url
from impactive_async.hub.reaching.url import check_url, options_of, places_of, wrong_option
from impactive_async.hub.redis.sentinels import Sentinels

ENCODING_ERRORS: Final = "backslashreplace"
"""For what others may have written that is no text, and for text that UTF-8 cannot hold."""
FILES: Final = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
_DEMOTED: Final = (exceptions.ReadOnlyError, exceptions.MasterDownError)
_SENTINEL_PORT: Final = 26379
_REDIS_PORT: Final = 6379
_OF_SENTINELS: Final = "sentinel_"
"""How options of the URL begin that are for the Sentinels themselves: `sentinel_username`, `sentinel_password`."""
_SHARED: Final = ("ssl", "socket_", "decode")
"""How options begin that hold for connections to a Sentinel as well."""


class Client(Protocol):
    """What a hub needs of redis-py, whatever the kind of server."""

    redis: Any
    """redis-py's client."""

    async def at_hub(self, key: str) -> dict[str, Any]:
        """Return what a command about the server itself needs to reach the one that holds a key."""
        ...

    async def aclose(self) -> None:
        """Close the connections; the next command connects again."""
        ...


class OneServer:
    """One server, at an address that stays; what is behind the address may change."""

    kind = "standalone"

    def __init__(self, redis: Redis) -> None:
        self.redis: Any = redis

    async def at_hub(self, key: str) -> dict[str, Any]:
        """See `Client.at_hub`; there is one only."""
        return {}

    async def aclose(self) -> None:
        """See `Client.aclose`."""
        await self.redis.aclose()


class BehindSentinels(OneServer):
    """The master that Sentinels name: each connection asks them anew."""

    def __init__(self, sentinel: Sentinels, service: str) -> None:
        super().__init__(sentinel.master_for(service))
        self._sentinel = sentinel

    async def aclose(self) -> None:
        """See `Client.aclose`."""
        await super().aclose()
        for sentinel in self._sentinel.sentinels:
            await sentinel.aclose()


class InCluster:
    """A cluster. The hash tag of a hub's keys keeps them in one slot, so on one of its servers."""

    kind = "cluster"

    def __init__(self, redis: RedisCluster) -> None:
        self.redis: Any = redis

    async def at_hub(self, key: str) -> dict[str, Any]:
        """See `Client.at_hub`."""
        await self.redis.initialize()
        return {"target_nodes": self.redis.get_node_from_key(key)}

    async def aclose(self) -> None:
        """See `Client.aclose`."""
        await self.redis.aclose()


class _PatientCluster(RedisCluster):
    """Does not send again what got no answer in time."""

    ERRORS_ALLOW_RETRY = tuple(  # type: ignore[assignment]
        error for error in RedisCluster.ERRORS_ALLOW_RETRY if error is not exceptions.TimeoutError
    )


def client_of(url: str, retry: Retry | None) -> OneServer | InCluster:
    """Return the client for a URL. Nothing is connected yet.

    Args:
        url: `redis://`, `rediss://` and `unix://` as redis-py takes them; `redis+sentinel://host,host/service/0`
            and `redis+cluster://host,host`, and both with `rediss`.
        retry: How commands are repeated; None: for about three seconds.

    Raises:
        ConfigurationError: What is wrong with the URL.
    """
    parts = check_url("Redis", url, files=FILES)
    scheme, _, kind = parts.scheme.partition("+")
    how = {
        "decode_responses": True,
        "encoding_errors": ENCODING_ERRORS,
        # Set here because redis-py's default has changed from version to version. The pauses are short: feeds
        # wait for them when the server is back.
        "retry": retry or Retry(ExponentialBackoff(cap=0.25, base=0.05), 12, (exceptions.ConnectionError,)),
        "socket_connect_timeout": 5.0,
        "socket_timeout": 10.0,
    }
    try:
        if kind == "cluster":
            return InCluster(_cluster(scheme, parts, how))
        how["retry_on_error"] = list(_DEMOTED)
        if kind == "sentinel":
            return _sentinels(scheme, parts, how)
        if scheme != "unix":
            _check_database(parts.path.strip("/"))
        return OneServer(_checked(_plain(url, how)))
    except (TypeError, ValueError, exceptions.RedisError) as error:
        raise _explained(parts, error) from None  # the parser's words quote the URL


def places_at(url: str) -> list[tuple[str, int]]:
    """Return the hosts and ports that a URL names; none for a socket's file."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return []
    return places_of(parts, _SENTINEL_PORT if parts.scheme.endswith("+sentinel") else _REDIS_PORT)


def _plain(url: str, how: dict[str, Any]) -> Redis:
    return Redis.from_url(url, **how)


def _check_database(name: str) -> None:
    if not re.fullmatch("[0-9]*", name):  # redis-py would take database 0
        raise wrong_url("Redis", "its path is no number of a database, as in redis://host:6379/0")


def _checked(redis: Redis) -> Redis:
    # redis-py would find an option that it does not know when it connects, and then each time.
    redis.connection_pool.connection_class(**redis.connection_pool.connection_kwargs)
    return redis


def _cluster(scheme: str, parts: SplitResult, how: dict[str, Any]) -> RedisCluster:
    if parts.path.strip("/0"):
        raise wrong_url("Redis", "a cluster has one database, 0, and its URL no path")
    first, *others = _places(parts, _REDIS_PORT)
    one = urlunsplit(parts._replace(scheme=scheme, netloc=f"{_login(parts)}{first[0]}:{first[1]}", path=""))
    _checked(_plain(one, how))
    return _PatientCluster.from_url(one, startup_nodes=[ClusterNode(host, port) for host, port in others], **how)


def _sentinels(scheme: str, parts: SplitResult, how: dict[str, Any]) -> BehindSentinels:
    _, service, database, *_ = f"{parts.path}//".split("/")
    if not service:
        raise wrong_url("Redis", "it does not say which service of the Sentinels: redis+sentinel://host/service/0")
    _check_database(database)
    theirs, own = _sorted_options(parts)
    # What is not about the place holds for the master, wherever it is.
    master = f"{scheme}://{_login(parts)}host/{database or 0}?{urlencode(own)}".rstrip("?")
    settings = dict(_checked(_plain(master, how)).connection_pool.connection_kwargs)
    for place in ("host", "port"):
        settings.pop(place, None)
    shared = {name: value for name, value in settings.items() if name.startswith(_SHARED)}
    if scheme == "rediss":
        settings["ssl"] = shared["ssl"] = True
    # The next Sentinel is asked at once: whoever asks comes again. A connection may have been broken for long.
    shared["retry"] = Retry(NoBackoff(), 1, (exceptions.ConnectionError,))
    places = _places(parts, _SENTINEL_PORT)
    sentinel = Sentinels(places, sentinel_kwargs=shared | theirs, **settings)  # type: ignore[no-untyped-call]
    return BehindSentinels(sentinel, unquote(service))


def _sorted_options(parts: SplitResult) -> tuple[dict[str, str], dict[str, str]]:
    """Return the options that are for the Sentinels, and those that are for the master."""
    theirs, own = {}, {}
    for name, value in options_of(parts).items():
        if name.startswith(_OF_SENTINELS):
            theirs[name.removeprefix(_OF_SENTINELS)] = value
        else:
            own[name] = value
    return theirs, own


def _places(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """Return the hosts of a URL and their ports, of which there must be some."""
    if not (found := places_of(parts, port)):
        raise wrong_url("Redis", "it names no host")
    return found


def _login(parts: SplitResult) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return user + at


def _explained(parts: SplitResult, error: Exception) -> Exception:
    named = re.search(r"'(\w+)'", str(error))
    if named and named[1] in options_of(parts):
        return wrong_option("Redis", named[1])
    return wrong_url("Redis", "one of its options is unknown, or has a value that redis-py cannot use")
