"""Sentinels that name the master, and what no waiting mends about them."""

from __future__ import annotations

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel

from impactive_async.hub.reaching.refusals import unmendable

_REFUSED = (exceptions.AuthenticationError, exceptions.AuthorizationError)


class WrongSentinelsError(exceptions.RedisError):
    """What is wrong with the Sentinels of a URL, or with the service that it names."""


class Sentinels(Sentinel):
    """Tells Sentinels that know no master now from those that never will."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the address of the service's master.

        Raises:
            WrongSentinelsError: The Sentinels refuse us, are none, or none of them knows the service.
            MasterNotFoundError: A master may be found later.
        """
        try:
            address, port = await super().discover_master(service_name)
        except MasterNotFoundError:  # whose words are redis-py's objects
            why = await self._obstacle(service_name)
            raise MasterNotFoundError(f"its Sentinels name no master of {service_name!r} now") from why
        except exceptions.ResponseError as error:
            raise error from await self._obstacle(service_name)
        return address, port

    async def _obstacle(self, service: str) -> Exception | None:
        """Return what no Sentinel will get over; None if one of them may name a master later."""
        answers = [await _known(sentinel) for sentinel in self.sentinels]
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if any(service in answer for answer in answers if not isinstance(answer, Exception)):
            return None
        if not failures:
            raise WrongSentinelsError(f"its Sentinels know no service {service!r}")
        return _common(failures) if len(failures) == len(answers) else None


async def _known(sentinel: Redis) -> list[str] | Exception:
    """Return the services that a Sentinel knows, or why it does not say."""
    try:
        return [str(name) for name in await sentinel.sentinel_masters()]
    except exceptions.RedisError as error:
        return _told(error)


def _common(failures: list[Exception]) -> Exception | None:
    for failure in failures:
        if isinstance(failure, WrongSentinelsError):
            raise failure
    return failures[0] if all(unmendable(one, reached=False) for one in failures) else None


def _told(error: Exception) -> Exception:
    if isinstance(error, _REFUSED):
        return WrongSentinelsError(
            "its Sentinels refuse the user or the password (options sentinel_username and sentinel_password)"
        )
    if "unknown command" in str(error):
        return WrongSentinelsError("what answers there is no Sentinel (redis://host leads to a single server)")
    return error
