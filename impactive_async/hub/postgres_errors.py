"""What a PostgreSQL server's errors mean to a hub: again, never, or not yet made."""

from __future__ import annotations

import asyncpg

BROKEN = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says at times where the server ended the connection amid a call
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,  # the server is shutting down or starting up
    asyncpg.exceptions.InsufficientResourcesError,  # no connection is free
    asyncpg.exceptions.TransactionRollbackError,  # a deadlock's victim
)
MADE_BY_ANOTHER = (
    asyncpg.exceptions.UniqueViolationError,
    asyncpg.exceptions.DuplicateSchemaError,
    asyncpg.exceptions.DuplicateTableError,
)
REFUSED = (
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,  # user or password
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.InsufficientPrivilegeError,
)
ABSENT = (
    asyncpg.exceptions.InvalidSchemaNameError,
    asyncpg.exceptions.UndefinedFunctionError,
    asyncpg.exceptions.UndefinedTableError,
)
