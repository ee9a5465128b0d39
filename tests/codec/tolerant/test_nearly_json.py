"""Text that is nearly JSON: one value that no parser reads costs nothing but itself."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec.bodies import NotJson, json_of
from impactive_async._codec.codec import read_row, read_rows
from impactive_async._codec.page import each_row, page, plain_page, value_of
from impactive_async._codec.tolerant.nearly_json import DEEPEST, members_apart, mended, rows_apart
from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async.errors import DecodeError
from impactive_async.models import Booking

LAWFUL = settings(derandomize=True, deadline=None, max_examples=150)
DEEP = b"[" * 5000 + b"]" * 5000

MENDED: dict[bytes, tuple[Any, str]] = {
    b'"\\ud83d"': ("\ufffd", "text.surrogate"),
    b'"a\\uDE00b"': ("a\ufffdb", "text.surrogate"),
    b'"\\ud83d\\ud83d\\ude00"': ("\ufffd\N{GRINNING FACE}", "text.surrogate"),
    b'"caf\xe9"': ("caf\ufffd", "text.not_utf8"),
    b'"\xed\xa0\xbd"': ("\ufffd\ufffd\ufffd", "text.not_utf8"),
    b'"a\x01\tb\nc"': ("a\x01\tb\nc", "text.control"),
    b'"C:\\dir"': ("C:\\dir", "text.escape"),
    b'"\\u12"': ("\\u12", "text.escape"),
    b"NaN": (None, "number.not_finite"),
    b"-Infinity": (None, "number.not_finite"),
    b"1e999": (None, "number.not_finite"),
    b"9" * 400: (None, "number.not_finite"),
}
"""The text of a value; what it is read as, and under which name that is counted."""
SHAPES: dict[str, Any] = {
    "page": page("id", "updatedAt"),
    "plain page": plain_page("id", "updatedAt"),
    "rows": each_row,
}


def body_of(value: bytes, *, envelope: bool = False) -> bytes:
    rows = b'[{"id":"a","updatedAt":"3"},{"id":"b","updatedAt":"2","x":%b},{"id":"c","updatedAt":"1"}]' % value
    return b'{"data": %b, "note": "x"}' % rows if envelope else rows


def shown(name: str, body: bytes, notes: Notes | None) -> list[Any]:
    """The rows of an answer as a shape and the notes make them."""
    with noting(notes):
        found: Any = SHAPES[name](body)
        texts = found if isinstance(found, list) else found.pick(range(len(found)))
        return [json_of(text) if type(text) is bytes and notes else value_of(text) for text in texts]


@pytest.mark.parametrize("envelope", [False, True])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("value", MENDED, ids=range(len(MENDED)))
def test_a_value_is_mended_and_counted(value: bytes, name: str, envelope: bool) -> None:
    """With and without msgspec, within an envelope or not: what the contract does not have is told by its name."""
    deviations: list[str] = []
    expected, deviation = MENDED[value]
    rows = shown(name, body_of(value, envelope=envelope), Notes(deviations.append))
    assert rows[1] == {"id": "b", "updatedAt": "2", "x": expected}
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [one for one in deviations if one != "list.envelope"] == [deviation]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("value", [*MENDED, DEEP, b"01", b"undefined"], ids=range(len(MENDED) + 3))
def test_where_nothing_is_mended_the_row_alone_stays_text(value: bytes, name: str) -> None:
    """A strict client, and what cannot be mended: the row can be told, and every other row is read."""
    for notes in (None, Notes(refuse)):
        if notes is None or name == "rows":
            rows = shown(name, body_of(value), None) if notes is None else under(notes, body_of(value))
            assert [rows[0]["id"], rows[2]["id"]] == ["a", "c"]
            assert value_of(rows[1]).startswith('{"id":"b"')


def under(notes: Notes, body: bytes) -> list[Any]:
    with noting(notes):
        return each_row(body)


def refuse(name: str) -> None:
    raise DecodeError(name)


@pytest.mark.parametrize("name", SHAPES)
def test_what_lies_too_deep_is_cut_off(name: str) -> None:
    """What no parser reads is `null`, and so deep a value is kept as any of them reads."""
    deviations: list[str] = []
    rows = shown(name, body_of(DEEP), Notes(deviations.append))
    assert deviations == ["value.too_deep"]
    value, depth = rows[1]["x"], 1  # the row itself
    while value is not None:
        (value,), depth = value, depth + 1
    assert depth == DEEPEST


@pytest.mark.parametrize("value", MENDED, ids=range(len(MENDED)))
def test_a_single_row_and_a_list_of_rows_are_mended_too(value: bytes) -> None:
    """What a call returns is read by the same rule as what a feed delivers."""
    deviations: list[str] = []
    with noting(Notes(deviations.append)):
        one = read_row(Booking, b'{"id":"b","x":%b}' % value)
        first, second = read_rows(Booking, b'[{"id":"a"},{"id":"b","x":%b}]' % value)
    expected, deviation = MENDED[value]
    assert (first.id, second.extra, one.extra) == ("a", {"x": expected}, {"x": expected})
    assert deviations == [deviation] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"<html>NaN</html>", b"NaN", b"Infinity", b"[NaN", b'[{"id":"a","x":NaN}', b'[{"id":"a"},{"id":"b\xff',
        b'[{"id":"a"}]]', b'[{"id":"a"}] and more', b'[{"id":"a"}, b]', b'[{"id":"a"},]', b'[{"id":"a"}}',
        b"[object Object]", b"[error]", b'[{"id":"a","x":"\\ud83d]', b'{"data":[{"id":"a","x":NaN}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_cut_off_or_no_list_stays_no_list(body: bytes, name: str) -> None:
    """Half a page is never taken for a page, however much of it could be read."""
    with pytest.raises(NotJson), noting(Notes(lambda _: None)):
        SHAPES[name](body)


texts = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["},{", '"', "\\", "[", "]}", ","])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@LAWFUL
@given(st.lists(st.dictionaries(texts, values, min_size=1, max_size=3), max_size=4), st.sampled_from([None, 1]))
def test_what_is_json_is_taken_apart_and_mended_as_the_parser_reads_it(
    rows: list[Any], indent: int | None
) -> None:
    """Whatever stands in strings, the parts are those of the parser, and nothing is mended."""
    body = json.dumps(rows, ensure_ascii=bool(indent), indent=indent).encode()
    assert rows_apart(body) == rows
    assert mended(body, refuse) == rows
    for row in rows:
        members = members_apart(orjson.dumps(row))
        assert members is not None
        assert {name: orjson.loads(text) for name, text in members.items()} == row
