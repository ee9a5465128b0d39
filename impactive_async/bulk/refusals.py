"""What a failed batch means for its rows and for the batches after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from impactive_async.errors import APIStatusError, ConfigurationError, ImpactiveError

R = TypeVar("R")

_ABOUT_THE_ROWS = frozenset({400, 409, 413, 422})
_PASSING = frozenset({408, 425, 429})

MOST_FAILURES_IN_A_ROW = 10


def is_about_the_rows(error: Exception) -> bool:
    """Whether the server refused these very rows: nothing was done, and fewer of them may pass."""
    return isinstance(error, APIStatusError) and error.status in _ABOUT_THE_ROWS


def fails_all(error: Exception) -> bool:
    """Whether every other batch would fail alike: a wrong key, address, sequence or set-up."""
    if isinstance(error, APIStatusError):
        return error.status < 500 and error.status not in _ABOUT_THE_ROWS | _PASSING
    return isinstance(error, ConfigurationError)


async def send_halving(
    rows: Sequence[R],
    send: Callable[[Sequence[R]], Awaitable[None]],
    refused: Callable[[R, APIStatusError], None],
) -> None:
    """Send rows together, and where they are refused, the halves of them: so one bad row sinks no other.

    Safe even for writes that must not be repeated, because a refused batch has done nothing.

    Args:
        rows: In order; the parts are sent in that order, too.
        send: Sends some of them. Whatever it raises but a refusal ends it all.
        refused: Told of each single row that is refused.
    """
    parts = [rows] if rows else []
    while parts:
        part = parts.pop()
        try:
            await send(part)
        except APIStatusError as error:
            if not is_about_the_rows(error):
                raise
            if len(part) == 1:
                refused(part[0], error)
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]


class Breaker:
    """Counts batches that failed one after the other for reasons of the network or the server."""

    def __init__(self, most: int = MOST_FAILURES_IN_A_ROW) -> None:
        self._most = most
        self._count = 0

    def passed(self) -> None:
        """A batch got an answer."""
        self._count = 0

    def failed(self, error: ImpactiveError) -> bool:
        """Whether the work should stop over this failure."""
        self._count += 1
        return fails_all(error) or self._count >= self._most
