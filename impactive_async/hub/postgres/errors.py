"""asyncpg's errors, by what a hub does about them."""

from __future__ import annotations

import asyncpg
from asyncpg import exceptions

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub.contract.versions import other_version
from impactive_async.hub.reaching.refusals import (
    OUTCOME_UNKNOWN,
    CancelledByEngineError,
    RefusedByEngineError,
    unmendable,
    wrong_url,
)

# The call is made again, on another connection.
BROKEN = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg at times raises it when the server ends the connection during a call
    asyncpg.PostgresConnectionError,
    exceptions.AdminShutdownError,
    exceptions.CrashShutdownError,
    exceptions.CannotConnectNowError,
    exceptions.IdleSessionTimeoutError,
    exceptions.InsufficientResourcesError,  # no connection is free
    exceptions.TransactionRollbackError,  # the victim of a deadlock
    exceptions.ReadOnlySQLTransactionError,  # after a failover, an old connection leads to what is a standby now
)
# Two have run `init` at once, and the other was quicker.
MADE_BY_ANOTHER = (
    exceptions.UniqueViolationError,
    exceptions.DuplicateSchemaError,
    exceptions.DuplicateTableError,
)
# Waiting does not help: the URL names what the server does not accept.
REFUSED = (
    exceptions.InvalidAuthorizationSpecificationError,  # user or password
    exceptions.InvalidCatalogNameError,
    exceptions.UndefinedObjectError,  # an option of the URL
    exceptions.CantChangeRuntimeParamError,
    exceptions.InvalidParameterValueError,
)
# `init` has not been run, or the hub is of another version.
ABSENT = (
    exceptions.InvalidSchemaNameError,
    exceptions.UndefinedFunctionError,
    exceptions.UndefinedTableError,
)
UNREADABLE = (asyncpg.ClientConfigurationError, asyncpg.UnsupportedClientFeatureError)
"""The URL says what asyncpg does not understand, or cannot do."""

_LIMITS = {"57014", "25P04", "55P03"}
"""The SQLSTATEs of `statement_timeout`, `transaction_timeout` and `lock_timeout`."""
_POOLERS = (
    "unsupported startup parameter",
    "no such database",
    "no such user",
    "authentication failed",
    "bouncer config error",
    "transaction blocks not allowed",  # in its mode `statement`, in which no schema can be made
)
"""PgBouncer's words for what it will never accept. It has one SQLSTATE for that and for what passes."""

OTHER_VERSION = "HV001"
"""The SQLSTATE of an error for a program of another version; its message is the hub's version."""
ISOLATION = "HV002"
"""The SQLSTATE of an error for a transaction whose statements do not see what was committed before them."""


def is_final(error: Exception, *, reached: bool) -> bool:
    """Return whether the same call would fail in the same way: what timed out is not sent again either."""
    if isinstance(error, (ValueError, TimeoutError, asyncpg.UnsupportedClientFeatureError)):
        return True
    return _refused_by_pooler(error) or _unmendable(error, reached=reached) is not None


def explanation(error: Exception, *, reached: bool) -> Exception:
    """Return the hub's error for one of asyncpg's."""
    if isinstance(error, REFUSED) or _refused_by_pooler(error):
        return wrong_url("PostgreSQL", error)
    if what := _unmendable(error, reached=reached):
        return wrong_url("PostgreSQL", what)
    if isinstance(error, asyncpg.PostgresError) and (known := _by_state(error)):
        return known
    if isinstance(error, BROKEN):
        return HubError(f"PostgreSQL: {_words(error)}. {OUTCOME_UNKNOWN}")
    return RefusedByEngineError(f"PostgreSQL refused: {error}")


def _by_state(error: asyncpg.PostgresError) -> Exception | None:
    if isinstance(error, ABSENT):
        return ConfigurationError(
            f"PostgreSQL: {error}. This database holds no hub of that namespace and this version: run "
            "`impactive hub init`, which also says whether an older hub is there."
        )
    if isinstance(error, exceptions.InsufficientPrivilegeError):
        return ConfigurationError(
            f"PostgreSQL: {error}. The role of this URL lacks a right: docs/hubs.md lists those that it needs."
        )
    if error.sqlstate == OTHER_VERSION:
        return other_version(int(str(error)))
    if error.sqlstate == ISOLATION:
        return wrong_isolation(str(error))
    if error.sqlstate in _LIMITS:
        return CancelledByEngineError(f"PostgreSQL ended a call: {error}. Nothing was changed.")
    return None


def wrong_isolation(level: str) -> ConfigurationError:
    """Return the error for transactions of a level at which the hub's functions would lose events."""
    return ConfigurationError(
        f"A hub needs transactions that are `read committed`, and here they are `{level}`, which a connection "
        "through a pool cannot change for itself. For the role of this URL: ALTER ROLE … SET "
        "default_transaction_isolation TO 'read committed'."
    )


def _unmendable(error: Exception, *, reached: bool) -> str | None:
    if not reached and "rejected SSL upgrade" in str(error):
        return "this server speaks no TLS, and its option sslmode demands it"
    return unmendable(error, reached=reached)


def _refused_by_pooler(error: Exception) -> bool:
    kinds = (exceptions.ProtocolViolationError, exceptions.ConnectionDoesNotExistError)
    return isinstance(error, kinds) and any(words in str(error) for words in _POOLERS)


def _words(error: Exception) -> str:
    text = str(error).rstrip(".")
    return "no answer in time" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {text}"
