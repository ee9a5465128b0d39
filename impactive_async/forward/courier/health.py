"""Whether a destination works, and how much it is asked for at once. Pure."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from impactive_async.forward.senders.attempt import Attempt
from impactive_async.forward.settings.schedule import RetrySchedule

LONGEST_QUIET: Final = 60.0
"""Seconds between two attempts at a destination that does not work."""
_LONGEST_ASKED: Final = 3600.0
"""The most seconds for which a destination is left alone because it asks for that."""


@define
class Health:
    """A destination that fails as often in a row as events may be under way is tried with one event at a time.

    The pauses between those attempts grow to a minute. The first success ends that.
    """

    _schedule: RetrySchedule
    _concurrency: int
    _failures: int = field(default=0, init=False)
    quiet_until: float = field(default=0.0, init=False)
    """By the clock of `note`: nothing is sent before."""

    @property
    def is_bad(self) -> bool:
        """Whether it fails again and again."""
        return self._failures >= self._concurrency

    def most_at_once(self, now: float) -> int:
        """Return how many events may be under way now."""
        if now < self.quiet_until:
            return 0
        return 1 if self.is_bad else self._concurrency

    def note(self, outcome: Attempt, now: float) -> None:
        """Take account of an attempt."""
        if outcome.result == "delivered":
            self._failures = 0
            return
        self._failures += 1
        pause = min(outcome.pause or 0.0, _LONGEST_ASKED)
        if self.is_bad:
            doubled = self._schedule.first * 2.0 ** min(self._failures - self._concurrency, 20)
            pause = max(pause, min(doubled, self._schedule.longest, LONGEST_QUIET))
        self.quiet_until = max(self.quiet_until, now + pause)
