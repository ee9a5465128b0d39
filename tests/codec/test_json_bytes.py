"""Bytes and values: both backends agree, on the edges of JSON above all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pytest

from impactive_async._codec.json_bytes import JsonBackend, check_json, dumps, json_backend, loads
from impactive_async._unset import UNSET


class Colour(StrEnum):
    RED = "red"


@pytest.fixture(params=[orjson, None], ids=["orjson", "stdlib"])
def backend(request: pytest.FixtureRequest) -> JsonBackend:
    """Both ways from bytes to values."""
    return json_backend(request.param)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'\xef\xbb\xbf{"a":[]}', {"a": []}),
        (b" \t\r\n[1]\n", [1]),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775809", -(2.0**63)),
        (b"-18446744073709551615", -(2.0**64)),
        (b"10000000000000000000", 10**19),
        (b"99999999999999999999", 1e20),
        (b"123456789012345678901234567890", 1.2345678901234568e29),
        (b"-0", 0),
        (b"-0.0", -0.0),
        (b"1e-999", 0.0),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b'"\\ud83d\\ude00 \\u0000 \\/"', "\N{GRINNING FACE} \0 /"),
        (b'"\\\\ud800"', "\\ud800"),
        ('"\u2028é\x7f"'.encode(), "\u2028é\x7f"),
        (b"[" * 200 + b"]" * 200, None),
    ],
)
def test_both_read_the_same(backend: JsonBackend, body: bytes, value: Any) -> None:
    """A document means the same to both backends, type and sign included."""
    read = backend.loads(body)
    assert value is None or (repr(read), type(read)) == (repr(value), type(value))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf[]",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"-1.7976931348623159e308",
        b"9" * 400,
        b"9" * 10_000,
        b'"\\ud800"',
        b'"\\ude00\\ud83d"',
        b'{"\\ud800":1}',
        b'{"a":"\\ud800","a":1}',
        b'"\\uD83D\\\\uDE00"',
        b'"\xed\xa0\x80"',
        b"\xff",
        "[]".encode("utf-16"),
        b"\x00",
        b"\xc2\xa0[]",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"[1,]",
        b'{"a":1,}',
        b"{'a':1}",
        b"[]x",
        b'"\t"',
        b'"\x01"',
        b'"\\x"',
        b'["\\',
        b"nul",
        "\u0661".encode(),
        "1\u0661".encode(),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"<html>502 Bad Gateway</html>",
    ],
)
def test_both_refuse_the_same(backend: JsonBackend, body: bytes) -> None:
    """What is not JSON is a `ValueError` to both backends, and nothing else."""
    with pytest.raises(ValueError):
        backend.loads(body)


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": [1, 2.5, True, None, "é\u2028"]}, '{"a":[1,2.5,true,null,"é\u2028"]}'.encode()),
        ((1, (2,)), b"[1,[2]]"),
        (Colour.RED, b'"red"'),
        (2**64 - 1, b"18446744073709551615"),
        (-(2**63), b"-9223372036854775808"),
        (1e16, b"1e+16"),
        ('\x01\x7f"\\', b'"\\u0001\x7f\\"\\\\"'),
        ([None, "null"], b'[null,"null"]'),
    ],
)
def test_both_write_the_same(backend: JsonBackend, value: object, body: bytes) -> None:
    """A value is written as the same compact UTF-8 by both backends."""
    assert backend.dumps(value) == body


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [{"a": float("inf")}],
        {"a": (1, -float("inf"))},
        2**64,
        -(2**63) - 1,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {None: 1},
        {Colour.RED: 1},
        b"bytes",
        object(),
        {1, 2},
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_both_decline_to_write_the_same(backend: JsonBackend, value: object) -> None:
    """What JSON cannot carry exactly is a `ValueError` before anything is sent, not something else on the wire."""
    with pytest.raises(ValueError, match=r"not representable as JSON|surrogates"):
        backend.dumps(value)


class Size(Enum):
    LARGE = "L"


class Point(NamedTuple):
    x: int


class Rate(float):
    pass


@pytest.mark.parametrize(
    "value",
    [
        UNSET,
        Size.LARGE,
        UUID(int=7),
        orjson.Fragment(b"null"),
        Point(1),
        Rate(1.5),
        float("nan"),
        2**64,
        date(2026, 1, 1),
        Decimal(1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_one_of_them_would_write_in_a_form_of_its_own_is_found(value: object) -> None:
    """What is sent does not depend on which backend is installed."""
    with pytest.raises(ValueError, match="not representable as JSON"):
        check_json({"a": ["b", (value,)]})


def test_what_both_write_is_let_through() -> None:
    """Plain values, and texts and whole numbers of other classes, are written alike."""
    check_json({"a": [1, 2.5, True, None, ("é", Colour.RED)]})


def test_a_reader_ends_however_deep_a_document_with_escapes_is(backend: JsonBackend) -> None:
    """At whatever depth a parser gives up, it is with a `ValueError`."""
    for depth in range(1, 1100):
        try:
            backend.loads(b"[" * depth + b'"\\u0041"' + b"]" * depth)
        except ValueError:
            break
    assert depth > 100


def test_a_check_ends_however_deep_the_value() -> None:
    """Looking at a value fails as writing it does."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        check_json(deep)


def test_too_deep_is_declined(backend: JsonBackend) -> None:
    """A value nested without end is a `ValueError` like any other."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="not representable as JSON"):
        backend.dumps(endless)


def test_a_value_is_found_unfit_beside_null(backend: JsonBackend) -> None:
    """A NaN is not overlooked for a null that is there by right."""
    assert backend.dumps([None, 1.0, {"a": "b"}, True]) == b'[null,1.0,{"a":"b"},true]'
    with pytest.raises(ValueError, match="nan"):
        backend.dumps([None, {"a": [float("nan")]}])


def test_the_default_backend_round_trips() -> None:
    """The functions that the package uses are one of these backends."""
    assert loads(dumps({"a": [1]})) == {"a": [1]}
