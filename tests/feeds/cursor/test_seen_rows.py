"""Who has left a list: told only of pages that prove it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.seen_rows import EVERY, LOOKS, MANY_LOOKS, SeenRows
from impactive_async.feeds.cursor.evidence.wholeness import ShownRows
from impactive_async.feeds.cursor.seen_versions import RowId
from impactive_async.models import Removed

NOON = timestamps.parse("2026-01-01T12:00:00Z")
SOME = [f"r{number}" for number in range(7)]


def show(
    seen_rows: SeenRows, ids: Sequence[str], minute: int, *, whole: bool = True
) -> Collection[tuple[RowId, Removed]]:
    """Show a page."""
    return seen_rows.show(ShownRows(ids=ids, seems_whole=whole), NOON + minute * timestamps.MINUTE)


def gone(seen_rows: SeenRows, ids: Sequence[str], minute: int, *, whole: bool = True) -> list[str]:
    """The ids that a page proves gone."""
    return [one.id for _, one in show(seen_rows, ids, minute, whole=whole)]


def test_a_row_is_gone_when_two_whole_pages_lack_it() -> None:
    """It is told once, with the moment of the last page that showed it."""
    seen_rows = SeenRows()
    assert gone(seen_rows, SOME, 0) == []
    assert gone(seen_rows, SOME[1:], 1) == []
    assert seen_rows.wants_look(NOON)
    ((row_id, removed),) = show(seen_rows, SOME[1:], 2)
    assert (row_id, removed.id, removed.last_seen) == ("r0", "r0", timestamps.moment(NOON))
    assert gone(seen_rows, SOME[1:], 3) == []
    seen_rows.handled("r0")
    assert gone(seen_rows, SOME[1:], 4) == []
    assert not seen_rows.wants_look(NOON + 4 * timestamps.MINUTE)
    assert seen_rows.wants_look(NOON + 4 * timestamps.MINUTE + EVERY)


def test_the_page_before_counts_once_more() -> None:
    """Its rows were seen at that time, also after a restart; and what it lacks is gone at the second time."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME, 0)
    assert seen_rows.show_again(NOON + 5 * timestamps.MINUTE) == []
    assert seen_rows.looked == NOON + 5 * timestamps.MINUTE
    for one in (seen_rows, SeenRows.load(json.loads(json.dumps(seen_rows.dump())))):
        gone(one, SOME[1:], 6)
        ((_, removed),) = one.show_again(NOON + 7 * timestamps.MINUTE)
        assert removed == Removed("r0", timestamps.moment(NOON + 5 * timestamps.MINUTE))


def test_a_page_that_may_be_cut_tells_nothing() -> None:
    """Neither for nor against: the next whole page goes on."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME, 0)
    for minute in range(1, 30):
        assert gone(seen_rows, SOME[:3], minute, whole=False) == []
    assert gone(seen_rows, SOME[:5], 30) == []
    assert sorted(gone(seen_rows, SOME[:5], 31)) == SOME[5:]


def test_a_list_that_stays_as_long_while_rows_leave_it_is_cut() -> None:
    """For each row that comes the oldest leaves: none is told, also after a restart, until the length changes."""
    seen_rows, ids = SeenRows(), [f"r{number}" for number in range(60)]
    for minute in range(10):
        assert gone(seen_rows, ids[minute : minute + 37], 2 * minute) == []
        newest = ShownRows(ids=ids[minute + 37 : minute + 38], seems_whole=False, is_look=False)
        seen_rows.show(newest, NOON)  # a poll with `since` in between
        seen_rows = SeenRows.load(json.loads(json.dumps(seen_rows.dump())))
        assert gone(seen_rows, ids[minute : minute + 37], 2 * minute + 1) == []
    shorter = [*ids[9:20], *ids[23:46]]
    assert gone(seen_rows, shorter, 30) == []
    assert gone(seen_rows, shorter, 31) != []


def test_a_list_that_is_cut_is_not_looked_at_all_the_time() -> None:
    """Nothing of it can be told; once in ten minutes shows whether it is whole again."""
    seen_rows, ids = SeenRows(), [f"r{number}" for number in range(22)]
    gone(seen_rows, ids, 0)
    gone(seen_rows, ids[:15], 10)
    assert not seen_rows.wants_look(NOON + 19 * timestamps.MINUTE)
    assert seen_rows.wants_look(NOON + 10 * timestamps.MINUTE + EVERY)


def test_a_row_that_comes_back_in_between_is_not_gone() -> None:
    """A replica that lags behind shows an old state once."""
    seen_rows = SeenRows()
    for minute, ids in enumerate([SOME, SOME[1:], SOME, SOME[1:], SOME]):
        assert gone(seen_rows, ids, minute) == []


@pytest.mark.parametrize("shown", [[], ["somebody else"]])
def test_a_page_without_any_of_many_rows_is_doubted_longer(shown: list[str]) -> None:
    """It may be another workspace's, or a fault; after ten pages it is believed."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME, 0)
    for minute in range(1, MANY_LOOKS):
        assert gone(seen_rows, shown, minute) == []
    assert sorted(gone(seen_rows, shown, MANY_LOOKS)) == SOME


def test_the_last_rows_of_a_short_list_may_go() -> None:
    """Two rows are deleted together in good time."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME[:2], 0)
    assert [gone(seen_rows, [], minute) for minute in range(1, LOOKS + 1)] == [[], SOME[:2]]


def test_what_was_told_and_not_handled_is_told_again_after_a_restart() -> None:
    """The state is saved from before that."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME, 0)
    gone(seen_rows, SOME[1:], 1)
    saved = json.loads(json.dumps(seen_rows.dump()))
    assert gone(seen_rows, SOME[1:], 2) == ["r0"]
    again = SeenRows.load(saved)
    assert again.dump() == saved
    assert gone(again, SOME[1:], 2) == ["r0"]


def test_what_it_was_can_be_dumped_later() -> None:
    """Whatever comes in between."""
    seen_rows = SeenRows()
    gone(seen_rows, SOME, 0)
    gone(seen_rows, SOME[1:], 1)
    then, later = seen_rows.dump(), seen_rows.dump_later()
    gone(seen_rows, ["new", *SOME[1:]], 2)
    seen_rows.handled("r0")
    seen_rows.show_again(NOON + 3 * timestamps.MINUTE)
    assert later() == then != seen_rows.dump()


def test_it_remembers_a_bounded_number_of_rows() -> None:
    """Of a list that is always cut, rows come and go without an end."""
    seen_rows = SeenRows()
    for page in range(200):
        gone(seen_rows, [f"r{page * 50 + number}" for number in range(50)], page, whole=False)
    assert len(seen_rows.dump()[1]) <= 1000


@given(
    st.lists(st.tuples(st.frozensets(st.sampled_from(SOME)), st.booleans()), max_size=30),
)
@settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_only_rows_that_the_last_pages_lack_are_told(pages: list[tuple[frozenset[str], bool]]) -> None:
    """Whatever the pages show: the row was there once, and is on none of the last two whole pages."""
    seen_rows, seen, wholes = SeenRows(), set[str](), list[frozenset[str]]()
    for minute, (ids, whole) in enumerate(pages):
        told = gone(seen_rows, sorted(ids), minute, whole=whole)
        wholes += [ids] if whole else []
        assert whole or not told
        for row_id in told:
            assert row_id in seen
            assert all(row_id not in page for page in wholes[-LOOKS:])
            seen_rows.handled(row_id)
        seen |= ids


@pytest.mark.parametrize(
    "damaged", [[], [None], [1, 2], [1, [["r", "x", 0]]], [1, [["", 1, 0]]], ["x", []], [1, [["r", 1, "2"]]]]
)
def test_a_damaged_one_is_refused(damaged: Any) -> None:
    """As every part of a cursor."""
    with pytest.raises(CursorError):
        SeenRows.load(damaged)
