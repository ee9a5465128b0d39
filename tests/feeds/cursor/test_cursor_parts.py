"""Laws of the cursor's parts: timestamps, gaps, what a page proves."""

import pickle
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.evidence.order import proven_from
from impactive_async.feeds.cursor.gaps import MAX_SPANS, Span
from impactive_async.feeds.cursor.in_flight import InFlight
from impactive_async.feeds.cursor.page import Page, oldest_if_in_order, read
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.watermarks import Watermarks
from impactive_async.models.gap import Gap

DERANDOMIZED = settings(derandomize=True, database=None, deadline=None, max_examples=150)
NOON = "2026-01-01T12:00:00"
AT_NOON = timestamps.parse(NOON + "Z")


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14, 14))
@DERANDOMIZED
def test_a_timestamp_is_its_instant_whatever_its_offset(naive: datetime, hours: int) -> None:
    """Offsets do not matter, a naive timestamp is UTC, and rendering is the inverse of parsing."""
    there = naive.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    at = timestamps.parse(there.isoformat())
    assert at == timestamps.parse(naive.isoformat())
    assert timestamps.parse(timestamps.render(at)) == at
    assert timestamps.moment(at) == there


@pytest.mark.parametrize(
    ("raw", "unit"),
    [
        ("2026-01-01", timestamps.DAY),
        ("2026-01-01T12", timestamps.HOUR),
        ("2026-01-01T12:00Z", timestamps.MINUTE),
        ("20260101T120000Z", timestamps.SECOND),
        (f"{NOON}Z", timestamps.SECOND),
        (f"{NOON}+02:00", timestamps.SECOND),
        (f"{NOON}.1Z", 100_000),
        (f"{NOON}.123Z", 1_000),
        (f"{NOON},123Z", 1_000),
        (f"{NOON}.123456", 1),
        (f"{NOON}.123456-05:00", 1),
        (f"{NOON}.123456789Z", 1),
    ],
)
def test_precision_is_the_last_unit_printed(raw: str, unit: int) -> None:
    """The precision of a timestamp is that of its last digit, and never finer than a microsecond."""
    timestamps.parse(raw)
    assert timestamps.precision(raw) == unit


def test_digits_past_the_microsecond_are_cut_off() -> None:
    """A boundary never rounds up (contract A11)."""
    assert timestamps.parse(f"{NOON}.1234569Z") == AT_NOON + 123_456


def test_moments_beyond_a_datetime_are_held_at_its_ends() -> None:
    """A gap's bound can always be shown."""
    assert timestamps.moment(timestamps.END + 1) == datetime.max.replace(tzinfo=UTC)
    assert timestamps.moment(timestamps.BEGINNING - 1) == datetime.min.replace(tzinfo=UTC)


def spans() -> st.SearchStrategy[list[Span]]:
    bounds = st.tuples(st.integers(0, 60), st.integers(1, 9), st.sampled_from(gaps.KINDS))
    return st.lists(bounds.map(lambda drawn: Span(drawn[0], drawn[0] + drawn[1], drawn[2])), max_size=12)


def covered(known: list[Span]) -> set[int]:
    return {moment for span in known for moment in range(span.low, span.high)}


@given(spans())
@DERANDOMIZED
def test_each_moment_is_reported_once(drawn: list[Span]) -> None:
    """What is uncovered is exactly what no earlier span covered; the record stays sorted and disjoint."""
    known: list[Span] = []
    for span in drawn:
        parts = gaps.uncovered(known, span)
        assert covered(parts) == covered([span]) - covered(known)
        expected = covered(known) | covered([span])
        known = gaps.record(known, parts, floor=0)
        assert covered(known) == expected
        assert all(left.high <= right.low for left, right in pairwise(known))


@given(spans(), st.integers(0, 60), st.integers(0, 9))
@DERANDOMIZED
def test_a_closed_gap_is_struck_out_alone(drawn: list[Span], low: int, size: int) -> None:
    """Closing removes its own stretch and nothing else."""
    known: list[Span] = []
    for span in drawn:
        known = gaps.record(known, gaps.uncovered(known, span), floor=0)
    assert covered(gaps.without(known, low, low + size)) == covered(known) - set(range(low, low + size))


@pytest.mark.parametrize("floor", [0, 10_000])
def test_the_record_of_gaps_is_bounded_and_never_claims_too_much_above_the_floor(floor: int) -> None:
    """Past the bound old gaps are joined below the floor, and forgotten above it."""
    known: list[Span] = []
    for n in range(3 * MAX_SPANS):
        known = gaps.record(known, [Span(10 * n, 10 * n + 1, "overflow")], floor)
    assert len(known) == MAX_SPANS
    everything = {10 * n for n in range(3 * MAX_SPANS)}
    assert covered(known) <= everything if floor == 0 else everything <= covered(known)


def test_a_gap_survives_its_way_out_and_back() -> None:
    """The public gap names the same stretch, equals its copy and can be pickled."""
    span = Span(AT_NOON, AT_NOON + 5_000, "overflow")
    gap = gaps.public("f", span)
    assert gap == Gap("f", "overflow", timestamps.moment(AT_NOON), timestamps.moment(AT_NOON + 4_999))
    assert gaps.span_of(gap) == span
    assert pickle.loads(pickle.dumps(gap)) == gap
    assert gaps.public("f", Span(timestamps.BEGINNING, 0, "history")).after is None
    assert gaps.span_of(Gap("f", "overflow", None, None)).low == timestamps.BEGINNING


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([f"{NOON}.003Z", f"{NOON}.002Z", f"{NOON}.001Z"], 2_000),
        ([f"{NOON}.003Z", f"{NOON}.001Z", f"{NOON}.002Z"], None),
        ([f"{NOON}.001Z", f"{NOON}.002Z"], None),
        ([f"{NOON}.002Z", f"{NOON}.002Z"], 3_000),
        ([f"{NOON}.0021Z", f"{NOON}.0024Z", f"{NOON}.001Z"], 2_000),
        ([f"{NOON}.003Z", "nonsense", f"{NOON}.001Z"], 2_000),
        ([f"{NOON}.003Z", f"{NOON}.001Z", None], 2_000),
        (["2026-01-01T14:00:00.003+02:00", f"{NOON}.001Z"], 2_000),
        ([None, "nonsense"], None),
        (["2026-01-01", "2025-12-31"], -129_599_999_000),
    ],
)
def test_a_full_page_proves_what_lies_after_its_oldest_tick_if_it_is_newest_first(
    stamps: list[str | None], expected: int | None
) -> None:
    """Order is judged by ticks and instants, not by text; unreadable rows prove and disprove nothing."""
    oldest = oldest_if_in_order(stamps)
    page = Page(range(len(stamps)), stamps, [], [], none_known=True, oldest_if_in_order=oldest)
    found = proven_from(page, tick=1_000)
    assert found == (None if expected is None else AT_NOON + expected)


columns = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("0123")), min_size=1, max_size=6)


@given(columns, st.sets(st.sampled_from("abcde"), max_size=2), st.integers(0, 3), st.booleans())
@DERANDOMIZED
def test_a_page_is_taken_whole_only_where_each_of_its_rows_would_be(
    shown: list[tuple[str, str]], handled: set[str], asked: int, immutable: bool
) -> None:
    """Not such as were handled and printed otherwise, are there twice, or are older than what was asked for."""
    rules = Rules(timestamp="at", overlap=0, immutable=immutable)
    rows = [{"id": row_id, "at": f"{NOON}.00{at}Z"} for row_id, at in shown]
    marks = Watermarks(rules.tick, 0)
    for row_id in sorted(handled):
        marks.known.add(AT_NOON, row_id, f"{NOON}Z")
    page = read(rows, rules, marks.known)
    whole, each, since = InFlight(), InFlight(), AT_NOON + 1000 * asked
    each.add([(0, "", 0, "", (("in flight", ""), {}))])  # so no page is taken whole
    taken, expected = (
        in_flight.take(page.arrivals, marks, immutable=immutable, asked=since) for in_flight in (whole, each)
    )
    assert taken == expected
    assert [version in whole for version, _ in expected.fresh] == [True] * len(whole)
