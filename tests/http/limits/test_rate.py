"""The rate limit's arithmetic."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._http.rate import Rate, rate, step


def make(limit: float) -> Rate:
    made = rate(limit)
    assert made
    return made


def granted(limit: float, gaps: list[float]) -> list[float]:
    """When requests were permitted, of those asked for with these gaps in between."""
    arrival, now, times = 0.0, 1_800_000_000.0, []
    for gap in gaps:
        now += gap
        arrival, wait = step(arrival, now, make(limit))
        if wait == 0:
            times.append(now)
    return times


GAPS = st.lists(st.sampled_from([0.0, 0.001, 0.05, 0.1, 0.5, 1.0, 3.0, 30.0]), max_size=200)
LIMITS = st.sampled_from([0.1, 1.0, 7.0, 10.0, 33.3, 200.0])


@settings(derandomize=True, max_examples=100)
@given(limit=LIMITS, gaps=GAPS)
def test_no_window_sees_more_than_rate_and_burst(limit: float, gaps: list[float]) -> None:
    """In every window of W seconds at most rate * W + burst are permitted: in a second 110 %, never under one."""
    times = granted(limit, gaps)
    for number, begin in enumerate(times):
        for window in (1.0, 10.0, 60.0):
            inside = bisect_left(times, begin + window) - number
            assert inside <= limit * window + max(1.0, limit * 0.1) + 1e-6


@settings(derandomize=True, max_examples=100)
@given(limit=LIMITS, gaps=GAPS)
def test_whoever_waits_as_told_is_permitted(limit: float, gaps: list[float]) -> None:
    """Asking again after the wait gets the permit, and the wait is never longer than an interval."""
    arrival, now = 0.0, 1_800_000_000.0
    for gap in gaps:
        now += gap
        arrival, wait = step(arrival, now, make(limit))
        assert 0 <= wait <= make(limit).interval + 1e-6
        if wait:
            now += wait + 1e-6
            arrival, wait = step(arrival, now, make(limit))
            assert wait == 0


def test_a_steady_asker_gets_the_whole_rate() -> None:
    """Asking at exactly the rate is always permitted."""
    assert len(granted(10.0, [0.1000001] * 500)) == 500


def test_a_clock_set_back_locks_nobody_out() -> None:
    """After the clock was set back by a day, the next permit is no further than burst and interval."""
    arrival, _ = step(0.0, 1_800_086_400.0, make(10.0))
    _, wait = step(arrival, 1_800_000_000.0, make(10.0))
    assert wait <= 0.1 + 1e-6


def test_no_limit_is_none() -> None:
    """None stays None."""
    assert rate(None) is None


@pytest.mark.parametrize("wrong", [0, -5, float("inf"), float("nan")])
def test_an_impossible_limit_is_refused(wrong: float) -> None:
    """A rate that is not positive and finite is a `ValueError`."""
    with pytest.raises(ValueError, match="rate_limit"):
        rate(wrong)
