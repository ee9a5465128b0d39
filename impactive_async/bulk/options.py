"""Arguments that bulk calls have in common, checked before anything is read or sent."""

from __future__ import annotations


def check_count(value: object, name: str) -> int:
    """Return a whole number of at least 1.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is a whole number of at least 1, not {value!r}")
    return value


def check_match_on(value: object) -> str:
    """Return the name of a field.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f"match_on is the name of a field of the draft, or of its extra; not {value!r}")
    return value


def check_settle(value: object) -> float:
    """Return a number of seconds of at least 0.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"settle is a number of seconds of at least 0, not {value!r}")
    return float(value)
