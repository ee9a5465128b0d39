"""A hub on PostgreSQL (extra `postgres`)."""

from impactive_async.hub.postgres.hub import PostgresHub

__all__ = ["PostgresHub"]
