"""How long to wait after a failure. Pure."""

from __future__ import annotations

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
