"""The one sentence every request is: build, send, decipher, shape; again where `retry` says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._clock import Clock
from impactive_async._http.decipher import decipher, http_date
from impactive_async._http.limits import Limits
from impactive_async._http.retry import RetryPolicy, may_have_acted
from impactive_async._http.transport import Transport
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async.errors import APIError, NotFoundError, RateLimitError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")

_log = logging.getLogger("impactive_async.http")
_retry_log = logging.getLogger("impactive_async.retry")


@attrs.frozen
class Answer(Generic[T_co]):
    """A call's value and what feeds and bulk work need to know beside it."""

    value: T_co
    attempts: int
    date: str | None

    @property
    def server_time(self) -> datetime | None:
        """The answer's `Date`, to the second; `None` if it had none that can be read."""
        return None if self.date is None else http_date(self.date)


@attrs.define
class Counters:
    """What a client has done so far."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    failures: int = 0


@attrs.frozen(kw_only=True)
class Caller:
    """Makes calls with one set of options; several callers may share a transport (`with_options`)."""

    transport: Transport
    limits: Limits
    clock: Clock
    policy: RetryPolicy
    timeout: float
    max_retries: int
    counters: Counters = attrs.field(factory=Counters)

    def call(
        self,
        request: Request,
        shape: Callable[[Any], T],
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Awaitable[T]:
        """Make a call and return its value.

        Args:
            request: What to send.
            shape: Turns the answer's JSON into the value; raises `DecodeError` where it cannot.
            timeout: Seconds for each attempt, from its turn to the last byte; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            APIError: The call failed for good; `outcome_unknown` says whether a write may have happened.
            ConfigurationError: The client is closed or of another loop, or the key is ill-formed.
        """
        return self._attempts(request, shape, timeout, max_retries, _value_alone)

    def answer(
        self,
        request: Request,
        shape: Callable[[Any], T],
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Awaitable[Answer[T]]:
        """Make a call and return its value with the number of attempts and the server's time. See `call`."""
        return self._attempts(request, shape, timeout, max_retries, _whole_answer)

    async def _attempts(
        self,
        request: Request,
        shape: Callable[[Any], T],
        timeout: float | None,
        max_retries: int | None,
        result: Callable[[T, int, Response | None], S],
    ) -> S:
        timeout = self.timeout if timeout is None else check_timeout(timeout)
        retries = self.max_retries if max_retries is None else check_max_retries(max_retries)
        waits: Iterator[float] | None = None
        attempt, unknown = 1, False
        lost: APIError | None = None  # a sending that may have acted: nothing that comes later may hide it
        while True:
            try:
                self.counters.requests += 1
                started = time.perf_counter()
                response = await self.transport.send(request, timeout)
                if _log.isEnabledFor(logging.DEBUG):
                    _log_answer(request, response, attempt, time.perf_counter() - started)
                return result(decipher(request, response, shape), attempt, response)
            except APIError as error:
                if unknown and request.repeat is Repeat.DELETE and isinstance(error, NotFoundError):
                    return result(shape(None), attempt, None)  # an earlier sending of ours deleted it
                unknown = unknown or (request.repeat is not Repeat.READ and may_have_acted(error))
                error.settle(attempts=attempt, outcome_unknown=unknown)
                lost = error if unknown else None
                waits = waits or self.policy.waits()
                wait = self.policy.wait_before_repeating(request.repeat, error, waits)
                self._close_gate(error, wait)
                if wait is None or attempt > retries:
                    self.counters.failures += 1
                    raise
                await self._pause(request, error, wait, attempt)
            except Exception as error:
                self.counters.failures += 1
                if lost is None:
                    raise
                raise lost from error
            attempt += 1

    def _close_gate(self, error: APIError, wait: float | None) -> None:
        # Also when this call gives up: the others need not each meet the same 429.
        if isinstance(error, RateLimitError) and wait is not None:
            self.counters.rate_limited += 1
            self.limits.pause(wait)

    async def _pause(self, request: Request, error: APIError, wait: float, attempt: int) -> None:
        self.counters.retries += 1
        _retry_log.info(
            "%s %s: %s; sent again in %.2f s (attempt %d failed)",
            request.method, request.template, _name(error), wait, attempt,
        )  # fmt: skip
        if not isinstance(error, RateLimitError):  # after a 429 everybody waits at the gate, this task with them
            await self.clock.sleep(wait)


def _value_alone(value: T, _attempts: int, _response: Response | None) -> T:
    return value


def _whole_answer(value: T, attempts: int, response: Response | None) -> Answer[T]:
    return Answer(value, attempts, None if response is None else response.headers.get("Date"))


def check_timeout(seconds: object) -> float:
    """Return the time-out.

    Raises:
        ValueError: It is not a positive, finite number of seconds.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 1e9:
        raise ValueError(f"timeout is a positive number of seconds, not {seconds!r}")
    return float(seconds)


def check_max_retries(count: object) -> int:
    """Return the number of retries.

    Raises:
        ValueError: It is not a whole number of at least 0.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"max_retries is a whole number of at least 0, not {count!r}")
    return count


def _name(error: APIError) -> str:
    status = getattr(error, "status", None)
    return f"HTTP {status}" if status else type(error).__name__


def _log_answer(request: Request, response: Response, attempt: int, seconds: float) -> None:
    _log.debug(
        "%s %s -> %d, %d bytes in %.0f ms (attempt %d)",
        request.method, request.template, response.status, len(response.body), seconds * 1000, attempt,
    )  # fmt: skip
