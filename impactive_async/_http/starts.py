"""When the next request may start: by the rate limit, by the pause a server asked for, and by what follows it.

Pure: whoever asks brings the time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from impactive_async._http.rate import Rate, step

_WINDOW: Final = 1.0
"""Seconds before a pause whose requests are counted: how fast the client was when the server refused."""

_RECOVERY: Final = 10.0
"""Seconds after a pause in which starts are spaced. The rate doubles each second, so that at the end it is a
thousandfold and bounds nothing any more."""


class Starts:
    """The times at which a client's requests may start.

    Without a rate limit any number may start at once, except after a pause: requests that had to wait would meet
    the next refusal together if they started together. They are spaced evenly, at first at half the rate of the
    second before the pause (at least one a second), and twice as fast with every second.
    """

    def __init__(self, limit: Rate | None) -> None:
        self._limit = limit
        self._arrival = 0.0  # GCRA's theoretical arrival time of the next request
        self._recent: deque[float] = deque(maxlen=1000)
        self._paused_until: float | None = None
        self._first_rate = 1.0
        self.unbounded = limit is None
        """Whether a request may start without asking `take`, and is only recorded."""
        self.record = self._recent.append
        """Record the time of a request that starts without asking `take`."""

    def take(self, now: float) -> float:
        """Take leave to start one request now; return 0, or the seconds after which to ask again."""
        wait = self.paused(now) or self._spacing(now)
        if not wait:
            self._recent.append(now)
        return wait

    def pause(self, now: float, seconds: float) -> None:
        """Let no request start for so many seconds; a longer pause that is under way stays."""
        if not self.paused(now):
            self._first_rate = max(1.0, sum(start > now - _WINDOW for start in self._recent) / 2)
        self._paused_until = now + max(self.paused(now), seconds)
        self.unbounded = False
        self._arrival = self._paused_until + (self._limit.tolerance if self._limit else 0.0)  # no burst after it

    def paused(self, now: float) -> float:
        """Return the seconds until the pause ends; 0 without a pause."""
        return 0.0 if self._paused_until is None else max(0.0, self._paused_until - now)

    def _spacing(self, now: float) -> float:
        rate = self._limit or self._recovery(now)
        if rate is None:
            return 0.0
        self._arrival, wait = step(self._arrival, now, rate)
        return wait

    def _recovery(self, now: float) -> Rate | None:
        if self._paused_until is None:
            return None
        since = now - self._paused_until
        if since > _RECOVERY:
            self._paused_until = None
            self.unbounded = True
            return None
        limit = self._first_rate * 2.0**since
        return Rate(limit, 1.0 / limit, 0.0)
