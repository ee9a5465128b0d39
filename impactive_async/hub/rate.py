"""The shared rate limit: GCRA, the generic cell rate algorithm, in its virtual-scheduling form (ITU-T I.371).

Its whole state is one number, the theoretical arrival time of the next request; so any engine can keep it. In any
window of W seconds at most `rate * W + burst` requests are permitted.
"""

from __future__ import annotations

import math

from attrs import frozen

_BURST = 0.05
"""Seconds' worth of requests that may go at once: within any second at most 105 % of the rate are permitted. They
arrive a little sooner or later, so that the API may see 110 %."""


@frozen
class Rate:
    """A rate limit, as the algorithm wants it.

    Attributes:
        limit: Requests a second.
        interval: Seconds between two requests at exactly the rate.
        tolerance: Seconds by which a request may be early.
    """

    limit: float
    interval: float
    tolerance: float


def rate(limit: float | None) -> Rate | None:
    """The limit of `limit` requests a second; None for none.

    Raises:
        ValueError: The limit is not a positive finite number.
    """
    if limit is None:
        return None
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"rate_limit must be a positive number of requests a second: {limit!r}")
    interval = 1.0 / limit
    burst = max(1.0, limit * _BURST)
    return Rate(limit, interval, (burst - 1.0) * interval)


def step(arrival: float, now: float, rate: Rate) -> tuple[float, float]:
    """One request at `now`: the next theoretical arrival time, and the seconds to wait (0: permitted).

    The upper bound is one that the algorithm never exceeds by itself: beyond it lies only what was stored before
    the clock was set back or the rate was raised, and it must not lock everyone out.
    """
    arrival = min(max(arrival, now), now + rate.tolerance + rate.interval)
    wait = arrival - rate.tolerance - now
    return (arrival, wait) if wait > 0 else (arrival + rate.interval, 0.0)
