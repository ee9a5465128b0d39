"""Makes calls: sends a request, reads its answer, and sends the request again where `retry` allows that."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, Generic, NoReturn, TypeVar

import attrs

from impactive_async._checks import check_count, check_positive
from impactive_async._clock import Clock
from impactive_async._codec.bodies import Shape
from impactive_async._http.attempts import Attempts, Counters
from impactive_async._http.decipher import decipher, http_date
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.limits import Limits
from impactive_async._http.recording import RECORDING
from impactive_async._http.retry import RetryPolicy
from impactive_async._http.settings import check_headers, mask
from impactive_async._http.stats import ClientStats
from impactive_async._http.transport import Transport
from impactive_async._http.wire import Request, Response

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")

LARGE: Final = 2**20
"""Bytes: a body of so many is read in a thread, so that the event loop is not blocked meanwhile."""

_log = logging.getLogger("impactive_async.http")


@attrs.define
class Answer(Generic[T_co]):
    """The value of a call, with what feeds and bulk work need beside it. Like `Response`, it is not frozen."""

    value: T_co
    attempts: int
    date: str | None
    etag: str | None = None
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def server_time(self) -> datetime | None:
        """The answer's `Date`, to the second; `None` if there is none, or none that can be read."""
        return None if self.date is None else http_date(self.date)


@attrs.frozen
class CallOptions:
    """The options of one call; `None` stands for the client's."""

    timeout: float | None = None
    max_retries: int | None = None
    deadline: float | None = None
    extra_headers: Mapping[str, str] | None = None
    scheduled: bool = False
    """Whether a schedule repeats the call: see `Caller.poll`."""


_NONE = (None, None, None, None)


@attrs.frozen(kw_only=True)
class Caller:
    """Makes calls with one set of options; several callers may share a transport (`with_options`)."""

    transport: Transport
    limits: Limits
    clock: Clock
    policy: RetryPolicy
    timeout: float
    max_retries: int
    deadline: float | None = None
    extra_headers: Mapping[str, str] | None = None
    counters: Counters = attrs.field(factory=Counters)
    deviations: Deviations = attrs.field(factory=Deviations)
    patient: bool = False
    """Whether calls wait for a pause that another call brought about as long as for one of their own."""
    patience: float = attrs.field(init=False)
    """Seconds for which a call without options of its own waits for a pause that another call brought about."""

    @patience.default
    def _default_patience(self) -> float:
        return self._patience_of(self.timeout, self.max_retries)

    def _patience_of(self, timeout: float, max_retries: int) -> float:
        return self.policy.longest_retry_after if self.patient else self.policy.patience(timeout, max_retries)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client, and what it has made, cannot be pickled or deep-copied: make one in each process"
        )

    def for_bulk(self) -> Caller:
        """Return a caller for work that nobody waits for: its calls would rather wait than fail."""
        return attrs.evolve(self, patient=True)

    def call(
        self,
        request: Request,
        shape: Shape[T],
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Awaitable[T]:
        """Make a call and return its value.

        Args:
            request: What to send.
            shape: Turns the answer's body into the value; raises `DecodeError` where it cannot.
            timeout: Seconds for each attempt, from its turn to the last byte; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's.

        Raises:
            APIError: The call failed for good; `outcome_unknown` says whether a write may have happened.
            ConfigurationError: The client is closed or of another loop, or the key is ill-formed.
        """
        own = (timeout, max_retries, deadline, extra_headers)
        return self._attempts(request, shape, None if own == _NONE else CallOptions(*own), _value_alone)

    def answer(
        self,
        request: Request,
        shape: Shape[T],
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Awaitable[Answer[T]]:
        """Make a call and return its value with the number of attempts and the server's time. See `call`."""
        own = CallOptions(timeout, max_retries, deadline, extra_headers)
        return self._attempts(request, shape, own, _whole_answer)

    def poll(self, request: Request, shape: Shape[T], timeout: float | None = None) -> Awaitable[Answer[T]]:
        """Make a call that a schedule repeats, and return what `answer` does. It is sent once.

        If it is refused for a time (429, `Retry-After`), only its route has to wait, as the schedule sees to. The
        whole client waits if a second route is refused meanwhile, and none has been answered since.
        """
        options = CallOptions(timeout, max_retries=0, scheduled=True)
        return self._attempts(request, shape, options, _whole_answer)

    def timeout_of(self, seconds: float | None) -> float:
        """Return the time-out of an attempt in seconds; `None` stands for the client's own.

        Raises:
            ValueError: It is not a positive, finite number.
        """
        return self.timeout if seconds is None else check_positive(seconds, "timeout")

    def max_retries_of(self, count: int | None) -> int:
        """Return how often a call is sent again at the most; `None` stands for the client's own number.

        Raises:
            ValueError: It is not a whole number of at least 0.
        """
        return self.max_retries if count is None else check_count(count, "max_retries", least=0)

    def with_options(
        self,
        *,
        timeout: float | None,
        max_retries: int | None,
        policy: RetryPolicy | None,
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
    ) -> Caller:
        """Return a caller with other options, over the same transport, limits and counters; `None` keeps ours.

        Raises:
            ValueError: A number out of its range.
            ConfigurationError: A header is malformed or not allowed.
        """
        more = check_headers(mask(extra_headers or {}))
        return attrs.evolve(
            self,
            timeout=self.timeout_of(timeout),
            max_retries=self.max_retries_of(max_retries),
            policy=policy or self.policy,
            deadline=self.deadline if deadline is None else check_positive(deadline, "deadline"),
            extra_headers={**(self.extra_headers or {}), **more} or None,
        )

    def stats(self) -> ClientStats:
        """Return what the client has done so far and is doing now."""
        return ClientStats(
            cancelled_writes=self.transport.cancelled_writes,
            deviations=dict(self.deviations.counts),
            in_flight=self.limits.under_way,
            waiting=self.limits.waiting,
            **attrs.asdict(self.counters),
        )

    async def _attempts(
        self,
        request: Request,
        shape: Shape[T],
        options: CallOptions | None,
        result: Callable[[T, int, Response | None], S],
    ) -> S:
        seconds, retries, deadline, patience = self.timeout, self.max_retries, self.deadline, self.patience
        if self.extra_headers is not None:
            request = attrs.evolve(request, headers={**(request.headers or {}), **self.extra_headers})
        if options is not None:
            request, seconds, retries, deadline, patience = self._chosen(request, options)
        asked, request = request, self.deviations.as_learnt(request)
        longest_pause = patience
        scheduled = options is not None and options.scheduled
        recording = RECORDING.get()
        began = time.perf_counter()
        attempts: Attempts | None = None
        remaining = deadline
        ends = None if deadline is None else self.clock.monotonic() + deadline
        while True:
            response: Response | None = None
            number = 1 if attempts is None else attempts.number
            try:
                self.counters.requests += 1
                started = time.perf_counter() if attempts else began
                response = await self.transport.send(
                    request, seconds, longest_pause, remaining=remaining, attempt=number
                )
                if _log.isEnabledFor(logging.DEBUG):
                    _log_answer(request, response, number, time.perf_counter() - started)
                if len(response.body) < LARGE:
                    value = decipher(request, response, shape, self.deviations)
                else:
                    value = await asyncio.to_thread(decipher, request, response, shape, self.deviations)
            except Exception as error:
                attempts = attempts or Attempts(self, request, retries, ends, seconds, scheduled=scheduled)
                if self.deviations.may_change_verb(asked) and attempts.change_verb(error):
                    request = attempts.request
                    remaining = attempts.remaining()
                    continue
                if not attempts.have_deleted(error):
                    longest_pause = max(patience, await attempts.recover(error, response))
                    remaining = attempts.remaining()
                    continue
                value = shape(b"")
            if attempts is not None and attempts.verbs_refused:
                self.deviations.took(asked.template, request.method)
            if scheduled:
                self.limits.refusals.answered()
            if recording is not None and response is not None:
                recording.take(response, number, time.perf_counter() - began)
            return result(value, number, response)

    def _chosen(self, request: Request, options: CallOptions) -> tuple[Request, float, int, float | None, float]:
        """Return the request and the bounds of a call that has options of its own."""
        seconds = self.timeout if options.timeout is None else check_positive(options.timeout, "timeout")
        retries = self.max_retries_of(options.max_retries)
        deadline = self.deadline if options.deadline is None else check_positive(options.deadline, "deadline")
        if options.extra_headers:
            headers = check_headers(mask(options.extra_headers))
            request = attrs.evolve(request, headers={**(request.headers or {}), **headers})
        return request, seconds, retries, deadline, self._patience_of(seconds, retries)


def _value_alone(value: T, _attempts: int, _response: Response | None) -> T:
    return value


def _whole_answer(value: T, attempts: int, response: Response | None) -> Answer[T]:
    if response is None:
        return Answer(value, attempts, None)
    headers = response.headers
    return Answer(value, attempts, headers.get("Date"), headers.get("ETag"), response.body)


def _log_answer(request: Request, response: Response, attempt: int, seconds: float) -> None:
    _log.debug(
        "%s %s -> %d, %d bytes in %.0f ms (attempt %d)",
        request.method, request.template, response.status, len(response.body), seconds * 1000, attempt,
    )  # fmt: skip
