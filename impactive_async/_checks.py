"""Numbers and functions that users pass, checked before anything is done with them."""

from __future__ import annotations

import inspect
import sys
from typing import TypeGuard

from impactive_async.errors import InvalidArgumentError


def check_count(value: object, name: str, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`; without `most` there is no upper bound.

    Args:
        value: What the user passed.
        name: The argument, as the message calls it.
        least: The smallest number that is accepted.
        most: The largest number that is accepted.

    Raises:
        InvalidArgumentError: The value is not an `int`, is a `bool`, or is out of range.
    """
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and least <= value
        and (most is None or value <= most)
    ):
        return value
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise InvalidArgumentError(f"{name} is a whole number {bounds}, not {value!r}")


def check_positive(value: object, name: str, unit: str = "seconds") -> float:
    """Return a positive, finite number.

    Args:
        value: What the user passed.
        name: The argument, as the message calls it.
        unit: What the number counts, for the message.

    Raises:
        InvalidArgumentError: The value is not an `int` or `float`, is a `bool`, or is out of range.
    """
    if _is_finite(value) and value > 0:
        return float(value)
    raise InvalidArgumentError(f"{name} is a positive number of {unit}, not {value!r}")


def check_seconds(value: object, name: str) -> float:
    """Return a finite number of seconds, 0 or more.

    Args:
        value: What the user passed.
        name: The argument, as the message calls it.

    Raises:
        InvalidArgumentError: The value is not an `int` or `float`, is a `bool`, or is out of range.
    """
    if _is_finite(value) and value >= 0:
        return float(value)
    raise InvalidArgumentError(f"{name} is a number of seconds of at least 0, not {value!r}")


def check_listener(value: object, name: str) -> None:
    """Check a function that is called with what has happened, and not awaited.

    Args:
        value: What the user passed.
        name: The argument, as the message calls it.

    Raises:
        InvalidArgumentError: It cannot be called; or it is `async`, so that a call would do nothing at all.
    """
    if not callable(value):
        raise InvalidArgumentError(f"{name} is a function, not {value!r}")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__):
        raise InvalidArgumentError(
            f"{name} is called and not awaited, so an `async def` would do nothing. Give it a plain function: it "
            "may put what it is told into an asyncio.Queue, or start a task"
        )


def _is_finite(value: object) -> TypeGuard[int | float]:
    # An `int` beyond the largest float is refused: `float` raises OverflowError for it.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
