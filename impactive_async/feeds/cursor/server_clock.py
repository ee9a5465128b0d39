"""The server's time: by its `Date` header, or estimated from the clocks of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs

from impactive_async.feeds.cursor import timestamps

DATE_RESOLUTION: Final = timestamps.SECOND
"""Microseconds: the unit of the `Date` header."""
LEEWAY: Final = 15 * timestamps.MINUTE
"""Microseconds by which our clock may be ahead. Where the server tells no time, they are subtracted from it."""


@attrs.frozen
class OwnClocks:
    """The clocks of this machine, in seconds.

    They are not the client's `Clock`, with which pauses are measured: a test or a simulation may run that one at
    another speed than the server's.

    Attributes:
        wall: Returns the time since 1970.
        steady: Returns the time since some moment; it never goes back.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


THIS_MACHINE: Final = OwnClocks()


def time_at_server(told: datetime | None, before: int | None, wall: float) -> int:
    """Return a time that the server's clock has reached for certain, in microseconds.

    An estimate that is too early only keeps the floor back. One that is too late would leave rows out.

    Args:
        told: The server's `Date`. If there is one, it is the answer.
        before: The answer at the page before, in microseconds.
        wall: The time of our own clock, in seconds since 1970.
    """
    if told is not None:
        return timestamps.micros(told)
    ours = int(wall * timestamps.SECOND) - LEEWAY
    return ours if before is None else max(ours, before)


def fallen_back(before: int, now: int, *, at_least: float, at_most: float) -> int:
    """Return by how many microseconds the server's clock may have gone back between two pages; 0 if it has not.

    A clock that advances by less than the time that passes has gone back in between, even if it shows a later time
    at the end.

    Args:
        before: The server's `Date` on the first page, in microseconds.
        now: The server's `Date` on the second page, in microseconds.
        at_least: The seconds that have passed for certain, from the first answer to the second request.
        at_most: The seconds that may have passed, from the first answer to the second.
    """
    advanced = now - before
    if at_least * timestamps.SECOND - advanced <= DATE_RESOLUTION:  # a `Date` is cut off to a second
        return 0
    return int(at_most * timestamps.SECOND) - advanced + DATE_RESOLUTION
