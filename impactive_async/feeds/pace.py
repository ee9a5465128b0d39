"""When to poll next: often enough that a page does not overflow, seldom enough to be welcome. No I/O, no clock."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

Random: TypeAlias = Callable[[], float]
"""Returns a number of [0, 1)."""

TARGET_FILL: Final = 0.5  # of the cap: what a poll should find new, so that twice the rate still fits
SHORTEST: Final = 1.0  # seconds between two polls, whatever the rate
JITTER: Final = 0.1  # share of a pause that may be taken off it
IDLE_GROWTH: Final = 1.5  # factor on the pause for each idle poll in a row
CAUTIOUS_CAP: Final = 100  # the smallest cap a list of unknown cap may have (A7)
FIRST_ERROR_PAUSE: Final = 1.0
LONGEST_ORDERED: Final = 3600.0  # seconds: a `Retry-After` beyond it, and `max_interval`, is taken for a mistake
STARTS_PER_SECOND: Final = 20.0


class Pace:
    """One feed's rhythm, in seconds.

    The rate of new rows is a moving average over `interval` that rises at once and falls slowly: a burst is
    answered by the very next poll, and a lull is believed only when it lasts.
    """

    __slots__ = ("_cap", "_idle", "_interval", "_last", "_longest", "_random", "_rate", "_shortest", "errors")

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
            raise ValueError(f"0 < interval <= max_interval must hold, not {interval!r} and {max_interval!r}")
        self._interval = interval
        self._longest = max_interval
        self._shortest = min(shortest, interval)
        self._cap = cap or CAUTIOUS_CAP
        self._random = rng
        self._rate = 0.0
        self._idle = 0  # polls in a row that brought nothing
        self._last: float | None = None  # when the last page came
        self.errors = 0  # failures since the last page

    @property
    def state(self) -> list[float | None]:
        """All that polls have taught it, for `resume`."""
        return [self._rate, self._idle, self._last, self.errors]

    def resume(self, state: Sequence[Any]) -> None:
        """Go on where the pace that had this `state` was."""
        self._rate, self._idle, self._last, self.errors = state

    def after_page(self, fresh: int, now: float) -> float:
        """The pause after a page that brought `fresh` new rows, at `now` on any steady clock.

        The first page tells nothing of the rate: how long its rows took to gather is unknown.
        """
        elapsed = None if self._last is None else now - self._last
        self._last = now
        return self.after_gap_of(fresh, elapsed)

    def after_gap_of(self, fresh: int, elapsed: float | None) -> float:
        """The pause after a page whose `fresh` rows gathered in `elapsed` seconds, `None` if that is unknown."""
        self.errors = 0
        self._idle = 0 if fresh else self._idle + 1
        if elapsed is not None:
            self._learn(fresh, elapsed)
        if fresh >= self._cap:  # there may be more than was shown, and more coming
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
        """From the busy pause up to the longest one, growing with each idle poll."""
        growth = IDLE_GROWTH ** min(self._idle - 1, 64)  # 64: by then past any bound, and never an overflow
        return min(self._busy_pause() * growth, self._longest)

    def after_error(self, retry_after: float | None = None) -> float:
        """The pause after a failure: exponential, full jitter, at most `interval`.

        Never below `retry_after`, unless that is longer than `max_interval` and an hour: no feed falls silent.
        """
        self.errors += 1
        most = min(FIRST_ERROR_PAUSE * 2.0 ** min(self.errors - 1, 64), self._interval)
        return max(most * self._random(), min(retry_after or 0.0, max(self._longest, LONGEST_ORDERED)))

    def _jittered(self, pause: float) -> float:
        return pause * (1.0 - JITTER * self._random())


def first_poll(
    index: int, feeds: int, interval: float, *, per_second: float = STARTS_PER_SECOND, rng: Random = random.random
) -> float:
    """Seconds until the first poll of feed `index` of `feeds`: evenly spread, all within one interval.

    A lone feed starts at once; many start at `per_second`, or faster if the interval asks for it.
    """
    window = min(interval, (feeds - 1) / per_second)
    return window * (index + rng()) / feeds
