"""What the failure of one batch means for its rows and for the batches after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from impactive_async._http.retry import is_passing
from impactive_async.errors import APIStatusError, ConfigurationError, ImpactiveError

R = TypeVar("R")

_ABOUT_THE_ROWS = frozenset({400, 409, 413, 422})

MOST_FAILURES_IN_A_ROW = 10
"""Batches that may fail one after the other before the work stops."""


def is_about_the_rows(error: Exception) -> bool:
    """Whether the server refused the batch because of its rows. Then it did nothing, and a part may pass."""
    return isinstance(error, APIStatusError) and error.status in _ABOUT_THE_ROWS


def fails_all(error: Exception) -> bool:
    """Whether every other batch would fail as well: the key, the address, the sequence or the set-up is wrong."""
    if isinstance(error, APIStatusError):
        return error.status not in _ABOUT_THE_ROWS and not is_passing(error.status)
    return isinstance(error, ConfigurationError)


async def send_halving(
    rows: Sequence[R],
    send: Callable[[Sequence[R]], Awaitable[None]],
    refused: Callable[[R, APIStatusError], None],
) -> None:
    """Send rows together. If the server refuses them, send each half, until the refused rows are found.

    This is safe for writes that must not be repeated, because a refused batch has done nothing. One of which
    a part may have been done is not sent again.

    Args:
        rows: The rows in order. Parts are sent in that order.
        send: Sends some of the rows.
        refused: Called with each single row that the server refuses.

    Raises:
        Exception: What `send` raised, unless it says that rows were refused. The rest is not sent.
    """
    parts = [rows] if rows else []
    while parts:
        part = parts.pop()
        try:
            await send(part)
        except APIStatusError as error:
            if error.outcome_unknown or not is_about_the_rows(error):
                raise
            if len(part) == 1:
                refused(part[0], error)
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]


class CircuitBreaker:
    """Stops the work when batch after batch fails because of the network or the server."""

    def __init__(self, most: int = MOST_FAILURES_IN_A_ROW) -> None:
        self._most = most
        self._count = 0

    def passed(self) -> None:
        """Record that a batch got an answer."""
        self._count = 0

    def failed(self, error: ImpactiveError) -> bool:
        """Record a failure; return whether the work should stop."""
        self._count += 1
        return fails_all(error) or self._count >= self._most
