"""When an event that could not be delivered is tried again, and when it is given up. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from impactive_async._checks import check_count, check_positive
from impactive_async.errors import InvalidArgumentError

LONGEST_PAUSE: Final = 7 * 86_400.0
"""Seconds: no pause is longer, whatever is asked for."""
GROWTH: Final = 4.0
_JITTER: Final = 0.2


@frozen(kw_only=True)
class RetrySchedule:
    """Pauses that grow fourfold from `first` to `longest`, each a fifth shorter or longer by chance.

    By default: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 5.7 h, and then 12 h each time: nearly four days.

    Attributes:
        retries: How often an event is tried again before it is a dead letter; 0: never.
        first: Seconds before the first retry.
        longest: The most seconds between two tries.

    Raises:
        InvalidArgumentError: A number is out of range.
    """

    retries: int = field(default=14)
    first: float = field(default=5.0)
    longest: float = field(default=43_200.0)

    def __attrs_post_init__(self) -> None:
        check_count(self.retries, "retries", least=0)
        check_positive(self.first, "first_retry")
        if check_positive(self.longest, "max_retry") > LONGEST_PAUSE:
            raise InvalidArgumentError(f"max_retry is at most {LONGEST_PAUSE:.0f} seconds, which is a week")
        if self.first > self.longest:
            raise InvalidArgumentError(
                f"first_retry, {self.first:g} seconds, is longer than max_retry, {self.longest:g} seconds"
            )

    def pause(self, failures: int, chance: Callable[[], float], asked: float | None = None) -> float | None:
        """Return the seconds to wait after a failure; None if the event is to be given up.

        Args:
            failures: How often this event has failed, this time included.
            chance: Gives a number from 0 to 1.
            asked: What the receiver's `Retry-After` says, in seconds; never shortens the pause.
        """
        if failures > self.retries:
            return None
        grown = min(self.first * GROWTH ** min(failures - 1, 60), self.longest)
        spread = min(grown * (1 - _JITTER + 2 * _JITTER * chance()), self.longest)
        return min(max(spread, asked or 0.0), LONGEST_PAUSE)
