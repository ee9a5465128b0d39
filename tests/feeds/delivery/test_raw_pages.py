"""Pages whose rows are text until they are handed out."""

from __future__ import annotations

from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._clock import SystemClock
from impactive_async._codec.page import RawPage, Rows, each_row, page, value_of
from impactive_async._http.caller import Answer
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.page import Accepted
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.delivery.poll import Poll
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.feed import Feed
from impactive_async.models import Booking, Send
from tests.feeds.lists import RULES, row

NOW = 1_800_000_000_000_000
STAMPS = [f"2027-01-15T07:{minute:02}:00.00{tick}Z" for minute in (10, 58, 59) for tick in (0, 1, 2)]
SHAPE = page("id", "updatedAt")

rows = st.fixed_dictionaries(
    {"id": st.sampled_from("abcdefgh"), "updatedAt": st.sampled_from(STAMPS), "note": st.sampled_from(["", "},{"])}
)
orders = st.sampled_from([lambda row: row["updatedAt"], lambda row: row["id"]])
twins = st.fixed_dictionaries(
    {"id": st.sampled_from("ab"), "updatedAt": st.just(STAMPS[4]), "note": st.sampled_from(["", "},{"])}
)


@st.composite
def pages(draw: st.DrawFn) -> list[dict[str, Any]]:
    return sorted(draw(st.lists(rows, max_size=8)), key=draw(orders), reverse=True)


def plainly(accepted: Accepted) -> Accepted:
    """With the plain values of the rows."""
    return attrs.evolve(accepted, fresh=[(version, value_of(row)) for version, row in accepted.fresh])


@pytest.mark.parametrize("immutable", [False, True])
@pytest.mark.parametrize("cap", [None, 3])
def test_text_tells_a_cursor_all_it_needs(immutable: bool, cap: int | None) -> None:
    """Over any pages, with rows handled or not, it accepts, reports and saves what it would of parsed ones."""
    rules = Rules(timestamp="updatedAt", overlap=60_000_000, cap=cap, immutable=immutable)

    @settings(derandomize=True, deadline=None, max_examples=100)
    @given(st.lists(st.tuples(pages(), st.booleans()), max_size=6))
    def law(polls: list[tuple[list[dict[str, Any]], bool]]) -> None:
        parsed, unread = Cursor(rules, feed="f"), Cursor(rules, feed="f")
        for shown, handled in polls:
            expected, found = parsed.accept(shown, NOW), unread.accept(SHAPE(orjson.dumps(shown)), NOW)
            assert plainly(found) == expected
            for version, _ in expected.fresh if handled else ():
                assert parsed.ack(version)
                assert unread.ack(version)
            assert unread.dumps() == parsed.dumps()

    law()


@pytest.mark.parametrize("immutable", [False, True])
def test_wherever_a_page_is_no_json_it_is_taken_row_by_row(immutable: bool) -> None:
    """Also with twins in it: all that is in flight was handed over, and no other row is missing."""
    rules = Rules(timestamp="updatedAt", overlap=60_000_000, immutable=immutable)

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(st.lists(twins, min_size=1, max_size=6), st.integers(0, 6), st.integers(0, 6))
    def law(drawn: list[dict[str, Any]], place: int, fault: int) -> None:
        cursor = Cursor(rules, feed="f")
        known = {"id": "known", "updatedAt": STAMPS[3]}
        for version, _ in cursor.accept([known], NOW).fresh:
            assert cursor.ack(version)
        texts = list(map(orjson.dumps, [*drawn[:place], known, *drawn[place:]]))
        fault %= len(texts)
        texts[fault] = texts[fault][:-1] + b',"x":"\xff"}'
        found = cursor.accept(SHAPE(b"[%b]" % b",".join(texts)), NOW)
        assert cursor.pending == len(found.fresh)
        assert {row_id for (row_id, _), _ in found.fresh} == {one["id"] for one in drawn}
        assert all(type(bad.row) is str or bad.row in drawn for bad in found.bad)

    law()


# -- as a feed hands them out ----------------------------------------------------------------------------------

GOOD, BAD = row(1), row(2)
BROKEN = b"[%b,%b]" % (orjson.dumps(BAD)[:-1] + b',"subject":"\xff"}', orjson.dumps(GOOD))


async def poll(
    body: bytes, cursor: str | None = None, *, kind: type[Any] = Send, rules: Rules | None = RULES
) -> Poll[Any]:
    """Poll a list once that answers with these bytes."""
    shape: Any = each_row if rules is None else page(rules.id, rules.timestamp)

    async def answer(_: str | None) -> Answer[Rows]:
        return Answer(shape(body), 1, None)

    source = Source(name="f", row=kind, rules=rules, page=answer, clock=SystemClock())
    return await Feed(source, FeedOptions()).poll(cursor)


def reason_of(bad: list[BadRow]) -> str:
    (one,) = bad
    assert one.row == BROKEN[1:].rpartition(b",{")[0].decode("utf-8", "replace")
    return one.reason


async def test_one_row_that_is_no_json_does_not_hold_up_its_page() -> None:
    """It is reported once, with its text and without what the parser held of it; the others are delivered."""
    found = await poll(BROKEN)
    assert [one.id for one in found.rows] == ["e1"]
    assert reason_of(found.bad).startswith("not JSON: ")
    again = await poll(BROKEN, found.cursor)
    assert (again.rows, again.bad) == ([], [])


async def test_a_row_without_a_readable_id_or_timestamp_is_reported_once() -> None:
    """Also where the id itself is what cannot be read."""
    body = BROKEN.replace(b'"emailDate"', b'"\xff"', 1)
    found = await poll(body)
    assert [one.id for one in found.rows] == ["e1"]
    assert [one.reason for one in found.bad] == ["not JSON"]
    again = await poll(body, found.cursor)
    assert (again.rows, again.bad) == ([], [])


async def test_one_row_of_a_list_that_is_compared_by_content_does_not_hold_up_the_others() -> None:
    """A list without `since` is read row by row too."""
    body = b'[{"id":"b1"},{"id":"b2","title":"\xff"}]'
    found = await poll(body, kind=Booking, rules=None)
    assert [one.id for one in found.rows] == ["b1"]
    assert [one.reason for one in found.bad] == ["not JSON"]
    again = await poll(body, found.cursor, kind=Booking, rules=None)
    assert (again.rows, again.bad) == ([], [])


async def test_a_fresh_row_with_unknown_fields_keeps_them() -> None:
    """What no struct has a place for is taken from the row's own text."""
    found = await poll(orjson.dumps([row(1, mood="fine", subject="Hello")]))
    assert [(one.subject, one.extra) for one in found.rows] == [("Hello", {"mood": "fine"})]


def test_a_row_in_flight_does_not_keep_its_page_in_memory() -> None:
    """A slow consumer of a page of a megabyte holds the rows that are left, not the page."""
    shown = SHAPE(orjson.dumps([{"id": number, "updatedAt": "", "body": "x" * 1000} for number in range(3)]))
    assert isinstance(shown, RawPage)
    assert [type(text) for text in shown.pick([0, 2])] == [bytes, bytes]
