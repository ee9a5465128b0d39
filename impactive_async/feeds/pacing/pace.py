"""When to poll next: before a page can overflow, and otherwise as seldom as the user asked. No I/O, no clock."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from impactive_async._http.foreign import is_foreign
from impactive_async._http.retry import may_pass
from impactive_async.errors import APIError, APIStatusError, DecodeError, InvalidArgumentError, NotFoundError

Random: TypeAlias = Callable[[], float]
"""Returns a random number of at least 0 and below 1."""

INTERVAL: Final = 300.0
"""Seconds between polls: the vendor advises 5 to 15 minutes."""
TARGET_FILL: Final = 0.5
"""The share of the cap that a poll should find new: rows may come twice as fast, and a page still holds them."""
SHORTEST: Final = 1.0
"""Seconds between two polls, whatever the rate."""
JITTER: Final = 0.1
"""The largest share of a pause that chance takes off."""
IDLE_GROWTH: Final = 1.5
"""Each poll in a row without new rows makes the pause so many times longer."""
CAUTIOUS_CAP: Final = 100
"""Rows: assumed as the cap of a list whose cap is unknown (A7)."""
FIRST_ERROR_PAUSE: Final = 1.0
"""Seconds: the longest pause after a first failure. It doubles with each failure in a row."""
LONGEST_ORDERED: Final = 3600.0
"""Seconds: a `Retry-After` is followed up to this, or up to `max_interval` if that is longer."""
STARTS_PER_SECOND: Final = 20.0
"""First polls that many feeds make in a second."""
MOST_UNREADABLE: Final = 10
"""Answers in a row that are unreadable, or not the API's, after which a feed raises: a maintenance page passes, a
wrong base URL does not."""
LEAST_UNREADABLE: Final = 10.0
"""Seconds that these answers span at least: a feed with a short interval has ten of them in a moment."""


class Pace:
    """The pauses between one feed's polls, in seconds.

    They follow the rate of new rows, a moving average over `interval`. A higher rate counts at once, so that the
    poll after a burst comes early. A lower rate counts by degrees.
    """

    __slots__ = (
        "_cap",
        "_idle",
        "_interval",
        "_last",
        "_longest",
        "_random",
        "_rate",
        "_shortest",
        "_unreadable",
        "_unreadable_since",
        "errors",
    )

    def __init__(
        self,
        *,
        interval: float,
        max_interval: float,
        cap: int | None,
        shortest: float = SHORTEST,
        rng: Random = random.random,
    ) -> None:
        if not 0 < interval <= max_interval < math.inf:
            raise InvalidArgumentError(
                f"0 < interval <= max_interval must hold, not {interval!r} and {max_interval!r}"
            )
        self._interval = interval
        self._longest = max_interval
        self._shortest = min(shortest, interval)
        self._cap = cap or CAUTIOUS_CAP
        self._random = rng
        self._rate = 0.0
        self._idle = 0  # polls in a row that brought nothing
        self._last: float | None = None  # when the last page came
        self._unreadable = 0  # answers since the last readable page that were not the API's, or unreadable
        self._unreadable_since: float | None = None  # when the first of them came
        self.errors = 0  # failures since the last page

    @property
    def has_page(self) -> bool:
        """Whether a page has come."""
        return self._last is not None

    @property
    def state(self) -> list[float | None]:
        """The rate and the counts so far, for `resume`."""
        return [self._rate, self._idle, self._last, self.errors, self._unreadable, self._unreadable_since]

    def resume(self, state: Sequence[Any]) -> None:
        """Continue from the `state` of another pace."""
        self._rate, self._idle, self._last, self.errors, self._unreadable, self._unreadable_since = state

    def after_page(self, fresh: int, now: float, cap: int | None = None) -> float:
        """Return the pause after a page with `fresh` new rows, at `now` seconds of a steady clock.

        The first page does not change the rate, because it is unknown over what time its rows came.

        Args:
            fresh: Rows.
            now: Seconds.
            cap: The most rows that a page was found to have; `None`: as many as was assumed.
        """
        elapsed = None if self._last is None else now - self._last
        self._last = now
        return self.after_gap_of(fresh, elapsed, cap)

    def after_gap_of(self, fresh: int, elapsed: float | None, cap: int | None = None) -> float:
        """Return the pause after a page with `fresh` new rows of `elapsed` seconds; `None`: of an unknown time."""
        self._cap = cap or self._cap
        self.errors, self._unreadable, self._unreadable_since = 0, 0, None
        self._idle = 0 if fresh else self._idle + 1
        if elapsed is not None:
            self._learn(fresh, elapsed)
        if fresh >= self._cap:  # the page may have overflowed, and more rows may be coming
            return self._jittered(self._shortest)
        return self._jittered(self._idle_pause() if self._idle else self._busy_pause())

    def _learn(self, fresh: int, elapsed: float) -> None:
        rate = fresh / max(elapsed, self._shortest)
        weight = 1.0 if rate > self._rate else -math.expm1(-elapsed / self._interval)
        self._rate += (rate - self._rate) * weight

    def _busy_pause(self) -> float:
        if self._rate == 0.0:
            return self._interval
        return min(max(self._cap * TARGET_FILL / self._rate, self._shortest), self._interval)

    def _idle_pause(self) -> float:
        """Return a pause that grows with each idle poll, from the busy pause up to the longest one."""
        growth = IDLE_GROWTH ** min(self._idle - 1, 64)  # at 64 it is past any bound; higher powers would overflow
        return min(self._busy_pause() * growth, self._longest)

    def after_failure(self, error: APIError, now: float = math.inf, *, was_there: bool = False) -> float:
        """Return the pause after a failed poll, at `now` seconds of a steady clock.

        Args:
            error: The failure.
            now: Seconds.
            was_there: Whether the list has no id in its path, and was there before: then a 404 passes.

        Raises:
            APIError: The same error, if polling again would not help.
        """
        foreign = is_foreign(error) or (was_there and isinstance(error, NotFoundError))
        if foreign or isinstance(error, DecodeError):
            self._unreadable += 1
            self._unreadable_since = now if self._unreadable_since is None else self._unreadable_since
        if not (foreign or may_pass(error)) or self._is_out_of_patience(now):
            raise error
        return self.after_error(_asked(error))

    def _is_out_of_patience(self, now: float) -> bool:
        if self._unreadable_since is None or self._unreadable < MOST_UNREADABLE:
            return False
        return now == math.inf or now - self._unreadable_since >= LEAST_UNREADABLE

    def after_refusal(self, error: Exception) -> float:
        """Return the pause after an error that polling again at once would not mend: the next poll keeps its time.

        It is the interval, or a longer `Retry-After`.
        """
        self.errors += 1
        return max(self._jittered(self._interval), self.bounded(_asked(error)))

    def after_error(self, retry_after: float | None = None) -> float:
        """Return a random pause up to a bound that doubles with each failure in a row, and is at most `interval`.

        The pause is at least `retry_after` seconds. Of a `retry_after` longer than an hour and `max_interval`, the
        longer of these two counts, so that no feed stops for days.
        """
        self.errors += 1
        most = min(FIRST_ERROR_PAUSE * 2.0 ** min(self.errors - 1, 64), self._interval)
        return max(most * self._random(), self.bounded(retry_after))

    def bounded(self, retry_after: float | None) -> float:
        """Return the seconds of a `Retry-After` that are followed."""
        return min(retry_after or 0.0, max(self._longest, LONGEST_ORDERED))

    def _jittered(self, pause: float) -> float:
        return pause * (1.0 - JITTER * self._random())


def _asked(error: Exception) -> float | None:
    return error.retry_after if isinstance(error, APIStatusError) else None


def first_poll(
    index: int, feeds: int, interval: float, *, per_second: float = STARTS_PER_SECOND, rng: Random = random.random
) -> float:
    """Return the seconds until the first poll of a feed.

    The first polls are spread evenly: so many `per_second`, or more if one `interval` could not hold them.

    Args:
        index: The feed's number, from 0.
        feeds: How many feeds there are. A single one starts at once.
        interval: Seconds between the polls of a feed.
        per_second: First polls in a second.
        rng: Where in its part of the time the poll lies, from 0 to 1.
    """
    window = min(interval, (feeds - 1) / per_second)
    return window * (index + rng()) / feeds
