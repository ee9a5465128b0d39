"""The events that a client tells its observers: requests, answers and repetitions, for metrics and traces."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import attrs
from multidict import CIMultiDict

from impactive_async._checks import check_listener

_log = logging.getLogger("impactive_async.http")

E = TypeVar("E")


@attrs.frozen(kw_only=True, eq=False)
class RequestEvent:
    """A request that is about to be sent: its turn has come, and it has its key.

    Each attempt of a call is a request. The event of its answer has the same object.
    """

    method: str
    """The HTTP method."""
    route: str
    """The path with `:id` places, by which metrics can count."""
    path: str
    """The path itself, without the query."""
    attempt: int
    """The number of the attempt; 1 for the first request of a call."""
    headers: CIMultiDict[str] = attrs.field(repr=False)
    """The headers of this request, the API key among them. An observer may add some, such as a `traceparent`."""


@attrs.frozen(kw_only=True, eq=False)
class ResponseEvent:
    """The answer to a request, or its failure."""

    request: RequestEvent
    status: int | None
    """The HTTP status; `None` if no whole answer arrived."""
    error: str | None
    """The name of the error's class if no whole answer arrived, `CancelledError` if the call was cancelled."""
    elapsed: float
    """Seconds from sending to the last byte."""
    size: int
    """Bytes of the answer's body."""


@attrs.frozen(kw_only=True, eq=False)
class RetryEvent:
    """A request that will be sent again."""

    method: str
    route: str
    attempt: int
    """The attempt that failed."""
    reason: str
    """`HTTP 503`, or the name of the error's class."""
    wait: float
    """Seconds until it is sent again, as far as is known now."""


OnRequest: TypeAlias = Callable[[RequestEvent], object]
OnResponse: TypeAlias = Callable[[ResponseEvent], object]
OnRetry: TypeAlias = Callable[[RetryEvent], object]


class Observers:
    """Functions that are called with events, in the event loop: they must be quick. What they raise is logged."""

    __slots__ = ("on_request", "on_response", "on_retry", "watch_requests")

    def __init__(self) -> None:
        self.on_request: list[OnRequest] = []
        self.on_response: list[OnResponse] = []
        self.on_retry: list[OnRetry] = []
        self.watch_requests = False
        """Whether there is an observer of requests or answers."""

    def add(self, on_request: OnRequest | None, on_response: OnResponse | None, on_retry: OnRetry | None) -> None:
        """Add observers, which are called after those that are there.

        Raises:
            InvalidArgumentError: One is no plain function.
        """
        given = {"on_request": on_request, "on_response": on_response, "on_retry": on_retry}
        for name, observer in given.items():
            if observer is not None:
                check_listener(observer, name)
        self.on_request += [on_request] if on_request else []
        self.on_response += [on_response] if on_response else []
        self.on_retry += [on_retry] if on_retry else []
        self.watch_requests = bool(self.on_request or self.on_response)


def tell(observers: Sequence[Callable[[E], object]], event: E) -> None:
    """Call observers. What they raise is logged and does not fail the call."""
    for observer in observers:
        try:
            observer(event)
        except Exception:
            _log.exception("an observer of the client has failed; the call goes on")


class Observation:
    """One request under way, as observers are told of it."""

    __slots__ = ("_began", "_event", "_observers")

    def __init__(self, observers: Observers, event: RequestEvent) -> None:
        tell(observers.on_request, event)
        self._observers, self._event, self._began = observers, event, time.perf_counter()

    def answered(self, status: int, size: int) -> None:
        """Tell of a whole answer."""
        self._end(status, None, size)

    def failed(self, error: BaseException) -> None:
        """Tell that no whole answer arrived."""
        self._end(None, type(error).__name__, 0)

    def _end(self, status: int | None, error: str | None, size: int) -> None:
        elapsed = time.perf_counter() - self._began
        event = ResponseEvent(request=self._event, status=status, error=error, elapsed=elapsed, size=size)
        tell(self._observers.on_response, event)
