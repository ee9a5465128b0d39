"""A cursor over pages it has only glanced at."""

from __future__ import annotations

from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._http.unread import UnreadPage, unread
from impactive_async._http.wire import build_request, get
from impactive_async.errors import DecodeError
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.rules import Rules

NOW = 1_800_000_000_000_000
BODY = "x" * 20_000  # what makes a page worth glancing at
STAMPS = [f"2027-01-15T07:{minute:02}:00.00{tick}Z" for minute in (10, 58, 59) for tick in (0, 1, 2)]
SHAPE = unread(build_request(get("/api/zapier/deals")), "id", "updatedAt")

rows = st.fixed_dictionaries(
    {"id": st.sampled_from("abcdefgh"), "updatedAt": st.sampled_from(STAMPS), "note": st.sampled_from(["", "},{"])}
)
orders = st.sampled_from([lambda row: row["updatedAt"], lambda row: row["id"]])


twins = st.fixed_dictionaries(
    {"id": st.sampled_from("ab"), "updatedAt": st.just(STAMPS[4]), "note": st.sampled_from(["", "},{"])}
)


@st.composite
def pages(draw: st.DrawFn) -> list[dict[str, Any]]:
    return sorted(draw(st.lists(rows, min_size=1, max_size=8)), key=draw(orders), reverse=True)


@pytest.mark.parametrize("immutable", [False, True])
@pytest.mark.parametrize("cap", [None, 3])
def test_a_glance_tells_a_cursor_all_it_needs(immutable: bool, cap: int | None) -> None:
    """Over any pages, with rows handled or not, it accepts, reports and saves what it would of parsed ones."""
    rules = Rules(timestamp="updatedAt", overlap=60_000_000, cap=cap, immutable=immutable)

    @settings(derandomize=True, deadline=None, max_examples=100)
    @given(st.lists(st.tuples(pages(), st.booleans()), max_size=6))
    def law(polls: list[tuple[list[dict[str, Any]], bool]]) -> None:
        parsing, glancing = Cursor(rules, feed="f"), Cursor(rules, feed="f")
        for drawn, handled in polls:
            page = [*drawn[:-1], {**drawn[-1], "body": BODY}]
            glanced = SHAPE.of_body(orjson.dumps(page))
            assert isinstance(glanced, UnreadPage)
            expected, found = parsing.accept(page, NOW), glancing.accept(glanced, NOW)
            assert attrs.asdict(found) == attrs.asdict(expected)
            for row in expected.fresh if handled else ():
                assert parsing.ack(row)
                assert glancing.ack(row)
            assert glancing.dumps() == parsing.dumps()

    law()


@pytest.mark.parametrize("immutable", [False, True])
def test_a_page_that_is_broken_somewhere_is_taken_whole_or_not_at_all(immutable: bool) -> None:
    """Wherever a page is no JSON, also with twins in it: nothing is in hand that was not handed over."""
    rules = Rules(timestamp="updatedAt", overlap=60_000_000, immutable=immutable)

    @settings(derandomize=True, deadline=None, max_examples=200)
    @given(st.lists(twins, min_size=1, max_size=6), st.integers(0, 6))
    def law(drawn: list[dict[str, Any]], place: int) -> None:
        parsing, glancing = Cursor(rules, feed="f"), Cursor(rules, feed="f")
        known = {"id": "known", "updatedAt": STAMPS[3], "body": BODY}
        for cursor in (parsing, glancing):
            cursor.accept([known], NOW)
            assert cursor.ack(known)
        before = glancing.dumps()
        assert parsing.dumps() == before
        page = [*drawn[:place], known, *drawn[place:]]
        glanced = SHAPE.of_body(orjson.dumps(page).replace(b"xx", b"\xff\xff", 1))
        assert isinstance(glanced, UnreadPage)
        try:
            found = glancing.accept(glanced, NOW)
        except DecodeError:
            assert (glancing.dumps(), glancing.pending) == (before, 0)
        else:
            assert attrs.asdict(found) == attrs.asdict(parsing.accept(page, NOW))
            assert glancing.pending == len(found.fresh)

    law()


def test_an_unreadable_page_changes_nothing() -> None:
    """What turns out not to be JSON when a new row is looked at leaves the cursor where it was."""
    cursor = Cursor(Rules(timestamp="updatedAt", overlap=60_000_000), feed="f")
    known = {"id": "a", "updatedAt": STAMPS[0]}
    cursor.accept([known], NOW)
    assert cursor.ack(known)
    before = cursor.dumps()
    body = orjson.dumps([{"id": "b", "updatedAt": STAMPS[5], "body": BODY}, known]).replace(b"xx", b"\xff\xff")
    page = SHAPE.of_body(body)
    assert isinstance(page, UnreadPage)
    with pytest.raises(DecodeError, match="not JSON all through"):
        cursor.accept(page, NOW + 60_000_000)
    assert cursor.dumps() == before
