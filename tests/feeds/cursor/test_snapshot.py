"""Laws of the feed over a list without `since`."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.rules import NOW
from impactive_async.feeds.cursor.snapshot import MISSES, Snapshot

NOON = timestamps.parse("2026-01-01T12:00:00Z")


def row(row_id: Any, seconds: int, **fields: Any) -> dict[str, Any]:
    return {"id": row_id, "emailDate": timestamps.render(NOON + seconds * timestamps.SECOND), **fields}


def moment(seconds: int) -> datetime:
    return timestamps.moment(NOON + seconds * timestamps.SECOND)


def handle(snapshot: Snapshot, page: list[Any], now: int | None = None) -> list[Any]:
    fresh = snapshot.accept(page, now).fresh
    for version, _ in fresh:
        assert snapshot.ack(version)
    return [row["id"] for _, row in fresh]


def test_rows_are_new_once_and_again_when_their_content_changes() -> None:
    """Content is what is compared; the order of its keys is not content."""
    snapshot = Snapshot("f")
    assert snapshot.since() is None  # type: ignore[func-returns-value]
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == ["a", "b"]
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == []
    assert handle(snapshot, [dict(reversed(row("b", 2).items())), row("a", 1, read=True)]) == ["a"]


def test_a_page_accepted_twice_yields_nothing() -> None:
    """Rows in flight are not handed out again."""
    snapshot = Snapshot("f", cap=2)
    page = [row("b", 2), row("a", 1)]
    first = snapshot.accept(page, None)
    assert (len(first.fresh), len(first.gaps), snapshot.pending) == (2, 1, 2)
    again = snapshot.accept(page, None)
    assert [*again.fresh, *again.gaps, *again.bad] == []


def test_rows_in_flight_come_again_after_a_crash_and_handled_ones_do_not() -> None:
    """Only what was handled is saved."""
    snapshot = Snapshot("f")
    page = [row("b", 2), row("a", 1)]
    snapshot.ack(snapshot.accept(page, NOON).fresh[0][0])
    again = Snapshot.loads(snapshot.dumps(), "f")
    assert again.dumps() == snapshot.dumps()
    assert again.server_clock == NOON
    assert handle(again, page) == ["b"]


def test_a_second_ack_changes_nothing() -> None:
    """Only a row in flight can be handled."""
    snapshot = Snapshot("f")
    ((version, _),) = snapshot.accept([row("a", 1)], None).fresh
    assert snapshot.ack(version)
    assert not snapshot.ack(version)


@pytest.mark.parametrize("cap", [None, 2])
def test_an_empty_page_makes_no_row_new(cap: int | None) -> None:
    """However long a list shows nothing, what comes back as it was is not delivered again; what changed is."""
    snapshot = Snapshot("f", cap=cap)
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == ["a", "b"]
    for nothing in ([], ["no row"]) * MISSES:
        snapshot = Snapshot.loads(snapshot.dumps(), "f", cap=cap)
        assert handle(snapshot, nothing) == []
    assert handle(snapshot, [row("b", 2), row("a", 1, moved=True)]) == ["a"]


def test_a_row_missing_from_a_few_pages_is_not_new_when_it_comes_back() -> None:
    """A page that shows only part of the list costs no repetition, until it has done so too often in a row."""
    snapshot = Snapshot("f")
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == ["a", "b"]
    for _ in range(3):  # each time it is shown, the count begins anew
        for _ in range(MISSES):
            snapshot = Snapshot.loads(snapshot.dumps(), "f")
            assert handle(snapshot, [row("b", 2)]) == []
        assert handle(snapshot, [row("b", 2), row("a", 1)]) == []
    for _ in range(MISSES + 1):
        assert handle(snapshot, [row("b", 2)]) == []
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == ["a"]


def test_what_a_whole_list_no_longer_shows_is_forgotten() -> None:
    """However many rows come and go, the state holds those of the last few pages only."""
    snapshot = Snapshot("f")
    for n in range(200):
        assert handle(snapshot, [row(f"r{n}", n)]) == [f"r{n}"]
    document = json.loads(snapshot.dumps())
    assert len(document["known"]) == len(document["missed"]) + 1 == MISSES + 1


def test_a_row_pushed_off_a_capped_list_is_not_new_when_it_comes_back() -> None:
    """A deletion above brings it back; it was handled before."""
    snapshot = Snapshot("f", cap=2)
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == ["a", "b"]
    assert handle(snapshot, [row("c", 3), row("b", 2)]) == ["c"]
    assert handle(snapshot, [row("b", 2), row("a", 1)]) == []
    for n in range(4, 40):
        handle(snapshot, [row(str(n), n), row(str(n - 1), n - 1)])
    assert snapshot.dumps().count('["') <= 4


def test_a_full_page_without_a_row_of_the_last_one_is_an_overflow() -> None:
    """Between the newest handled row and the oldest shown one, rows may have been pushed off unseen."""
    snapshot = Snapshot("f", cap=2)
    first = snapshot.accept([row("b", 2), row("a", 1)], None)
    assert [(gap.kind, gap.after) for gap in first.gaps] == [("history", None)]
    for version, _ in first.fresh:
        snapshot.ack(version)
    assert not snapshot.accept([row("c", 3), row("b", 2)], None).gaps
    (gap,) = snapshot.accept([row("f", 9), row("e", 8)], None).gaps
    assert gap.kind == "overflow"
    assert gap.after == timestamps.moment(NOON + 2 * timestamps.SECOND)
    assert gap.before == timestamps.moment(NOON + 8 * timestamps.SECOND)


def test_a_known_row_of_the_future_proves_nothing() -> None:
    """On top of every page for ever, it says nothing of what was pushed off below; nor does it bound the gap."""
    snapshot = Snapshot("f", cap=3)
    future = row("future", 10**8)
    assert handle(snapshot, [future, row("b", 2)], NOON + 5 * timestamps.SECOND) == ["b", "future"]
    accepted = snapshot.accept([future, row("f", 9), row("e", 8)], NOON + 10 * timestamps.SECOND)
    assert [(gap.kind, gap.after, gap.before) for gap in accepted.gaps] == [
        ("overflow", moment(2), moment(8)),
    ]
    assert [row["id"] for _, row in accepted.fresh] == ["e", "f"]
    assert not snapshot.accept([future, row("f", 9), row("e", 8)], NOON + 11 * timestamps.SECOND).gaps


def test_a_page_of_known_future_rows_reports_the_time_that_has_passed() -> None:
    """It hides the present: each poll reports what the one before could not."""
    snapshot = Snapshot("f", cap=2)
    blocked = [row("z", 10**8 + 1), row("y", 10**8)]
    handle(snapshot, [row("a", 1)], NOON + 5 * timestamps.SECOND)
    snapshot.accept(blocked, NOON + 10 * timestamps.SECOND)
    (gap,) = snapshot.accept(blocked, NOON + 20 * timestamps.SECOND).gaps
    assert (gap.kind, gap.after, gap.before) == ("overflow", moment(11), moment(21))


def test_now_takes_the_first_page_as_known_and_a_moment_what_is_older() -> None:
    """Start modes concern the first page; whatever changes later is news."""
    page = [row("b", 2), row("a", 1)]
    now = Snapshot("f", start=NOW)
    now = Snapshot.loads(now.dumps(), "f")
    assert handle(now, page) == []
    assert handle(now, [row("late", 0), row("b", 2), row("a", 1, read=True)]) == ["late", "a"]
    assert handle(Snapshot("f", start=moment(2)), page) == ["b"]
    with pytest.raises(ValueError, match="aware"):
        Snapshot("f", start=datetime(2026, 1, 1))
    assert handle(Snapshot("f", start=datetime(1, 1, 1, tzinfo=UTC)), page) == ["a", "b"]


def test_a_full_first_page_is_history_only_where_everything_was_asked_for() -> None:
    """Rows since a moment that a full first page cannot show are lost; before `NOW`, none was asked for."""
    page = [row("c", 3), row("b", 2)]
    (gap,) = Snapshot("f", cap=2, start=moment(1)).accept(page, None).gaps
    assert (gap.kind, gap.after, gap.before) == ("overflow", moment(1), moment(2))
    assert not Snapshot("f", cap=2, start=moment(3)).accept(page, None).gaps
    assert not Snapshot("f", cap=2, start=NOW).accept(page, None).gaps
    (gap,) = Snapshot("f", cap=2, start=datetime.min.replace(tzinfo=UTC)).accept(page, None).gaps
    assert gap.kind == "history"


def test_bad_rows_are_reported_once() -> None:
    """A row without id, or a second one of an id that differs from the first, is quarantined."""
    snapshot = Snapshot("f")
    page: list[Any] = ["x", {"title": "no id"}, row("a", 1), row("a", 1), row("a", 2), {"id": 7}]
    accepted = snapshot.accept(page, None)
    assert [row["id"] for _, row in accepted.fresh] == [7, "a"]
    assert [bad.index for bad in accepted.bad] == [0, 1, 4]
    again = Snapshot.loads(snapshot.dumps(), "f").accept(page, None)
    assert (len(again.fresh), again.bad) == (2, [])


def test_twins_that_change_places_are_delivered_once() -> None:
    """Which of two contents under one id is delivered does not depend on the order of the page."""
    snapshot = Snapshot("f")
    twins = [row("a", 1), row("a", 2)]
    (bad,) = Snapshot("f").accept(twins, None).bad
    (same,) = Snapshot("f").accept(twins[::-1], None).bad
    assert bad.row == same.row == twins[bad.index] == twins[1 - same.index]
    assert handle(snapshot, twins) == ["a"]
    for page in (twins[::-1], twins, twins[::-1]):
        accepted = snapshot.accept(page, None)
        assert [*accepted.fresh, *accepted.bad] == []


def test_a_damaged_snapshot_is_refused() -> None:
    """As with any cursor: an error that says what to do."""
    text = Snapshot("f").dumps()
    for damaged in (
        text[:-1],
        text.replace('"known":[]', '"known":[["a"]]'),
        text.replace('"missed":[]', '"missed":[["a","1"]]'),
        text.replace('"f"', '"g"'),
    ):
        with pytest.raises(CursorError):
            Snapshot.loads(damaged, "f")


PRINTED = "2026-05-01T12:00:00Z"


@pytest.mark.parametrize(
    "row",
    [
        {"_id": "1", "updatedAt": PRINTED},
        {"uuid": "1", "created_at": PRINTED},
        {"id": "1", "updated_at": PRINTED},
        {"id": "1", "attributes": {"updatedAt": PRINTED}},
        {"id": "1", "updatedAt": 1777636800},
        {"id": "1", "updatedAt": "1777636800000"},
        {"id": "1", "updatedAt": "2026-05-01 12:00:00 UTC"},
    ],
)
@pytest.mark.parametrize(("hour", "delivered"), [(11, 1), (13, 0)])
def test_ids_and_moments_count_in_all_forms_that_rows_are_read_in(
    row: dict[str, Any], hour: int, delivered: int
) -> None:
    """Otherwise a feed would skip rows as too old, or call rows bad, that a call reads."""
    cursor = Snapshot("bookings", start=datetime(2026, 5, 1, hour, tzinfo=UTC))
    accepted = cursor.accept([row], None)
    assert (len(accepted.fresh), accepted.bad) == (delivered, [])


def test_an_undated_row_is_not_taken_for_older_than_the_start() -> None:
    """It may have come since then; `NOW` takes the first page as known all the same."""
    row = {"id": "1", "title": "Demo"}
    assert Snapshot("bookings", start=datetime(2026, 5, 1, tzinfo=UTC)).accept([row], None).fresh
    assert not Snapshot("bookings", start=NOW).accept([row], None).fresh
