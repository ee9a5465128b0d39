"""Where rows go: a database by its URL, checked before anything is polled, and held for one sync at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import attrs
import dlt

from impactive_async.errors import ConfigurationError, CursorError, redact

OTHERS: Final = ("clickhouse", "databricks", "motherduck", "mssql", "redshift", "snowflake")
"""Databases that dlt knows and merges into, whose URLs are handed to it as they are."""

_EXAMPLES: Final = "duckdb:///crm.duckdb or postgresql://user:password@host/database"


@attrs.frozen
class SyncDestination:
    """A database to sync into, by its URL.

    Attributes:
        shown: The URL without its password.
        dataset: The schema that the tables stand in where no other is named.
        open: Checks that the database can be written, and keeps others from syncing into a dataset of it while
            the block runs; yields what dlt writes to.
    """

    shown: str
    dataset: str
    open: Callable[[str], AbstractContextManager[Any]] = attrs.field(repr=False)


def destination(url: str) -> SyncDestination:
    """Return the destination at a URL: `duckdb:///FILE`, `postgresql://…`, or one of dlt's other databases.

    Raises:
        ConfigurationError: The URL is none, or of a database that rows cannot be merged into.
    """
    scheme, divided, rest = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if not divided or not rest:
        raise ConfigurationError(f"{_shown(url)!r} is no URL of a database: try {_EXAMPLES}")
    if scheme == "duckdb":
        return _duckdb(url, rest)
    if scheme in ("postgres", "postgresql"):
        return SyncDestination(
            _shown(url), "impactive", lambda dataset: _postgres(f"postgresql://{rest}", dataset)
        )
    if scheme in OTHERS:
        return SyncDestination(_shown(url), "impactive", lambda _: contextlib.nullcontext(_other(scheme, url)))
    raise ConfigurationError(
        f"{scheme}:// is no database to sync into: duckdb, postgresql, {', '.join(OTHERS)} are; try {_EXAMPLES}. "
        "Programs reach all of dlt's destinations through impactive_async.sync_source."
    )


def _shown(url: str) -> str:
    """Return a URL without its password, and without what stands in its query."""
    before, at, after = url.partition("?")[0].rpartition("@")
    scheme, _, user = before.partition("://")
    return redact(f"{scheme}://{user.partition(':')[0]}{at}{after}" if at else after)


def _duckdb(url: str, rest: str) -> SyncDestination:
    if not rest.startswith("/") or len(rest) < 2:
        raise ConfigurationError(
            f"{url!r} names no file: duckdb:///crm.duckdb is one here, duckdb:////var/crm.duckdb one from the root"
        )
    if rest.startswith("/:memory:") or "?" in rest:
        raise ConfigurationError(
            f"{url!r} names no file to keep rows in: name one as duckdb:///crm.duckdb, without options behind it"
        )
    path = Path(unquote(rest[1:]))
    return SyncDestination(url, "main", lambda dataset: _open_duckdb(path, dataset))


@contextlib.contextmanager
def _open_duckdb(path: Path, dataset: str) -> Iterator[Any]:
    """Keep the file open in the block: DuckDB lets no other process open it meanwhile."""
    import duckdb

    if dataset == path.name.partition(".")[0]:
        raise ConfigurationError(
            f"DuckDB could not tell the dataset {dataset!r} from the file {path.name}: name another one"
        )
    try:
        connection = duckdb.connect(str(path))
    except duckdb.Error as error:
        raise _refused_by_duckdb(path, str(error)) from None
    with contextlib.closing(connection):
        yield dlt.destinations.duckdb(connection)


def _refused_by_duckdb(path: Path, reason: str) -> Exception:
    told = reason.splitlines()[0].partition(": ")[2] or reason
    if "lock" in reason:
        return CursorError(f"{path} is in use by another program: wait, or close it ({told})")
    if not path.parent.is_dir():
        return ConfigurationError(f"There is no folder {path.parent}: make it, or name a file elsewhere")
    if (path.exists() and not os.access(path, os.W_OK)) or not os.access(path.parent, os.W_OK):
        return ConfigurationError(f"{path} cannot be written: allow it, or name a file elsewhere ({told})")
    return ConfigurationError(f"{path} cannot be opened as a DuckDB database: name another file ({told})")


@contextlib.contextmanager
def _postgres(url: str, dataset: str) -> Iterator[Any]:
    """Hold an advisory lock in the block, on a connection of its own."""
    try:
        import psycopg2
    except ImportError:
        raise ConfigurationError(
            "PostgreSQL needs psycopg2, which is not installed: pip install 'impactive-async[sync]'"
        ) from None
    try:
        connection = psycopg2.connect(url, application_name="impactive sync")
    except psycopg2.Error as error:
        raise _refused_by_postgres(url, error) from None
    with contextlib.closing(connection):
        _lock(connection, url, dataset)
        yield dlt.destinations.postgres(_credentials(url))


def _refused_by_postgres(url: str, error: Exception) -> ConfigurationError:
    told = " ".join(str(error).split())
    password = urlsplit(url).password
    for secret in filter(None, (password, unquote(password or ""))):
        told = told.replace(secret, "…")
    return ConfigurationError(
        f"PostgreSQL cannot be used at {_shown(url)}: {redact(told)}. Check host, user, password and database."
    )


def _lock(connection: Any, url: str, dataset: str) -> None:
    """Keep other syncs away from a dataset, as long as the connection lasts.

    Raises:
        ConfigurationError: The user may not make what the sync needs.
        CursorError: Another sync is at work on it.
    """
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"impactive sync {dataset}",))
        if not cursor.fetchone()[0]:
            raise CursorError(
                f"Another sync is writing to the dataset {dataset!r} at {_shown(url)}: wait, or name another one"
            )
        cursor.execute(
            "SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'CREATE') OR EXISTS "
            "(SELECT FROM pg_namespace WHERE nspname = %s AND has_schema_privilege(oid, 'CREATE'))",
            (dataset,),
        )
        standby, allowed = cursor.fetchone()
    if standby:
        raise ConfigurationError(
            f"PostgreSQL at {_shown(url)} is a standby, which takes no writes: name its primary"
        )
    if not allowed:
        raise ConfigurationError(
            f"This user may not make the schemas {dataset} and {dataset}_staging at {_shown(url)}: "
            "GRANT CREATE ON DATABASE, or name another --dataset that it owns"
        )


def _credentials(url: str) -> Any:
    """Return dlt's credentials. Without a password, libpq looks for one where it always does."""
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    credentials = PostgresCredentials()
    credentials.parse_native_representation(url)
    if credentials.password is None:
        credentials.password = ""
    return credentials


def _other(scheme: str, url: str) -> Any:
    """Return dlt's destination, if what it needs is installed."""
    from dlt.common.exceptions import MissingDependencyException

    made = getattr(dlt.destinations, scheme)(credentials=url)
    try:
        made.client_class  # noqa: B018 - it is imported
    except (ImportError, MissingDependencyException):
        raise ConfigurationError(
            f"{scheme}:// needs more of dlt than is installed: pip install 'dlt[{scheme}]'"
        ) from None
    return made
