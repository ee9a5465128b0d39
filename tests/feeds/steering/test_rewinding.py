"""Laws of cursors that were rewound."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import saved_text, timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import NOW, Rules
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.steering.reading import summary_of
from impactive_async.feeds.steering.rewinding import rewound

NOON = timestamps.parse("2026-01-01T12:00:00Z")
RULES = Rules(timestamp="updatedAt", overlap=10 * timestamps.SECOND, cap=100)
SMALL = Rules(timestamp="updatedAt", overlap=10 * timestamps.SECOND, cap=20)


def at(seconds: int) -> int:
    return NOON + seconds * timestamps.SECOND


def moment(seconds: int) -> datetime:
    return timestamps.moment(at(seconds))


def row(number: int, stamp: str = "updatedAt") -> dict[str, Any]:
    return {"id": f"r{number}", stamp: timestamps.render(at(number))}


def handled(cursor: Cursor | Snapshot, page: list[Any], now: int | None = None) -> list[str]:
    fresh = cursor.accept(page, now).fresh
    for version, _ in fresh:
        assert cursor.ack(version)
    return [one["id"] for _, one in fresh]


def page_of(cursor: Cursor, numbers: list[int], cap: int = 100) -> list[Any]:
    """What a list shows, newest first, that heeds `since` and has a cap."""
    since = cursor.since()
    low = timestamps.BEGINNING if since is None else timestamps.parse(since)
    return [row(number) for number in sorted(numbers, reverse=True) if at(number) >= low][:cap]


def followed(rules: Rules, numbers: list[int], now: int) -> Cursor:
    """A cursor that has handled rows as they came, ten at a time, until now."""
    cursor = Cursor(rules, feed="f")
    for place in range(0, len(numbers), 10):
        shown = numbers[: place + 10]
        handled(cursor, page_of(cursor, shown, rules.cap or 100), at(shown[-1]))
    handled(cursor, page_of(cursor, numbers, rules.cap or 100), at(now))
    return cursor


def rewound_cursor(cursor: Cursor, seconds: int) -> Cursor:
    return Cursor.loads(rewound(cursor.dumps(), moment(seconds)), cursor.rules, "f")


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True).map(sorted),
    st.integers(-20, 420),
    st.lists(st.integers(380, 400), max_size=3),
)
def test_rows_from_the_moment_on_come_again_and_late_ones_as_before(
    numbers: list[int], to: int, late: list[int]
) -> None:
    """What the list shows from the moment on comes, older handled ones do not, and none is passed over."""
    cursor = followed(RULES, numbers, 401)
    others = [number for number in late if number not in numbers]
    expected = {f"r{number}" for number in numbers if number >= to} | {f"r{number}" for number in others}
    cursor = rewound_cursor(cursor, to)
    got = handled(cursor, page_of(cursor, [*numbers, *set(others)]), at(402))
    assert len(got) == len(set(got))
    assert set(got) >= expected
    assert all(number >= to - 1 for number in numbers if f"r{number}" in got)
    assert handled(cursor, page_of(cursor, [*numbers, *set(others)]), at(403)) == []


def test_rows_that_a_page_has_no_room_for_are_a_gap() -> None:
    """A capped list cannot show all that came since: what it hides is reported, also if it was before."""
    numbers = [*range(200)]
    cursor = followed(SMALL, numbers, 200)
    cursor = rewound_cursor(cursor, 50)
    accepted = cursor.accept(page_of(cursor, numbers, cap=20), at(201))
    assert len(accepted.fresh) == 20
    (gap,) = accepted.gaps
    assert gap.after is not None
    assert gap.before is not None
    assert gap.after <= moment(50)
    assert gap.before >= moment(178)


def test_gaps_from_the_moment_on_are_told_anew() -> None:
    """What was reported of the time that is asked for again counts no more."""
    cursor = Cursor(SMALL, feed="f")
    handled(cursor, page_of(cursor, [*range(10)]), at(10))
    assert cursor.accept([row(number) for number in reversed(range(100, 120))], at(120)).gaps
    told = summary_of(rewound(cursor.dumps(), moment(50))).gaps
    assert all(gap.before and gap.before < moment(50) for gap in told)
    assert summary_of(rewound(cursor.dumps(), moment(130))).gaps == summary_of(cursor.dumps()).gaps != told


def test_a_feed_that_has_not_begun_starts_earlier() -> None:
    """One that was to start now starts from the moment; one that was to start with everything still does."""
    late = Cursor.loads(rewound(Cursor(RULES, feed="f", start=NOW).dumps(), moment(10)), RULES, "f")
    assert handled(late, [row(number) for number in (30, 20, 5)], at(40)) == ["r20", "r30"]
    dated = Cursor(RULES, feed="f", start=moment(20)).dumps()
    earlier = Cursor.loads(rewound(dated, moment(10)), RULES, "f")
    assert handled(earlier, [row(number) for number in (30, 15, 5)], at(40)) == ["r15", "r30"]
    everything = Cursor.loads(rewound(Cursor(RULES, feed="f").dumps(), moment(10)), RULES, "f")
    assert everything.since() is None
    assert handled(everything, [row(number) for number in (30, 5)], at(40)) == ["r5", "r30"]


def test_a_list_that_is_compared_by_content_shows_dated_rows_again() -> None:
    """Those from the moment on come once more; others come if they are new, whatever their date."""
    snapshot = Snapshot("f")
    rows = [row(number, "createdAt") for number in (3, 2, 1)]
    assert handled(snapshot, rows, at(5)) == ["r1", "r2", "r3"]
    again = Snapshot.loads(rewound(snapshot.dumps(), moment(2)), "f")
    assert again.dumps() == Snapshot.loads(again.dumps(), "f").dumps()
    assert handled(again, [], at(6)) == []
    assert handled(again, [*rows, row(0, "createdAt")], at(6)) == ["r0", "r2", "r3"]
    assert handled(again, [*rows, row(0, "createdAt")], at(7)) == []


def test_where_a_cursor_belongs_stays_and_the_tag_of_its_page_goes() -> None:
    """With the tag, the server would say that nothing has changed, and nothing would come again."""
    for text in (followed(RULES, [1, 2], 3).dumps(), Snapshot("f").dumps()):
        beside = '{"server":"https://x","workspace":"w1","page":["2026","\\"tag\\"",false],'
        back = rewound(beside + text[1:], moment(1))
        assert back.startswith('{"server":"https://x","workspace":"w1",')
        assert "page" not in json.loads(back)
        assert summary_of(back).workspace == "w1 at https://x"


def test_what_is_no_cursor_of_a_list_is_refused() -> None:
    """Damaged text, text of something else, and what `crm.watch` knows of sequences."""
    text = followed(RULES, [1, 2], 3).dumps()
    other = saved_text.pack("sequences", "f", "r", {"a": 1})
    for wrong, why in ((text[:-3], "damaged"), ("7", "no cursor"), (other, "no place in time")):
        with pytest.raises(CursorError, match=why):
            rewound(wrong, moment(1))
    with pytest.raises(CursorError, match="checksum"):
        rewound(text.replace('"floor":', '"floor":1'), moment(1))


def test_a_cursor_says_how_far_it_has_come() -> None:
    """Frontier, floor, last page, the oldest row in flight, and how many versions it knows."""
    cursor = followed(RULES, [1, 2, 30], 40)
    cursor.accept([row(number) for number in (35, 30, 2, 1)], at(41))
    told = summary_of(cursor.dumps())
    assert (told.feed, told.kind, told.begun, told.known) == ("f", "cursor", True, 3)
    assert (told.frontier, told.floor) == (moment(30), moment(20))
    assert (told.in_flight, told.last_page) == (moment(35), moment(41))
    snapshot = Snapshot("f")
    assert not summary_of(snapshot.dumps()).begun
    handled(snapshot, [row(3, "createdAt")], at(5))
    told = summary_of(snapshot.dumps())
    assert (told.begun, told.frontier, told.last_page, told.known) == (True, moment(3), moment(5), 1)
