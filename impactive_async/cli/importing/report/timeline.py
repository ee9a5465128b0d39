"""How far a piece of work was, and when; in little memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import attrs

_MOST: Final = 512
"""Points that are kept of a line: more cannot be seen."""


@attrs.define
class WorkOverTime:
    """Counts over time, for each kind of work. Of many points every other one is dropped."""

    clock: Callable[[], float] = time.monotonic
    lines: dict[str, list[tuple[float, int]]] = attrs.field(factory=dict)
    """Seconds since the beginning, and the count, by the kind of work."""
    _began: float | None = None

    def add(self, work: str, number: int) -> None:
        """So much of the work is done now."""
        now = self.clock()
        if self._began is None:
            self._began = now
        line = self.lines.setdefault(work, [])
        line.append((now - self._began, number))
        if len(line) > _MOST:
            del line[1:-1:2]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max((line[-1][0] for line in self.lines.values()), default=0.0)

    @property
    def most(self) -> int:
        """The largest count."""
        return max((number for line in self.lines.values() for _, number in line), default=0)
