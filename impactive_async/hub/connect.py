"""From a URL to a hub."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from impactive_async.errors import ConfigurationError
from impactive_async.hub.base import Hub
from impactive_async.hub.sqlite import SqliteHub

_KNOWN = "sqlite:///file.db, redis://host:6379/0 or postgresql://user@host/database"
_NAMESPACE = "impactive"
_RETENTION = 7 * 86_400.0


def connect(
    url: str,
    *,
    namespace: str = _NAMESPACE,
    rate_limit: float | None = None,
    retention: float = _RETENTION,
    allow_volatile: bool = False,
) -> Hub:
    """The hub at a URL. Nothing is connected before its first use.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `redis://…`, `rediss://…`, `unix://…` (Redis),
            `postgresql://…` or `postgres://…`.
        namespace: Keeps hubs apart in one Redis database or one PostgreSQL database. An SQLite file holds one hub.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded. The first
            worker records it, others must name the same or none.
        retention: Seconds for which events stay in the log at least.
        allow_volatile: Let `check` pass an engine that may lose data in a crash.

    Raises:
        ConfigurationError: The URL names no known engine, or its driver is not installed.
    """
    scheme = _scheme(url)
    if scheme == "sqlite":
        _refuse_namespace(namespace)
        return SqliteHub(_file(url), rate_limit=rate_limit, retention=retention)
    if scheme in {"redis", "rediss", "unix"}:
        from impactive_async.hub.redis import RedisHub as Engine
    elif scheme in {"postgresql", "postgres"}:
        from impactive_async.hub.postgres import PostgresHub as Engine  # type: ignore[assignment]
    else:
        what = f"no hub speaks {scheme!r}" if scheme else f"{url!r} is no URL of a hub"
        raise ConfigurationError(f"{what}: use {_KNOWN}")
    return Engine(
        url, namespace=namespace, rate_limit=rate_limit, retention=retention, allow_volatile=allow_volatile
    )


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError as error:
        raise ConfigurationError(f"not a hub's URL: {error}; use {_KNOWN}") from error


def _refuse_namespace(namespace: str) -> None:
    if namespace != _NAMESPACE:
        raise ConfigurationError(
            f"an SQLite file holds one hub, which has no namespace: name another file instead of {namespace!r}"
        )


def _file(url: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or parts.query or parts.fragment or not path:
        raise ConfigurationError("an SQLite hub is a file: sqlite:///relative.db or sqlite:////absolute.db")
    return path
