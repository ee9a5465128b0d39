"""Laws of the pace."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.pacing.pace import JITTER, Pace, first_poll

DERANDOMIZED = settings(derandomize=True, database=None, deadline=None, max_examples=150)


def pace(draw: float = 0.0, *, interval: float = 300, max_interval: float = 900, cap: int | None = 100) -> Pace:
    return Pace(interval=interval, max_interval=max_interval, cap=cap, rng=lambda: draw)


pages = st.lists(st.tuples(st.integers(0, 600), st.floats(0, 10_000)), max_size=30)


@given(pages, st.floats(0, 1, exclude_max=True), st.sampled_from([None, 3, 100, 500]))
@DERANDOMIZED
def test_a_pause_is_never_shorter_than_the_shortest_nor_longer_than_the_longest(
    polls: list[tuple[int, float]], draw: float, cap: int | None
) -> None:
    """A pause lies between a second (less jitter) and `max_interval`, whatever arrives; jitter only shortens."""
    jittered, plain = pace(draw, cap=cap), pace(cap=cap)
    for fresh, elapsed in polls:
        pause, full = jittered.after_gap_of(fresh, elapsed), plain.after_gap_of(fresh, elapsed)
        assert 1.0 <= full <= 900
        assert full * (1 - JITTER) <= pause <= full
        assert full <= 300 or fresh == 0


@pytest.mark.parametrize("rate", [0.5, 2.0, 10.0])
def test_a_busy_feed_is_polled_so_that_pages_are_half_full(rate: float) -> None:
    """At a steady rate the rows of a poll settle near half the cap."""
    steady, now, found = pace(), 0.0, 0
    for _ in range(30):
        pause = steady.after_page(found, now)
        now += pause
        found = round(rate * pause)
    assert 45 <= found <= 55


def test_a_cap_that_is_learnt_counts() -> None:
    """A list declared to show 500 rows that was found to show 40 is polled as one of 40, until it shows more."""
    declared = pace(cap=500)
    declared.after_page(0, 0)
    assert declared.after_page(30, 100, cap=500) == 300
    assert declared.after_page(30, 200, cap=40) == pytest.approx(40 * 0.5 / 0.3)
    assert declared.after_page(40, 300, cap=40) == 1.0
    assert declared.after_page(40, 400, cap=500) > 300 * 0.9


def test_a_burst_is_answered_by_the_next_pause() -> None:
    """The rate rises at once; a full page is followed by the shortest pause."""
    bursting = pace()
    bursting.after_page(0, 0)
    assert bursting.after_page(80, 300) == pytest.approx(187.5)
    assert bursting.after_page(100, 400) == 1.0


def test_a_lull_is_believed_only_when_it_lasts() -> None:
    """After a burst the pauses grow poll by poll, up to the longest one."""
    calming, now = pace(), 0.0
    calming.after_page(0, now)
    pauses = [calming.after_page(90, 10)]
    now = 10.0
    for _ in range(40):
        now += pauses[-1]
        pauses.append(calming.after_page(0, now))
    assert all(later >= earlier for earlier, later in itertools.pairwise(pauses))
    assert pauses[1] < 30
    assert pauses[-1] == 900


def test_the_first_page_tells_nothing_of_the_rate() -> None:
    """How long its rows took to gather is unknown; a full one is looked after at once."""
    assert pace().after_page(99, 0) == 300
    assert pace().after_page(100, 0) == 1.0


def test_an_idle_feed_without_a_longer_interval_keeps_its_interval() -> None:
    """`max_interval` equal to `interval` means what it says."""
    idle = pace(max_interval=300)
    assert {idle.after_page(0, 300.0 * n) for n in range(5)} == {300}


def test_errors_back_off_with_full_jitter_up_to_the_interval_and_a_page_forgets_them() -> None:
    """The bound doubles with each failure in a row; `Retry-After` is never undercut."""
    failing = pace(0.5)
    assert [failing.after_error() for _ in range(4)] == [0.5, 1.0, 2.0, 4.0]
    for _ in range(2_000):
        assert failing.after_error() <= 150
    assert failing.errors == 2_004
    assert failing.after_error(retry_after=200) == 200
    assert failing.after_error(retry_after=3600) == 3600
    assert failing.after_error(retry_after=31_536_000) == 3600
    assert pace(max_interval=7200).after_error(retry_after=31_536_000) == 7200
    failing.after_page(1, 0)
    assert (failing.errors, failing.after_error()) == (0, 0.5)


@pytest.mark.parametrize(("feeds", "last"), [(1, 0.0), (2, 0.05), (100, 5), (10_000, 300)])
def test_first_polls_are_spread_evenly_over_at_most_one_interval(feeds: int, last: float) -> None:
    """A lone feed starts at once; many start one by one; ten thousand within the interval."""
    starts = [first_poll(n, feeds, 300, rng=lambda: 0.99) for n in range(feeds)]
    assert starts == sorted(starts)
    assert starts[-1] <= last
    spacing = last / feeds
    assert all(start == pytest.approx(spacing * (n + 0.99), rel=0.1, abs=0.06) for n, start in enumerate(starts))


@pytest.mark.parametrize(("interval", "longest"), [(0, 1), (-1, 1), (2, 1), (1, float("inf")), (float("nan"), 1)])
def test_intervals_that_make_no_sense_are_refused(interval: float, longest: float) -> None:
    """An interval is positive and finite, and not longer than the longest."""
    with pytest.raises(ValueError, match="interval"):
        pace(interval=interval, max_interval=longest)
