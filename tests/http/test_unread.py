"""Pages of which only ids and timestamps are read until somebody asks for more."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._http import unread as module
from impactive_async._http.unread import UnreadPage, column, pick, unread
from impactive_async._http.wire import build_request, get
from impactive_async.errors import DecodeError

REQUEST = build_request(get("/api/agent/sequences/:id/enrollments"), ("7",), query={"since": "x"})
SHAPE = unread(REQUEST, "id", "updatedAt")
LAWFUL = settings(derandomize=True, deadline=None, max_examples=150)
LARGE = "x" * module._SMALL
TRAPS = st.sampled_from(['},{"id":"no"', "},{", '"},{"', "\\", "}]", "é“”", "", "\n"])

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5) | TRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | TRAPS, inner, max_size=3),
)
rows = st.builds(
    lambda row, row_id, stamp: {**row, "id": row_id, "updatedAt": stamp},
    st.dictionaries(st.text(max_size=3) | TRAPS, values, max_size=4),
    st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4),
    st.text(max_size=4) | TRAPS,
)


def page_of(body: bytes) -> UnreadPage:
    page = SHAPE.of_body(body)
    assert isinstance(page, UnreadPage)
    return page


def large(page: list[Any]) -> list[Any]:
    """The page with a last row that makes it worth the trouble."""
    return [*page, {"id": "last", "updatedAt": "", "body": LARGE}]


def text_of(row: dict[str, Any]) -> bytes:
    return orjson.dumps(large([row]))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",\n ", ":")])
def test_rows_are_those_of_the_parser(separators: tuple[str, str]) -> None:
    """Whatever is asked for, in whatever order: columns and rows are as if the page had been parsed."""

    @LAWFUL
    @given(st.lists(rows, max_size=8).map(large), st.data())
    def law(parsed: list[Any], data: st.DataObject) -> None:
        page = page_of(json.dumps(parsed, separators=separators, ensure_ascii=False).encode())
        assert len(page) == len(parsed)
        assert column(page, "id") == [row["id"] for row in parsed]
        assert column(page, "updatedAt") == [row["updatedAt"] for row in parsed]
        for _ in range(3):
            places = sorted(data.draw(st.sets(st.integers(0, len(parsed) - 1))))
            assert pick(page, places) == [parsed[place] for place in places]
        assert list(page) == parsed
        assert page[-1] == parsed[-1]
        assert page[:2] == parsed[:2]

    law()


def test_a_row_is_the_same_value_each_time() -> None:
    """What was handed out alone is what the whole page holds later, not a second copy of it."""
    page = page_of(orjson.dumps(large([{"id": "a", "updatedAt": "1"}, {"id": "b", "updatedAt": "2"}])))
    (first,) = pick(page, [0])
    assert page[0] is first
    assert pick(page, [0, 1, 2]) == list(page)
    assert next(iter(page)) is first


@pytest.mark.parametrize("asked", [1, 40])
def test_new_rows_on_top_are_parsed_alone(asked: int) -> None:
    """The rest of a page is not looked at for the sake of a few rows, but it is for many."""
    body = orjson.dumps([{"id": number, "updatedAt": "", "body": "y" * 500} for number in range(100)])
    broken = body.replace(b'"id":99,"updatedAt":"","body":"y', b'"id":99,"updatedAt":"","body":"\xff')
    page = page_of(broken)
    if asked == 1:
        assert pick(page, [0])[0]["id"] == 0
    else:
        with pytest.raises(DecodeError, match="not JSON all through"):
            pick(page, list(range(asked)))


def test_a_column_that_was_not_read_is_parsed() -> None:
    """Any field can be asked for."""
    page = page_of(text_of({"id": "a", "updatedAt": "", "body": "b"}))
    assert column(page, "body") == ["b", LARGE]
    with pytest.raises(LookupError):
        column(page, "nothing")


def test_what_breaks_a_row_that_was_passed_over_is_told_when_it_is_asked_for() -> None:
    """Passing over text does not look at it closely: a page that is no JSON is then unreadable, not a surprise."""
    page = page_of(text_of({"id": "a", "updatedAt": "", "body": "?"}).replace(b"?", b"\xff"))
    with pytest.raises(DecodeError, match="not JSON all through") as caught:
        pick(page, [0])
    assert (caught.value.method, caught.value.request_path) == ("GET", "/api/agent/sequences/7/enrollments")


def test_the_error_of_a_broken_page_does_not_hold_the_page() -> None:
    """What a server said of people ends neither in a report of the error nor in memory for its sake."""
    page = page_of(text_of({"id": "a", "updatedAt": "", "body": "?"}).replace(b'"?"', b"1e999"))
    with pytest.raises(DecodeError) as caught:
        list(page)
    assert caught.value.__context__ is None
    assert LARGE[:100] not in repr(vars(caught.value))


def test_many_braces_in_a_row_do_not_cost_a_parse_each() -> None:
    """After a few places where a row might end the whole page is parsed instead."""
    page = page_of(text_of({"id": "a", "updatedAt": "", "list": [{}] * 1000}))
    assert len(pick(page, [0])[0]["list"]) == 1000
    assert len(page._read) == 2


@pytest.mark.parametrize(
    "page",
    [
        {"data": large([])},
        large([{"id": "a"}]),
        large([{"updatedAt": ""}]),
        large([{"id": True, "updatedAt": ""}]),
        large([{"id": 1.5, "updatedAt": ""}]),
        large([{"id": 2**64 - 1, "updatedAt": ""}]),
        large([{"id": "a", "updatedAt": None}]),
        large([None]),
        [LARGE],
        [{"id": "small", "updatedAt": ""}],
        [],
    ],
    ids=range(11),
)
def test_anything_out_of_the_ordinary_is_parsed_at_once(page: object) -> None:
    """The exact reader of a page decides about what is not plainly an id and a timestamp; and small pages are."""
    assert SHAPE.of_body(json.dumps(page).encode()) is None


@pytest.mark.parametrize(
    "body", [b"", b"[{" + b"[" * 20_000, b"\xef\xbb\xbf" + text_of({"id": 1, "updatedAt": ""})]
)
def test_bytes_that_are_no_page_are_left_to_the_parser(body: bytes) -> None:
    """Nothing but `None` comes of them."""
    assert SHAPE.of_body(body) is None
