"""What lists prove."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async.bulk.reconcile.evidence import CHANGED, NEWEST, Baseline, Evidence, created_at, evidence_of
from impactive_async.bulk.reconcile.pairing import ContactPage, ListedContact

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def contact(number: int, at: float | None = None, **fields: Any) -> ListedContact:
    """Contact `con_<number>`, created so many seconds after the start (by default: its number of them)."""
    moment = START + timedelta(seconds=number if at is None else at)
    return ListedContact(f"con_{number}", {"createdAt": moment.isoformat(), **fields})


def page(first: int, last: int) -> list[ListedContact]:
    """From the newest to the oldest, both included."""
    return [contact(number) for number in range(first, last - 1, -1)]


def ids(first: int, last: int) -> frozenset[str]:
    return frozenset(f"con_{number}" for number in range(first, last - 1, -1))


def baseline(*known: int, at: float | None = 0) -> Baseline:
    moment = None if at is None else START + timedelta(seconds=at)
    return Baseline(frozenset(f"con_{number}" for number in known), moment)


def test_what_is_above_a_known_contact_is_complete() -> None:
    """The topmost known one draws the line: above it is everything newer, at and below it nothing."""
    assert evidence_of(baseline(5, 7, 3), page(20, 1), None) == Evidence(ids(20, 8), complete=True, by_order=True)


def test_a_known_contact_at_the_top_means_nothing_is_newer() -> None:
    """Nothing is a candidate, and that is complete: the batch created nobody."""
    assert evidence_of(baseline(20), page(20, 1), None) == Evidence(frozenset(), complete=True, by_order=True)


def test_a_full_page_without_a_known_contact_is_not_complete() -> None:
    """All on it are newer, and more may have been pushed off its end."""
    newest = page(1000, 1001 - NEWEST)
    assert evidence_of(baseline(5, at=None), newest, None) == Evidence(ids(1000, 1001 - NEWEST), complete=False)


def test_a_page_that_reaches_a_known_contact_at_its_very_end_is_complete() -> None:
    """The last place proves as much as any."""
    last = 1001 - NEWEST
    evidence = evidence_of(baseline(last), page(1000, last), None)
    assert evidence == Evidence(ids(1000, last + 1), complete=True, by_order=True)


def test_an_empty_workspace_needs_no_known_contact() -> None:
    """There was nobody, so a page that is not full is everybody since, in whatever order."""
    newest = [contact(1), contact(3), contact(2)]
    assert evidence_of(baseline(), newest, None) == Evidence(ids(3, 1), complete=True, by_order=True)
    assert evidence_of(baseline(), [], None) == Evidence(frozenset(), complete=True, by_order=True)


def test_an_empty_workspace_that_is_full_now_proves_nothing() -> None:
    """A full page may have pushed others off its end."""
    assert not evidence_of(baseline(at=None), page(1000, 1001 - NEWEST), None).complete


@pytest.mark.parametrize(
    "newest",
    [
        [contact(3), contact(4), contact(2), contact(1)],
        [contact(1), contact(2), contact(3), contact(4)],
        [contact(4), ListedContact("con_3", {}), contact(2), contact(1)],
        [contact(4), contact(3, createdAt="yesterday"), contact(2), contact(1)],
        [contact(4), contact(3, createdAt=True), contact(2), contact(1)],
    ],
)
def test_an_order_that_cannot_be_confirmed_proves_nothing(newest: list[ListedContact]) -> None:
    """If `createdAt` is missing, unreadable or out of order anywhere, a known contact draws no line."""
    assert not evidence_of(baseline(1), newest, None).complete


def test_a_known_contact_that_is_gone_proves_nothing() -> None:
    """A page that is neither full nor shows whom it should is not believed: it may be cut short."""
    assert evidence_of(baseline(99), page(20, 1), None) == Evidence(ids(20, 1), complete=False)


def test_the_second_list_is_complete_if_it_is_not_full() -> None:
    """Without a trusted order, fewer changes than the list shows are all there were."""
    unordered = [contact(1), contact(2)]
    assert evidence_of(baseline(99), unordered, [contact(40)]) == Evidence(ids(2, 1) | ids(40, 40), complete=True)
    assert not evidence_of(baseline(99), unordered, page(CHANGED, 1)).complete


@pytest.mark.parametrize("length", [25, 50])
def test_a_page_as_long_as_lists_are_cut_is_doubted(length: int) -> None:
    """It is whole only if it is newest first and shows all that is known: what is cut off it is older."""
    newest, unordered = page(length, 1), [contact(1), contact(2)]
    changed = [changed_at(one, one) for one in newest]
    known, more = ids(length, 1), ids(length, 0)
    assert evidence_of(baseline(), newest, None, known).complete
    assert not evidence_of(baseline(), newest, None, more).complete
    assert not evidence_of(baseline(), newest[::-1], None, known).complete
    assert evidence_of(baseline(99), unordered, changed, known).complete
    assert not evidence_of(baseline(99), unordered, changed, more).complete
    assert not evidence_of(baseline(99), unordered, changed[::-1], known).complete


def test_a_list_that_says_that_it_has_more_is_complete_down_to_a_known_contact() -> None:
    """What was changed since stands higher than it was created, and draws no line."""
    unordered, marked = [contact(1), contact(2)], ContactPage(changed_at(one, one) for one in page(40, 20))
    assert evidence_of(baseline(99), unordered, marked).complete
    marked.cut = True
    assert not evidence_of(baseline(), marked, None).complete
    assert not evidence_of(baseline(99), unordered, marked).complete
    assert evidence_of(baseline(30), unordered, marked).complete
    marked[10] = changed_at(contact(30, at=5), marked[10])
    assert not evidence_of(baseline(30), unordered, marked).complete


def changed_at(one: ListedContact, when: ListedContact) -> ListedContact:
    return ListedContact(one.id, {**one.fields, "updatedAt": when.fields["createdAt"]})


def test_what_was_created_before_is_no_candidate() -> None:
    """By the server's clock, less a margin; where a moment or the clock is missing, it is none either."""
    at_100 = baseline(99, at=100)
    changed = [contact(1, at=91), contact(2, at=89), ListedContact("con_3", {})]
    assert evidence_of(at_100, [contact(4), contact(5)], changed) == Evidence(ids(1, 1), complete=True)
    assert evidence_of(baseline(99, at=None), [contact(4), contact(5)], changed).candidates == frozenset()


def test_moments_are_read_as_the_wire_spells_them() -> None:
    """Any ISO 8601, with or without offset; numbers since 1970."""
    assert created_at(ListedContact("x", {"createdAt": int(START.timestamp() * 1000)})) == START
    assert created_at(ListedContact("x", {"createdAt": "2026-05-01T09:00:00.123Z"})) == START.replace(
        microsecond=123000
    )
