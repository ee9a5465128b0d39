"""How long to wait after a failure, and which failures are news. Pure."""

from __future__ import annotations

import re
from typing import Final

FIRST: Final = 2.0
"""Seconds after the first failure; they double from failure to failure."""
LONGEST: Final = 3600.0


def back_off(failures: int, longest: float) -> float:
    """Return the seconds to wait after a failure.

    Args:
        failures: How many failures in a row came before this one.
        longest: The most seconds to wait; an hour is the most in any case.
    """
    return min(FIRST * 2.0 ** min(failures, 16), max(longest, FIRST), LONGEST)


class Told:
    """What was told of failures in a row: a line when the reason becomes another one, not one for each.

    A reason that comes back is told again once there were twice as many failures: two may take turns for days, no
    answer and no connection.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._reason = ""
        self._told: dict[str, int] = {}

    def is_news(self, error: Exception) -> bool:
        """Count a failure; return whether it is to be told."""
        self.failures += 1
        reason, before = _gist(error), self._reason
        self._reason = reason
        if reason == before or self.failures < 2 * self._told.get(reason, 0):
            return False
        self._told[reason] = self.failures
        return True


def _gist(error: Exception) -> str:
    # Ids of requests, ports, processes and times differ from one failure to the next.
    return f"{type(error).__name__} {re.sub(r'[^ ]*[0-9][^ ]*', '', str(error))}"
