"""A hub on Redis (extra `redis`)."""

from impactive_async.hub.redis.hub import RedisHub

__all__ = ["RedisHub"]
