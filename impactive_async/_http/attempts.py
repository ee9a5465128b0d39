"""The attempts of one call: what a failure means for the next attempt, and what stays known of earlier ones."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import NoReturn, Protocol

import attrs

from impactive_async._clock import Clock
from impactive_async._http.learnt.verbs import is_about_verb, other_verb
from impactive_async._http.limits import Limits, PausedError
from impactive_async._http.observers import RetryEvent, tell
from impactive_async._http.retry import RetryPolicy, holds_up_all, may_be_repeated, may_have_acted
from impactive_async._http.transport import DeadlineError, Transport
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async.errors import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    RateLimitError,
)

_retry_log = logging.getLogger("impactive_async.retry")


@attrs.define
class Counters:
    """What a client has done so far."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    failures: int = 0


class Attempter(Protocol):
    """What `Attempts` needs of the caller."""

    @property
    def transport(self) -> Transport:
        """Sends requests."""

    @property
    def limits(self) -> Limits:
        """Holds up requests."""

    @property
    def clock(self) -> Clock:
        """Measures deadlines."""

    @property
    def policy(self) -> RetryPolicy:
        """Decides how long to wait."""

    @property
    def counters(self) -> Counters:
        """Counts what is done."""


@attrs.define
class Attempts:
    """The attempts of one call, from its first failure on."""

    _caller: Attempter
    request: Request
    """What is sent now."""
    _retries: int
    _ends: float | None
    """The moment at which the deadline ends, on the client's clock; `None` without a deadline."""
    _timeout: float
    number: int = 1
    """The number of the attempt that is made now, from 1."""
    _waits: Iterator[float] | None = None
    _last: APIError | None = None
    _refreshed: bool = False
    _lost: APIError | None = None
    """The last failure, if any attempt so far may have acted: nothing that comes later may hide it."""
    scheduled: bool = False
    """Whether a schedule repeats the call: see `Caller.poll`."""
    verbs_refused: dict[str, APIError] = attrs.field(factory=dict)
    """The refusals of an update for its verb, by verb. Those attempts do not count as repetitions."""

    def have_deleted(self, error: Exception) -> bool:
        """Whether this is the 404 that a DELETE gets because an earlier attempt of this call acted."""
        repeat = self.request.repeat
        return repeat is Repeat.DELETE and self._lost is not None and isinstance(error, NotFoundError)

    def change_verb(self, error: Exception) -> bool:
        """Take another verb for an update that was refused for its verb, which has done nothing.

        Returns:
            Whether `request` has another verb now.

        Raises:
            APITimeoutError: The call's deadline is over.
        """
        if not isinstance(error, APIError) or not is_about_verb(self.request.method, error):
            return False
        self.verbs_refused[self.request.method] = self._last = error
        verb = other_verb(error, self.verbs_refused)
        if verb is None:
            return False
        self.request = attrs.evolve(self.request, method=verb)
        self.number += 1
        if self.remaining() == 0.0:
            self._end(self._late(0.0))
        return True

    async def recover(self, error: Exception, response: Response | None) -> float:
        """Wait until the request may be sent again; return the seconds of the wait.

        Args:
            error: What the attempt failed with.
            response: The answer that says so; `None` if there was none.

        Raises:
            Exception: The call has failed for good, with this error or with one that says more.
        """
        if isinstance(error, DeadlineError):
            self._caller.counters.requests -= 1
            self._end(self._late(0.0))
        if isinstance(error, AuthenticationError) and await self._has_new_key(response):
            self.number += 1
            return 0.0
        if isinstance(error, PausedError):
            self._caller.counters.requests -= 1
            self._end(self._unsent(error.seconds))
        if not isinstance(error, APIError):
            self._end(error)
        if error in self.verbs_refused.values():  # no verb is taken: the answer to the first says most
            error = next(iter(self.verbs_refused.values()))
        wait = self._wait_after(error)
        left = self.remaining()
        if left is not None and wait >= left:
            self._end(self._late(wait))
        self._caller.counters.retries += 1
        observers = self._caller.transport.observers
        if observers.on_retry:
            tell(
                observers.on_retry,
                RetryEvent(
                    method=self.request.method,
                    route=self.request.template,
                    attempt=self.number,
                    reason=_name(error),
                    wait=wait,
                ),
            )
        _retry_log.info(
            "%s %s: %s; sent again in %.2f s (attempt %d failed)",
            self.request.method, self.request.template, _name(error), wait, self.number,
        )  # fmt: skip
        self.number += 1
        if not holds_up_all(error):  # else this call waits in line with all others
            try:
                await self._caller.limits.sleep(wait)
            except ConfigurationError as closed:
                closed.__cause__ = error
                self._end(closed)
        return wait

    def remaining(self) -> float | None:
        """Return the seconds that the call has left; `None` without a deadline."""
        return None if self._ends is None else max(self._ends - self._caller.clock.monotonic(), 0.0)

    async def _has_new_key(self, response: Response | None) -> bool:
        """Whether the source of the key has another key now. A 401 did nothing: one more attempt is safe."""
        if self._refreshed or response is None:
            return False
        self._refreshed = True
        try:
            return await self._caller.transport.has_another_key(response.key_version, self._timeout)
        except Exception as error:  # the refusal says more than a source that fails now
            _retry_log.info("the api_key callable was asked for another key, and failed: %s", type(error).__name__)
            return False

    def _wait_after(self, error: APIError) -> float:
        policy, repeat = self._caller.policy, self.request.repeat
        if self._lost is not None or (repeat is not Repeat.READ and may_have_acted(error)):
            self._lost = error
        self._last = error.settle(attempts=self.number, outcome_unknown=self._lost is not None)
        self._waits = self._waits or policy.waits()
        wait = policy.wait_after(error, self._waits)
        if wait is not None and holds_up_all(error):
            # Also when this call gives up, so that the others do not each meet the same refusal.
            self._caller.counters.rate_limited += isinstance(error, RateLimitError)
            if not self.scheduled or self._caller.limits.refusals.concern_all(self.request.template, wait):
                self._caller.limits.pause(wait)
        repetitions = self.number - len(self.verbs_refused)
        if wait is None or repetitions > self._retries or not may_be_repeated(repeat, error):
            self._caller.counters.failures += 1
            raise error
        return wait

    def _end(self, error: Exception) -> NoReturn:
        """End the call because its next attempt was not made."""
        self._caller.counters.failures += 1
        if self._lost is not None and not isinstance(error, APITimeoutError):
            raise self._lost from error
        raise error

    def _late(self, wait: float) -> APITimeoutError:
        """Return the error of a call whose deadline ends before its next attempt, in `wait` seconds."""
        why = f"the next attempt would have been in {wait:.1f} s" if wait else "its request never had its turn"
        error = APITimeoutError(
            f"The deadline of the call is over: {why}.",
            request_sent=self._last is not None,
            method=self.request.method,
            path=self.request.bare_path,
            attempts=self.number if wait else self.number - 1,
            outcome_unknown=self._lost is not None,
        )
        error.__cause__ = self._last
        return error

    def _unsent(self, seconds: float) -> RateLimitError:
        request = self.request
        error = RateLimitError(
            f"Not sent: the server has asked this client to wait for another {math.ceil(seconds)} s, longer than "
            "this call may take. Call again after that, or give the call more time (timeout=, max_retries=, "
            "RetryPolicy.longest_retry_after).",
            status=429,
            method=request.method,
            path=request.bare_path,
            retry_after=seconds,
            attempts=self.number - 1,
        )
        error.__cause__ = self._last
        return error


def _name(error: APIError) -> str:
    status = getattr(error, "status", None)
    return f"HTTP {status}" if status else type(error).__name__
