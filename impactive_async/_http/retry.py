"""When a request is sent again, and after how long: one table, and the only import of `backoff`.

`backoff`'s decorators are not used: they rest on an asyncio call on its way out, and they jitter `Retry-After`.
Its wait generators and its jitter are.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import attrs
import backoff

from impactive_async._http.wire import Repeat
from impactive_async.errors import APIConnectionError, APIError, APIStatusError


class Trouble(Enum):
    """What went wrong, as far as sending again is concerned."""

    REFUSED = "429: the server refused before acting"
    NOT_SENT = "DNS, connect or TLS set-up: the request never left"
    AMBIGUOUS = "the server may have acted: disconnect, read time-out, 500, 502, 503, 504"
    FINAL = "sending again would change nothing"


_EVERY = frozenset(Repeat)
_SENT_AGAIN: dict[Trouble, frozenset[Repeat]] = {
    Trouble.REFUSED: _EVERY,
    Trouble.NOT_SENT: _EVERY,
    Trouble.AMBIGUOUS: frozenset({Repeat.READ, Repeat.DELETE, Repeat.WRITE}),
    Trouble.FINAL: frozenset(),
}

_AMBIGUOUS_STATUSES = frozenset({500, 502, 503, 504})


def trouble_of(error: APIError) -> Trouble:
    """Classify an error that came out of one attempt."""
    if isinstance(error, APIStatusError):
        if error.status == 429:
            return Trouble.REFUSED
        return Trouble.AMBIGUOUS if error.status in _AMBIGUOUS_STATUSES else Trouble.FINAL
    if isinstance(error, APIConnectionError):
        # A certificate that is not trusted now is not trusted in a second either.
        if isinstance(error.__cause__, ssl.CertificateError):
            return Trouble.FINAL
        return Trouble.AMBIGUOUS if error.request_sent else Trouble.NOT_SENT
    return Trouble.FINAL


def may_have_acted(error: APIError) -> bool:
    """Whether the server may have carried the request out although it did not say so.

    Of an answer that cannot be read (`DecodeError`) only the writing is certain, not what was written. A
    redirection may lead to what was made (303), or to where it could be made (308).
    """
    if isinstance(error, APIStatusError):
        return error.status >= 500 or 300 <= error.status < 400
    if isinstance(error, APIConnectionError):
        return error.request_sent
    return True


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How long to wait before a request is sent again; *whether* it is, is decided by the table above.

    Attributes:
        first: Upper bound of the first wait, in seconds; it doubles from try to try.
        longest: Upper bound of any such wait, in seconds.
        longest_retry_after: A `Retry-After` beyond this many seconds is raised rather than waited for.
        jitter: Spreads a wait: is given its upper bound and returns the wait. Full jitter by default. A
            `Retry-After` is never jittered.
    """

    first: float = 0.5
    longest: float = 30.0
    longest_retry_after: float = 120.0
    jitter: Callable[[float], float] = backoff.full_jitter

    def waits(self) -> Iterator[float]:
        """Yield one wait after another, in seconds, without end."""
        steps: Any = backoff.expo(base=2, factor=self.first, max_value=self.longest)
        next(steps)  # backoff's generators take a first, empty step
        return (self.jitter(step) for step in steps)

    def wait_before_repeating(self, repeat: Repeat, error: APIError, waits: Iterator[float]) -> float | None:
        """Return the seconds to wait before the request is sent again; `None` if it must not be."""
        if repeat not in _SENT_AGAIN[trouble_of(error)]:
            return None
        asked = error.retry_after if isinstance(error, APIStatusError) else None
        if asked is None:
            return next(waits)
        return asked if asked <= self.longest_retry_after else None
