"""Laws of the codec over arbitrary rows and arbitrary damage."""

import copy
import json
import pickle
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async import models
from impactive_async._codec.codec import (
    decode_row,
    decode_rows,
    format_instant,
    parse_instant,
    read_row,
    read_rows,
    to_wire,
)
from impactive_async._codec.exact import exact_reader
from impactive_async._codec.fast.reader import fast_reader, only_stores
from impactive_async._codec.json_bytes import json_backend
from impactive_async._codec.scalars import Misfit
from impactive_async.errors import DecodeError
from tests.codec.rows import LAWFUL, RESULTS, ROWS, moments, rows_of, scalars, values

BACKENDS = [json_backend(orjson), json_backend(None)]
offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(lambda delta: timezone(delta))
damage = scalars | st.sampled_from(
    [[], {}, [None], ["a"], "2026-01-01", "active", {"id": "x"}, [{"id": 1}], "NaN", True]
)


@pytest.mark.parametrize("cls", ROWS + RESULTS)
def test_a_row_survives_the_wire(cls: type[Any]) -> None:
    """A row goes to the wire and back through either backend, and is equal, hash and repr included."""

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        for backend in BACKENDS:
            raw = backend.loads(backend.dumps(to_wire(row)))
            for again in (decode_row(cls, raw), *decode_rows(cls, [raw])):
                assert again == row
                assert hash(again) == hash(row)
                assert type(again) is cls

    law()


@st.composite
def damaged(draw: st.DrawFn, cls: type[Any]) -> object:
    """A row of the wire, with fields left out, replaced and added."""
    raw = to_wire(draw(rows_of(cls)))
    for key in draw(st.lists(st.sampled_from(sorted(raw)), max_size=3)) if raw else []:
        if draw(st.booleans()):
            raw.pop(key, None)
        else:
            raw[key] = draw(damage)
    return raw


def exactly(cls: type[Any], raw: object, path: str = "$") -> tuple[Any, ...]:
    """What the exact reader makes of a value: the row and its looks, or where the misfit is and what is wrong."""
    try:
        row = exact_reader(cls)(raw, cls)
    except Misfit as misfit:
        return "misfit", path + misfit.path, misfit.message
    return "row", row, repr(row)


def outcome(read: Callable[[], Any]) -> tuple[Any, ...]:
    """The same of what `codec` makes of it."""
    try:
        row = read()
    except DecodeError as error:
        return "misfit", error.json_path, error.message.partition(": ")[2].rpartition("; found")[0]
    return "row", row, repr(row)


@pytest.mark.parametrize("cls", ROWS + RESULTS)
def test_bytes_are_read_as_their_values_are(cls: type[Any]) -> None:
    """From bytes or values, by struct or by hand, alone or in a page: the same row, or the same error."""

    @LAWFUL
    @given(damaged(cls) | damage, st.sampled_from([None, 2]), st.booleans())
    def law(raw: object, indent: int | None, ascii_only: bool) -> None:
        body = json.dumps(raw, indent=indent, ensure_ascii=ascii_only).encode()
        for value in (backend.loads(body) for backend in BACKENDS):
            assert outcome(lambda: read_row(cls, body)) == exactly(cls, value)
            assert outcome(lambda: read_rows(cls, b"[%b]" % body)[0]) == exactly(cls, value, "$[0]")
            assert outcome(lambda value=value: decode_row(cls, value)) == exactly(cls, value)  # type: ignore[misc]
            assert outcome(lambda value=value: decode_rows(cls, [value])[0]) == exactly(cls, value, "$[0]")  # type: ignore[misc]

    law()


@pytest.mark.parametrize("cls", ROWS)
def test_rows_of_the_contract_take_the_fast_way(cls: type[Any]) -> None:
    """Bytes of rows as the contract has them are read by structs, alone and in a bare array."""
    fast = fast_reader(cls)
    assert fast is not None

    @LAWFUL
    @given(st.lists(rows_of(cls, plain=True), max_size=3))
    def law(rows: list[Any]) -> None:
        assert fast.rows(BACKENDS[0].dumps([to_wire(row) for row in rows])) == rows
        assert [fast.row(BACKENDS[0].dumps(to_wire(row))) for row in rows] == rows

    law()


BODIES = [
    b"", b" ", b"{}", b"null", b"[", b"[{}]", b"[null]", b'[{"id":"a"}] x', b'\xef\xbb\xbf[{"id":"a"}]',
    b'{"data":[{"id":"a"}]}', b'[{"id":"\\ud800"}]', b'[{"id":"\xed\xa0\x80"}]', b'[{"id":"a","name":NaN}]',
    b'[{"id":"a","id":1}]', b"[" * 5000 + b"]" * 5000, b'[{"id":"a","name":' + b"[" * 5000 + b"]" * 5000 + b"}]",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bytes_that_are_no_row_are_left_to_the_exact_reader(body: bytes) -> None:
    """The fast reader raises nothing: what is wrong, if anything, is said by the exact one."""
    fast = fast_reader(models.Workspace)
    assert fast is not None
    assert fast.rows(body) is None
    assert fast.row(body) is None


@pytest.mark.parametrize("cls", ROWS + RESULTS)
def test_every_row_class_is_decoded_fast(cls: type[Any]) -> None:
    """No row class does anything in `__init__` that the fast decoder would leave out."""
    assert only_stores(cls)


@pytest.mark.parametrize("cls", ROWS + RESULTS)
def test_a_decoded_row_is_as_if_constructed(cls: type[Any]) -> None:
    """A decoded row cannot be told from one that `__init__` made: type, layout, equality, hash and copies."""

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        decoded: Any = decode_rows(cls, [to_wire(row)])[0]
        assert type(decoded) is type(row) is cls
        assert (decoded, hash(decoded)) == (row, hash(row))
        assert not hasattr(decoded, "__dict__")
        assert id(weakref.ref(decoded)()) == id(decoded)
        for again in (
            copy.copy(decoded),
            copy.deepcopy(decoded),
            pickle.loads(pickle.dumps(decoded)),
            attrs.evolve(decoded),
        ):
            assert (again, hash(again), type(again)) == (row, hash(row), cls)

    law()


@pytest.mark.parametrize("cls", ROWS + RESULTS)
def test_a_decoded_row_is_frozen(cls: type[Any]) -> None:
    """No attribute of a decoded row can be set, added or deleted."""

    @settings(LAWFUL, max_examples=3)
    @given(rows_of(cls))
    def law(row: Any) -> None:
        (decoded,) = decode_rows(cls, [to_wire(row)])
        for field in attrs.fields(cls):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(decoded, field.name, None)
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                delattr(decoded, field.name)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            decoded.another = 1

    law()


@LAWFUL
@given(moments, offsets)
def test_a_moment_survives_the_wire(moment: datetime, offset: timezone) -> None:
    """Whatever offset a moment is given in, what is sent is that moment in UTC, to the microsecond."""
    text = format_instant(moment.astimezone(offset), argument="since")
    assert text.endswith("Z")
    assert parse_instant(text) == moment
    assert parse_instant(text).tzinfo is UTC


def plain(value: object) -> object:
    """With types spelled out, for `1 == 1.0 == True`."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else (type(value), repr(value))


@settings(LAWFUL, max_examples=200)
@given(values)
def test_both_backends_write_and_read_the_same(value: object) -> None:
    """What either backend writes, both read, as the value it was."""
    for writer in BACKENDS:
        for reader in BACKENDS:
            assert plain(reader.loads(writer.dumps(value))) == plain(value)


_FRAGMENTS = [
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b'"',
    b'"a"',
    b"1",
    b"-",
    b".",
    b"0",
    b"e",
    b"null",
    b" ",
    b"\\u",
    b"d800",
]


@settings(LAWFUL, max_examples=500)
@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=10).map(b"".join) | st.binary(max_size=12))
def test_both_backends_accept_and_refuse_the_same(body: bytes) -> None:
    """Any bytes are the same value to both backends, or bad JSON to both."""

    def outcome(loads: Any) -> object:
        try:
            return plain(loads(body))
        except ValueError:
            return "refused"

    fast, stdlib = (outcome(backend.loads) for backend in BACKENDS)
    assert fast == stdlib
