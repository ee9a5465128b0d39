"""What lists prove."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async.bulk.evidence import CHANGED, NEWEST, Trace, Verdict, created_at, judge
from impactive_async.bulk.pairing import Sighting

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def contact(number: int, at: float | None = None, **fields: Any) -> Sighting:
    """Contact `con_<number>`, created so many seconds after the start (by default: its number of them)."""
    moment = START + timedelta(seconds=number if at is None else at)
    return Sighting(f"con_{number}", {"createdAt": moment.isoformat(), **fields})


def page(first: int, last: int) -> list[Sighting]:
    """From the newest to the oldest, both included."""
    return [contact(number) for number in range(first, last - 1, -1)]


def ids(first: int, last: int) -> frozenset[str]:
    return frozenset(f"con_{number}" for number in range(first, last - 1, -1))


def trace(*known: int, at: float | None = 0) -> Trace:
    moment = None if at is None else START + timedelta(seconds=at)
    return Trace(frozenset(f"con_{number}" for number in known), moment)


def test_what_is_above_a_known_contact_is_complete() -> None:
    """The topmost known one draws the line: above it is everything newer, at and below it nothing."""
    assert judge(trace(5, 7, 3), page(20, 1), None) == Verdict(ids(20, 8), complete=True)


def test_a_known_contact_at_the_top_means_nothing_is_newer() -> None:
    """Nothing is a candidate, and that is complete: the batch created nobody."""
    assert judge(trace(20), page(20, 1), None) == Verdict(frozenset(), complete=True)


def test_a_full_page_without_a_known_contact_is_not_complete() -> None:
    """All on it are newer, and more may have been pushed off its end."""
    newest = page(1000, 1001 - NEWEST)
    assert judge(trace(5, at=None), newest, None) == Verdict(ids(1000, 1001 - NEWEST), complete=False)


def test_a_page_that_reaches_a_known_contact_at_its_very_end_is_complete() -> None:
    """The last place proves as much as any."""
    last = 1001 - NEWEST
    assert judge(trace(last), page(1000, last), None) == Verdict(ids(1000, last + 1), complete=True)


def test_an_empty_workspace_needs_no_known_contact() -> None:
    """There was nobody, so a page that is not full is everybody since, in whatever order."""
    newest = [contact(1), contact(3), contact(2)]
    assert judge(trace(), newest, None) == Verdict(ids(3, 1), complete=True)
    assert judge(trace(), [], None) == Verdict(frozenset(), complete=True)


def test_an_empty_workspace_that_is_full_now_proves_nothing() -> None:
    """A full page may have pushed others off its end."""
    assert not judge(trace(at=None), page(1000, 1001 - NEWEST), None).complete


@pytest.mark.parametrize(
    "newest",
    [
        [contact(3), contact(4), contact(2), contact(1)],
        [contact(1), contact(2), contact(3), contact(4)],
        [contact(4), Sighting("con_3", {}), contact(2), contact(1)],
        [contact(4), contact(3, createdAt="yesterday"), contact(2), contact(1)],
        [contact(4), contact(3, createdAt=7), contact(2), contact(1)],
    ],
)
def test_an_order_that_cannot_be_confirmed_proves_nothing(newest: list[Sighting]) -> None:
    """If `createdAt` is missing, unreadable or out of order anywhere, a known contact draws no line."""
    assert not judge(trace(1), newest, None).complete


def test_a_known_contact_that_is_gone_proves_nothing() -> None:
    """A page that is neither full nor shows whom it should is not believed: it may be cut short."""
    assert judge(trace(99), page(20, 1), None) == Verdict(ids(20, 1), complete=False)


def test_the_second_list_is_complete_if_it_is_not_full() -> None:
    """Without a trusted order, fewer changes than the list shows are all there were."""
    unordered = [contact(1), contact(2)]
    assert judge(trace(99), unordered, [contact(40)]) == Verdict(ids(2, 1) | ids(40, 40), complete=True)
    assert not judge(trace(99), unordered, page(CHANGED, 1)).complete


def test_what_was_created_before_is_no_candidate() -> None:
    """By the server's clock, less a margin; where a moment or the clock is missing, it is none either."""
    at_100 = trace(99, at=100)
    changed = [contact(1, at=91), contact(2, at=89), Sighting("con_3", {})]
    assert judge(at_100, [contact(4), contact(5)], changed) == Verdict(ids(1, 1), complete=True)
    assert judge(trace(99, at=None), [contact(4), contact(5)], changed).candidates == frozenset()


def test_moments_are_read_as_the_wire_spells_them() -> None:
    """Any ISO 8601, with or without offset."""
    assert created_at(Sighting("x", {"createdAt": "2026-05-01T09:00:00.123Z"})) == START.replace(
        microsecond=123000
    )
