"""When the next request may start: the arithmetic, without a clock of its own."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._http.rate import rate
from impactive_async._http.starts import Starts

BEGIN = 1000.0


def started(starts: Starts, now: float, count: int) -> list[float]:
    """When each of `count` requests starts that all ask at `now`, one behind the other."""
    times = []
    for _ in range(count):
        while wait := starts.take(now):
            now += wait
        times.append(now)
    return times


def test_nothing_bounds_a_client_without_rate_and_pause() -> None:
    """Any number may start at the same moment."""
    starts = Starts(None)
    assert starts.unbounded
    assert started(starts, BEGIN, 500) == [BEGIN] * 500


@settings(derandomize=True, max_examples=200)
@given(
    before=st.integers(0, 1500),
    pause=st.floats(0.01, 600.0),
    waiting=st.integers(2, 60),
    limit=st.sampled_from([None, 0.5, 5.0, 100.0]),
)
def test_nobody_starts_in_a_pause_and_no_two_together_after_it(
    before: int, pause: float, waiting: int, limit: float | None
) -> None:
    """After a pause the first starts at its end, and each other one later than the one before."""
    starts = Starts(rate(limit))
    for _ in range(before):
        starts.record(BEGIN)
    starts.pause(BEGIN, pause)
    times = started(starts, BEGIN, waiting)
    assert 0 <= times[0] - (BEGIN + pause) < 1e-6
    assert all(later > earlier for earlier, later in pairwise(times))


def test_the_spacing_follows_the_rate_before_the_pause_and_then_ends() -> None:
    """At first half as fast as in the second before, twice as fast each second, and after ten seconds freely."""
    starts = Starts(None)
    for number in range(40):
        starts.record(BEGIN - 2 + number / 20)  # twenty a second
    starts.pause(BEGIN, 5.0)
    times = started(starts, BEGIN, 400)
    first, second = (sum(n <= time - BEGIN - 5 < n + 1 for time in times) for n in (0, 1))
    assert 10 <= first <= 20
    assert 1.5 < second / first < 2.5
    assert not starts.unbounded
    assert started(starts, BEGIN + 16, 50) == [BEGIN + 16] * 50
    assert starts.unbounded


def test_answers_to_requests_from_before_a_pause_do_not_count_again() -> None:
    """Sixteen refusals of one burst are one refusal: each would find the client slower than the one before."""
    once, often = Starts(None), Starts(None)
    for starts in (once, often):
        for _ in range(16):
            starts.record(BEGIN)
    once.pause(BEGIN, 6.0)
    for late in range(16):
        often.pause(BEGIN + late / 4, 6.0 - late / 4)
    assert started(once, BEGIN, 10) == started(often, BEGIN, 10)


def test_a_second_refusal_halves_the_rate_again() -> None:
    """A client that is refused as it starts anew starts slower the next time."""
    starts = Starts(None)
    for _ in range(64):
        starts.record(BEGIN)
    starts.pause(BEGIN, 1.0)
    first = started(starts, BEGIN, 10)
    starts.pause(first[-1], 1.0)
    second = started(starts, first[-1], 10)
    assert second[1] - second[0] > 2 * (first[1] - first[0])
