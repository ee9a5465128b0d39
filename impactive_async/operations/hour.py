"""What was done in each minute of the last hour."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

MINUTES: Final = 60


@define
class LastHour:
    """Counts by name, minute by minute. What is older than an hour is forgotten."""

    _now: Callable[[], float] = time.time
    """Seconds since 1970."""
    _minutes: deque[tuple[int, Counter[str]]] = field(factory=lambda: deque(maxlen=MINUTES), init=False)

    def add(self, **counts: int) -> None:
        """Count something that was done now."""
        number = int(self._now() // 60)
        if not self._minutes or self._minutes[-1][0] != number:
            self._minutes.append((number, Counter()))
        self._minutes[-1][1].update(counts)

    def total(self, name: str) -> int:
        """Return how much was done within the hour."""
        return sum(self.each(name))

    def each(self, name: str) -> list[int]:
        """Return how much was done in each of the sixty minutes, this one last."""
        counts = dict(self._minutes)
        last = int(self._now() // 60)
        return [counts[number][name] if number in counts else 0 for number in range(last - MINUTES + 1, last + 1)]
