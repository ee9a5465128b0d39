"""Find the hub for a URL."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from impactive_async.errors import ConfigurationError
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.reaching.url import KNOWN, scheme_of
from impactive_async.hub.sqlite.hub import SqliteHub

_NAMESPACE = "impactive"
_RETENTION = 7 * 86_400.0
_REDIS = {"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}


def connect(
    url: str,
    *,
    namespace: str = _NAMESPACE,
    rate_limit: float | None = None,
    retention: float = _RETENTION,
    allow_volatile: bool = False,
    timeout: float | None = None,
) -> Hub:
    """Return the hub at a URL. Nothing is connected before its first use.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `redis://…`, `rediss://…`, `unix://…` (Redis),
            `redis+sentinel://host,host/service/0`, `redis+cluster://host,host`, `postgresql://…` or `postgres://…`.
        namespace: Keeps hubs apart in one Redis database or one PostgreSQL database. An SQLite file holds one hub.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded. The first
            worker records its limit; others must name the same or none.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass an engine that may lose data in a crash.
        timeout: Seconds that a call waits for the engine, repetitions included; None: what its driver takes.

    Raises:
        ConfigurationError: The URL names no known engine, is ill-formed, or its driver is not installed.
    """
    scheme = scheme_of(url)
    if scheme == "sqlite":
        _refuse_namespace(namespace)
        busy = {} if timeout is None else {"busy_timeout": timeout}
        return SqliteHub(_file(url), rate_limit=rate_limit, retention=retention, **busy)
    if scheme in _REDIS:
        from impactive_async.hub.redis.hub import RedisHub as Engine
    elif scheme in {"postgresql", "postgres"}:
        from impactive_async.hub.postgres.hub import PostgresHub as Engine  # type: ignore[assignment]
    else:
        raise ConfigurationError(f"The hub's URL does not begin as one of a hub does: use {KNOWN}")
    return Engine(
        url,
        namespace=namespace,
        rate_limit=rate_limit,
        retention=retention,
        allow_volatile=allow_volatile,
        timeout=timeout,
    )


def _refuse_namespace(namespace: str) -> None:
    if namespace != _NAMESPACE:
        raise ConfigurationError(
            f"an SQLite file holds one hub, which has no namespace: name another file instead of {namespace!r}"
        )


def _file(url: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    is_file = url[len("sqlite:") :].startswith("///") and path not in ("", ":memory:")
    if not is_file or parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError("an SQLite hub is a file: sqlite:///relative.db or sqlite:////absolute.db")
    return path
