"""What time it is at the server: by its `Date` header, or as near as our own clocks come to it. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs

from impactive_async.feeds import timestamps

DATE_RESOLUTION: Final = timestamps.SECOND  # of the `Date` header
LEEWAY: Final = 15 * timestamps.MINUTE
"""How far ahead of the server our clock may be: where the server tells no time, ours less this is believed."""


@attrs.frozen
class OwnClocks:
    """This machine's clocks, both in seconds.

    They are not the client's `Clock`, which pauses are measured with and which a test or a simulation may run at
    another speed than the server's.

    Attributes:
        wall: Since 1970.
        steady: From any moment on, never going back.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


THIS_MACHINE: Final = OwnClocks()


def time_at_server(told: datetime | None, before: int | None, wall: float) -> int:
    """Microseconds that the server's clock has certainly got to.

    Too early an estimate costs nothing but that the floor stays behind; one too late would leave rows out.

    Args:
        told: Its `Date`, which goes before everything else.
        before: What was believed at the last page.
        wall: Our own clock.
    """
    if told is not None:
        return timestamps.micros(told)
    ours = int(wall * timestamps.SECOND) - LEEWAY
    return ours if before is None else max(ours, before)


def fallen_back(before: int, now: int, *, at_least: float, at_most: float) -> int:
    """By how many microseconds the server's clock has gone back between two pages, at the most; 0 for not at all.

    A clock that has advanced by less than the time that has passed has gone back meanwhile, even if it has made up
    for it since.

    Args:
        before: Its `Date` on the first page.
        now: Its `Date` on the second.
        at_least: Seconds that have surely passed between the two: from one answer to the next request.
        at_most: Seconds that may have passed: from one answer to the next.
    """
    advanced = now - before
    if at_least * timestamps.SECOND - advanced <= DATE_RESOLUTION:  # what cutting off the dates may make of it
        return 0
    return int(at_most * timestamps.SECOND) - advanced + DATE_RESOLUTION
