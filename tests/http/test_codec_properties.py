"""Laws of the codec over arbitrary rows and arbitrary damage."""

import copy
import json
import pickle
import weakref
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args, get_origin

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async import models
from impactive_async._http.codec import (
    decode_row,
    decode_rows,
    format_instant,
    parse_instant,
    row_converter,
    row_of_body,
    rows_of_body,
    to_wire,
)
from impactive_async._http.exact import exact_row_reader, fields_of, is_open_enum, members_of
from impactive_async._http.hooks import only_stores
from impactive_async._http.json_bytes import json_backend
from impactive_async._http.scalars import Misfit
from impactive_async.errors import DecodeError

BACKENDS = [json_backend(orjson), json_backend(None)]
RESULTS = [models.EnrollResult, models.PauseResult]
ROWS = [
    models.Booking,
    models.Company,
    models.Contact,
    models.Deal,
    models.EnrolledContact,
    models.Enrollment,
    models.EnrollmentCounts,
    models.Invoice,
    models.Project,
    models.Reply,
    models.Send,
    models.SendingAccount,
    models.Sequence,
    models.SkippedContact,
    models.Step,
    models.Workspace,
]
LAWFUL = settings(derandomize=True, deadline=None, max_examples=25)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-(2**63), 2**64 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))
offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(lambda delta: timezone(delta))
damage = scalars | st.sampled_from(
    [[], {}, [None], ["a"], "2026-01-01", "active", {"id": "x"}, [{"id": 1}], "NaN", True]
)


def field_values(kind: Any, *, plain: bool = False) -> st.SearchStrategy[Any]:
    """What a field of this type may hold; `plain`: nothing extraordinary."""
    whole = st.integers(-(2**63), 2**63 - 1) if plain else integers
    simple = {str: texts, int: whole, bool: st.booleans(), datetime: moments}
    if kind in simple:
        return simple[kind]
    if kind is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False)
    if is_open_enum(kind):
        return st.sampled_from(sorted(members_of(kind).values())) | texts
    if get_origin(kind) is tuple:
        return st.lists(field_values(get_args(kind)[0], plain=plain), max_size=2).map(tuple)
    return rows_of(kind, plain=plain)


def rows_of(cls: type[Any], *, plain: bool = False) -> st.SearchStrategy[Any]:
    """Rows of a class, with unknown fields unless they are to be plain."""
    fields = fields_of(cls)
    known = {field.wire for field in fields}
    parts = {field.name: field_values(field.type, plain=plain) for field in fields}
    for field in fields:
        if field.name == "id":
            parts["id"] = texts.filter(bool)
        elif field.default is None:
            parts[field.name] = st.none() | parts[field.name]
    unknown = st.dictionaries(texts.filter(lambda key: key not in known), values, max_size=2)
    return st.builds(cls, **parts, extra=st.just({}) if plain else unknown)


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


@pytest.mark.parametrize("cls", ROWS)
def test_reading_bytes_means_what_reading_their_values_means(cls: type[Any]) -> None:
    """Read from its bytes a page is the same as read from its values; or it is left to that."""

    @LAWFUL
    @given(st.lists(damaged(cls), max_size=3), st.sampled_from([None, 2]), st.booleans())
    def law(page: list[object], indent: int | None, ascii_only: bool) -> None:
        body = json.dumps(page, indent=indent, ensure_ascii=ascii_only).encode()
        rows = rows_of_body(cls, body)
        if rows is not None:
            assert rows == decode_rows(cls, BACKENDS[0].loads(body))
            assert [repr(row) for row in rows] == [repr(row) for row in decode_rows(cls, BACKENDS[1].loads(body))]
        for raw in page:
            row = row_of_body(cls, json.dumps(raw).encode())
            assert row is None or row == decode_row(cls, raw)

    law()


@pytest.mark.parametrize("cls", ROWS)
def test_whole_pages_are_read_from_their_bytes(cls: type[Any]) -> None:
    """A bare array of rows as the contract has them takes no detour."""

    @LAWFUL
    @given(st.lists(rows_of(cls, plain=True), max_size=3))
    def law(rows: list[Any]) -> None:
        assert rows_of_body(cls, BACKENDS[0].dumps([to_wire(row) for row in rows])) == rows
        assert [row_of_body(cls, BACKENDS[0].dumps(to_wire(row))) for row in rows] == rows

    law()


BODIES = [
    b"", b" ", b"{}", b"null", b"[", b"[{}]", b"[null]", b'[{"id":"a"}] x', b'\xef\xbb\xbf[{"id":"a"}]',
    b'{"data":[{"id":"a"}]}', b'[{"id":"\\ud800"}]', b'[{"id":"\xed\xa0\x80"}]', b'[{"id":"a","name":NaN}]',
    b'[{"id":"a","id":1}]', b"[" * 5000 + b"]" * 5000, b'[{"id":"a","name":' + b"[" * 5000 + b"]" * 5000 + b"}]",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bytes_that_are_no_page_are_left_to_the_parser(body: bytes) -> None:
    """No error of the fast way comes out: what is wrong, if anything, is said by the exact one."""
    assert rows_of_body(models.Workspace, body) is None
    assert row_of_body(models.Workspace, body) is None


@pytest.mark.parametrize("cls", RESULTS)
def test_results_that_have_to_be_respelt_are_read_from_their_values(cls: type[Any]) -> None:
    """A count under its own name and rows that are counted mean the same: their bytes alone do not tell."""
    assert row_of_body(cls, b'{"enrolledCount":1,"pausedCount":1}') is None


@pytest.mark.parametrize("cls", ROWS)
def test_the_fast_decoder_means_what_the_exact_one_means(cls: type[Any]) -> None:
    """Fast or exact, alone or in a page: the same row, or the same error at the same place."""
    exact = exact_row_reader(cls, row_converter())

    def outcome(raw: object) -> tuple[Any, ...]:
        try:
            row = exact(raw, cls)
        except Misfit as misfit:
            return "misfit", f"$[0]{misfit.path}", misfit.message
        return "row", row, repr(row)

    def fast_outcome(raw: object) -> tuple[Any, ...]:
        try:
            (row,) = decode_rows(cls, [raw])
        except DecodeError as error:
            return "misfit", error.path, error.message.partition(": ")[2].rpartition("; found")[0]
        assert decode_row(cls, raw) == row
        return "row", row, repr(row)

    @LAWFUL
    @given(damaged(cls) | damage)
    def law(raw: object) -> None:
        assert fast_outcome(raw) == outcome(raw)

    law()


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
