"""When a request is sent again, and after how long: one table for calls, feeds and bulk work.

This is the only import of `backoff`. Its decorators are not used, because they rest on an asyncio call that is
deprecated, and because they jitter `Retry-After`. Its wait generator and its jitter are used.
"""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import attrs
import backoff

from impactive_async._http.session.reading import TooLargeError
from impactive_async._http.wire import Repeat
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    ConfigurationError,
    DecodeError,
    RateLimitError,
)


class Trouble(Enum):
    """What went wrong, as far as sending again is concerned."""

    REFUSED = "425, 429: the server refused before acting"
    NOT_SENT = "DNS, connect or TLS set-up: the request never left"
    AMBIGUOUS = "it may pass, and the server may have acted: disconnect, read time-out, 408, most of 5xx"
    FINAL = "sending again would change nothing"


_EVERY = frozenset(Repeat)
_SENT_AGAIN: dict[Trouble, frozenset[Repeat]] = {
    Trouble.REFUSED: _EVERY,
    Trouble.NOT_SENT: _EVERY,
    Trouble.AMBIGUOUS: frozenset({Repeat.READ, Repeat.DELETE, Repeat.WRITE}),
    Trouble.FINAL: frozenset(),
}

_REFUSALS = frozenset({425, 429})
_NEVER_SERVED = frozenset({501, 505, 506, 510})
"""Of 5xx, those by which a server says that it never serves such a request. All others pass, whoever made them up:
Cloudflare's 520 to 530, 509 and 529 for overload, 598 and 599 of proxies."""


def is_passing(status: int) -> bool:
    """Whether the same request may succeed later, with nothing changed by us."""
    return status == 408 or status in _REFUSALS or (status >= 500 and status not in _NEVER_SERVED)


def trouble_of(error: APIError) -> Trouble:
    """Classify an error that came out of one attempt."""
    if isinstance(error, APIStatusError):
        if error.status in _REFUSALS:
            return Trouble.REFUSED
        return Trouble.AMBIGUOUS if is_passing(error.status) else Trouble.FINAL
    if isinstance(error, APIConnectionError):
        # A certificate that is not trusted now is not trusted in a second either.
        if isinstance(error.__cause__, ssl.CertificateError):
            return Trouble.FINAL
        return Trouble.AMBIGUOUS if error.request_sent else Trouble.NOT_SENT
    return Trouble.FINAL


def may_pass(error: APIError) -> bool:
    """Whether the same read may succeed later: if no call would repeat it now, a schedule still may.

    An answer that cannot be read is of this kind, because a maintenance page passes. An answer that is too large
    is not.
    """
    if isinstance(error, DecodeError):
        return not isinstance(error, TooLargeError)
    return trouble_of(error) is not Trouble.FINAL


def may_be_repeated(repeat: Repeat, error: APIError) -> bool:
    """Whether a request that failed so may be sent again."""
    return repeat in _SENT_AGAIN[trouble_of(error)]


def may_have_acted(error: APIError) -> bool:
    """Whether the server may have carried the request out although it did not say so.

    An answer that cannot be read (`DecodeError`) shows that the server acted, and not what it did. A redirection
    may lead to what was made (303), or to where it could be made (308). A 408 may come from a proxy that waited
    for the server. A body that contradicts itself was told apart before (`decipher`).
    """
    if isinstance(error, APIStatusError):
        return error.outcome_unknown or error.status >= 500 or 300 <= error.status < 400 or error.status == 408
    if isinstance(error, APIConnectionError):
        return error.request_sent
    return True


def holds_up_all(error: APIError) -> bool:
    """Whether every request of the client waits after this failure, and not only the one that failed.

    So it is after each 429, and after any other passing failure for which the server names a time (`Retry-After`).
    """
    if not isinstance(error, APIStatusError) or trouble_of(error) is Trouble.FINAL:
        return False
    return isinstance(error, RateLimitError) or error.retry_after is not None


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
        return map(self.jitter, self._bounds())

    def wait_after(self, error: APIError, waits: Iterator[float]) -> float | None:
        """Return the seconds to wait before anything is sent again; `None` if waiting is of no use, or too long.

        This is the next of `waits`, or what the server asked for with `Retry-After`, whichever is longer: a server
        that asks for no time at all would otherwise get all attempts within milliseconds.
        """
        if trouble_of(error) is Trouble.FINAL:
            return None
        asked = (isinstance(error, APIStatusError) and error.retry_after) or 0.0
        return max(asked, next(waits)) if asked <= self.longest_retry_after else None

    def patience(self, timeout: float, max_retries: int) -> float:
        """Return the seconds for which a call waits for a pause that another call brought about.

        As long as it could take by its own options if no server answered, each attempt with its time-out and the
        waits between them; and no longer than `longest_retry_after`.
        """
        retries = min(max_retries, 1000)  # that many take longer than anybody waits, and still fit a float
        waits = sum(itertools.islice(self._bounds(), retries)) if retries else 0.0
        return min(self.longest_retry_after, timeout * (retries + 1) + waits)

    def _bounds(self) -> Iterator[float]:
        bounds: Any = backoff.expo(base=2, factor=self.first, max_value=self.longest)
        next(bounds)  # backoff's generators take a first, empty step
        return iter(bounds)


def check_policy(retry: object) -> RetryPolicy | None:
    """Return the policy that a user passed; `None` if none was.

    Raises:
        ConfigurationError: It is something else, such as a number of retries.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigurationError(f"retry is a RetryPolicy, not {retry!r}; how often is max_retries.")
    return retry
