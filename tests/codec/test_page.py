"""Pages of which only ids and timestamps are read until somebody wants a row."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec.bodies import NotJson
from impactive_async._codec.page import RawPage, each_row, page, page_of, plain_page, value_of
from impactive_async.errors import DecodeError

SHAPE = page("id", "updatedAt")
PLAIN = plain_page("id", "updatedAt")
LAWFUL = settings(derandomize=True, deadline=None, max_examples=150)
TRAPS = st.sampled_from(['},{"id":"no"', "},{", '"},{"', "\\", "}]", "é“”", "", "\n", "a", "0"])

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5) | TRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | TRAPS, inner, max_size=3),
)
rows = st.builds(
    lambda row, row_id, stamp: {**row, "id": row_id, "updatedAt": stamp},
    st.dictionaries(st.text(max_size=3) | TRAPS, values, max_size=4),
    st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4) | TRAPS,
    st.text(max_size=4) | TRAPS,
)


def picked(shown: RawPage, places: list[int]) -> list[Any]:
    return [value_of(row) for row in shown.pick(places)]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",\n ", ":")])
def test_rows_are_those_of_the_parser(separators: tuple[str, str]) -> None:
    """Whichever rows are asked for, columns and rows are as if the page had been parsed."""

    @LAWFUL
    @given(st.lists(rows, max_size=8), st.data())
    def law(parsed: list[Any], data: st.DataObject) -> None:
        body = json.dumps(parsed, separators=separators, ensure_ascii=False).encode()
        places = sorted(data.draw(st.sets(st.integers(0, len(parsed) - 1)))) if parsed else []
        for shown in (SHAPE(body), PLAIN(body), SHAPE(body).part(range(len(parsed)))):
            assert len(shown) == len(parsed)
            assert shown.ids == [row["id"] for row in parsed]
            assert shown.stamps == [row["updatedAt"] for row in parsed]
            assert picked(shown, places) == [parsed[place] for place in places]
        part = SHAPE(body).part(places)
        assert [part.ids, part.stamps] == [
            [parsed[place][name] for place in places] for name in ("id", "updatedAt")
        ]
        assert picked(part, [*range(len(places))]) == [parsed[place] for place in places]

    law()


def test_a_row_stays_text_until_it_is_read() -> None:
    """A new row is handed on as its own bytes, so that it is read once, straight into its struct."""
    text = b'{"id":"a","updatedAt":"1","body":"x"}'
    assert SHAPE(b"[%b]" % text).pick([0]) == [text]


def test_new_rows_on_top_are_split_off_alone() -> None:
    """For the sake of the first rows nobody looks at the others, however they go on."""
    body = orjson.dumps([{"id": f"row {number}", "updatedAt": "", "body": "y"} for number in range(100)])
    shown = SHAPE(body)
    assert picked(shown, [0, 2])[1]["id"] == "row 2"
    assert [value_of(row)["id"] for row in shown.pick(range(100))] == [f"row {number}" for number in range(100)]


@pytest.mark.parametrize("trap", ["b", '"b"', {"b": 1}, ["b"], {"id": "b"}, {"x": {"id": "b", "y": []}}])
def test_an_id_that_stands_elsewhere_too_splits_no_row(trap: object) -> None:
    """Where the next row's id is found first within a row before it, that row is whole all the same."""
    parsed = [{"id": "a", "trap": trap, "updatedAt": "2"}, {"id": "b", "updatedAt": "1"}]
    assert picked(SHAPE(orjson.dumps(parsed)), [0]) == parsed[:1]
    parsed = [{"id": "b", "updatedAt": "2"}, {"id": "b", "updatedAt": "1"}]
    assert picked(SHAPE(orjson.dumps(parsed)), [0]) == parsed[:1]


@pytest.mark.parametrize("broken", [b'"\xff"', b"1e999"])
@pytest.mark.parametrize("field", ["id", "updatedAt", "body"])
def test_a_row_that_is_not_json_is_one_row(broken: bytes, field: str) -> None:
    """A byte that is no UTF-8, or a number that no float holds, makes its own row unreadable, and no other."""
    bad = orjson.dumps({"id": "b", "updatedAt": "2", "body": "?", field: "?"}).replace(b'"?"', broken)
    good = [{"id": "a", "updatedAt": "1"}, {"id": "c", "updatedAt": "3"}]
    body = b"[%b,%b,%b]" % (orjson.dumps(good[0]), bad, orjson.dumps(good[1]))
    shown = SHAPE(body)
    assert (shown.ids[0], shown.ids[2]) == ("a", "c")
    assert (shown.ids[1], shown.stamps[1]) == (("b", "2") if field == "body" else (None, None))
    first, second, third = shown.pick([0, 1, 2])
    assert [value_of(first), value_of(third)] == good
    assert (second, value_of(second)) == (bad, bad.decode("utf-8", "replace"))
    assert list(map(value_of, each_row(body))) == [good[0], bad.decode("utf-8", "replace"), good[1]]


@pytest.mark.parametrize(
    ("parsed", "ids", "stamps"),
    [
        ({"data": [{"id": "a", "updatedAt": "1"}], "total": 1}, ["a"], ["1"]),
        ([{"id": "a"}], ["a"], [None]),
        ([{"updatedAt": ""}], [None], [""]),
        ([{"id": True, "updatedAt": ""}], [None], [""]),
        ([{"id": 1.5, "updatedAt": ""}], [None], [""]),
        ([{"id": [], "updatedAt": {}}], [None], [None]),
        ([{"id": 2**64 - 1, "updatedAt": ""}], [2**64 - 1], [""]),
        ([{"id": "a", "updatedAt": None}], ["a"], [None]),
        ([None, "id", 7, [], {"id": "b", "updatedAt": "2"}], [None] * 4 + ["b"], [None] * 4 + ["2"]),
        ([], [], []),
    ],
    ids=range(10),
)
def test_anything_out_of_the_ordinary_is_read_row_by_row(parsed: Any, ids: list[Any], stamps: list[Any]) -> None:
    """A row without an id or a timestamp has `None` in its place, and keeps its value for whoever reports it."""
    found = parsed["data"] if isinstance(parsed, dict) else parsed
    body = orjson.dumps(parsed)
    for shown in (SHAPE(body), PLAIN(body), page_of(found, "id", "updatedAt")):
        assert (shown.ids, shown.stamps) == (ids, stamps)
        assert picked(shown, [*range(len(shown))]) == found
    assert list(map(value_of, each_row(body))) == found


@pytest.mark.parametrize("body", [b"[{", b"[{" + b"[" * 20_000, b"[1e999]"[:-1], b"<html>"])
def test_bytes_that_are_no_json_are_no_page(body: bytes) -> None:
    """Nothing of what is cut off is taken for a page, by either way of reading."""
    for shape in (SHAPE, PLAIN, each_row):
        with pytest.raises(NotJson):
            shape(body)


@pytest.mark.parametrize("body", [b"", b"null", b'{"a":[],"b":[]}', b'{"error":"no","rows":[]}'])
def test_json_that_is_no_list_is_no_page(body: bytes) -> None:
    """An empty answer, or an object that does not say which array it means, is never an empty list."""
    for shape in (SHAPE, PLAIN, each_row):
        with pytest.raises(DecodeError, match=r"no list of rows found|the server refused"):
            shape(body)


def test_a_byte_order_mark_is_no_part_of_a_page() -> None:
    """It is skipped, as in any answer."""
    body = b'\xef\xbb\xbf[{"id":"a","updatedAt":"1"}]'
    assert SHAPE(body).ids == PLAIN(body).ids == ["a"]
    assert each_row(body) == [{"id": "a", "updatedAt": "1"}]
