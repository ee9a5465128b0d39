"""The arithmetic of rate limits: GCRA, the generic cell rate algorithm, as virtual scheduling (ITU-T I.371).

Its whole state is one number, the theoretical arrival time of the next request, which any engine can keep. In any
window of W seconds at most `rate * W + burst` requests are permitted.
"""

from __future__ import annotations

from attrs import frozen

from impactive_async._checks import check_positive

_BURST = 0.05
"""How many seconds' worth of requests may go at once. Within any second at most 105 % of the rate are permitted.
Requests arrive a little sooner or later than they were permitted, so that the API may see 110 %."""


@frozen
class Rate:
    """A rate limit in the algorithm's figures.

    Attributes:
        limit: Requests a second.
        interval: Seconds between two requests at exactly the rate.
        tolerance: Seconds by which a request may be early.
    """

    limit: float
    interval: float
    tolerance: float


def rate(limit: object) -> Rate | None:
    """Return the figures for a limit in requests a second; `None` for no limit.

    Raises:
        ValueError: The limit is not a positive finite number.
    """
    if limit is None:
        return None
    checked = check_positive(limit, "rate_limit", "requests a second")
    interval = 1.0 / checked
    burst = max(1.0, checked * _BURST)
    return Rate(checked, interval, (burst - 1.0) * interval)


def step(arrival: float, now: float, rate: Rate) -> tuple[float, float]:
    """Ask for one request at `now`.

    Returns:
        The next theoretical arrival time, and the seconds to wait (0: permitted).
    """
    # The algorithm itself never exceeds the upper bound. A stored time beyond it is from before the clock was set
    # back or the rate was raised, and would lock everyone out.
    arrival = min(max(arrival, now), now + rate.tolerance + rate.interval)
    wait = arrival - rate.tolerance - now
    return (arrival, wait) if wait > 0 else (arrival + rate.interval, 0.0)
