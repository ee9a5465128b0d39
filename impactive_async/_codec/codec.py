"""From the wire to rows and back: what the rest of the package calls.

    loads, dumps                    bytes and plain values (json_bytes.py)
    read_row, read_rows             bytes to rows
    decode_row, decode_rows         plain values to rows
    encode_fields, encode_draft     arguments and drafts to plain values (encode.py)
    to_wire                         rows to plain values (encode.py)
    format_instant, parse_instant   moments (scalars.py)

A row is read strictly (`exact.py` says what that means). What it holds beyond the contract is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from impactive_async._codec.bodies import NotJson, json_of
from impactive_async._codec.brief import brief, shorten
from impactive_async._codec.encode import encode_draft, encode_fields, to_wire
from impactive_async._codec.exact import exact_reader
from impactive_async._codec.fast.reader import fast_reader
from impactive_async._codec.json_bytes import dumps, loads
from impactive_async._codec.lists import rows_in_frame, rows_within, tell_more, values_of
from impactive_async._codec.scalars import Misfit, format_instant, parse_instant
from impactive_async._codec.tolerant.envelopes import (
    find_listed_row,
    find_row,
    is_bare_id,
    is_sequence,
    merged,
    row_of_id,
    shapes_tried,
    structure_of,
    unreadable,
)
from impactive_async._codec.tolerant.ids import id_text
from impactive_async._codec.tolerant.names import hide_fields, under_contracts_names
from impactive_async._codec.tolerant.notes import current, unheard
from impactive_async._codec.tolerant.nouns import noun_of, plural_of
from impactive_async._codec.tolerant.refusals import raise_refusal
from impactive_async._codec.tolerant.results import READERS, tells_of_change
from impactive_async._codec.tolerant.values import Deviate, in_contracts_form
from impactive_async.errors import DecodeError

__all__ = [
    "decode_row",
    "decode_rows",
    "dumps",
    "encode_draft",
    "encode_fields",
    "format_instant",
    "listed_row",
    "loads",
    "parse_instant",
    "read_ids",
    "read_result",
    "read_row",
    "read_rows",
    "to_wire",
]

T = TypeVar("T")


def read_row(cls: type[T], body: bytes) -> T:
    """Read a row from its JSON text.

    Args:
        cls: An attrs class of `impactive_async.models`.
        body: The text; an empty one is `null`.

    Raises:
        DecodeError: The text is not JSON (`NotJson`), or not what the class says; see `decode_row`.
        Refusal: The text says that the server refused.
    """
    fast = fast_reader(cls)
    row: T | None = None if fast is None else fast.row(body)
    return decode_row(cls, json_of(body)) if row is None else row


def read_rows(cls: type[T], body: bytes) -> list[T]:
    """Read the rows of a list answer (A2), in its order.

    Raises:
        DecodeError: The answer is not JSON (`NotJson`), not a list, or one of its rows is not what the class says;
            see `decode_rows`.
        Refusal: The text says that the server refused.
    """
    fast = fast_reader(cls)
    rows: list[T] | None = None if fast is None else fast.rows(body)
    if rows is not None:
        return rows
    if fast is not None:
        rows = rows_in_frame(body, plural_of(cls), fast.rows)
        if rows is not None:
            return rows
    found = rows_within(body, plural_of(cls))
    if fast is not None and found.beside and type(found.value) is bytes:
        rows = fast.rows(found.value)
    if rows is None:
        return decode_rows(cls, values_of(found))
    tell_more(found, len(rows))
    return rows


def read_ids(cls: type[T], body: bytes) -> list[T] | None:
    """Read rows of which an answer tells the ids alone, as a batch's may; `None` if it does not."""
    notes = current()
    try:
        ids = values_of(rows_within(body, "ids"))
        if notes is None or not all(map(is_bare_id, ids)):
            return None
        rows = decode_rows(cls, [{"id": row_id} for row_id in ids])
    except DecodeError:
        return None
    notes.deviate("row.id_alone")
    return rows


def read_result(cls: type[T], body: bytes) -> T:
    """Read what `enroll` or `pause` did; whatever the body says beside that is kept.

    Raises:
        NotJson: The body is an HTML page, so that the answer is not the API's.
        Refusal: The body says that the server refused.
    """
    notes = current()
    deviate = notes.deviate if notes else unheard
    try:
        data = json_of(body)
    except NotJson:
        if body.lstrip()[:1] == b"<":
            raise
        deviate("result.text")
        data = body[:_KEPT].decode("utf-8", "replace")
    result: T = READERS[cls](data, deviate)
    raise_refusal(data, shows=tells_of_change(result, data))
    return result


_KEPT: Final = 4096
"""Bytes of a body that is no JSON which are kept."""


def decode_row(cls: type[T], raw: object, path: str = "$") -> T:
    """Read a row from its plain value.

    Args:
        cls: An attrs class of `impactive_async.models`.
        raw: The JSON value.
        path: Where in the document the row stands, for the error.

    Raises:
        DecodeError: The value is not what the class says. The error names the path and shows the offending value.
    """
    fast = fast_reader(cls)
    rows: list[T] | None = None if fast is None else fast.rows_of_values((raw,))
    if rows is not None:
        return _rightly_named(rows[0], raw)
    try:
        row: T = exact_reader(cls)(raw, cls)
    except Misfit as misfit:
        error = _decode_error(cls, misfit, path)
    else:
        return _rightly_named(row, raw)
    notes = current()
    if notes is None:
        raise error from None
    return _row_in_another_form(cls, raw, path, notes.deviate, error)


def _rightly_named(row: T, raw: Any) -> T:
    """Return a row that was read; if fields of it have other names than the contract's, as they are meant."""
    notes, cls = current(), type(row)
    if is_sequence(row.extra, noun_of(cls)):  # type: ignore[attr-defined]  # all rows have it
        raise unreadable(noun_of(cls), shapes_tried(noun_of(cls)), raw)
    if notes is None or not hide_fields(cls, (row,)):
        return row
    meant = in_contracts_form(cls, under_contracts_names(cls, raw, notes.deviate), notes.deviate)
    try:
        read: T = exact_reader(cls)(meant, cls)
    except Misfit:  # a field of the service's own that only sounds like one of the contract's
        return row
    return read


def _row_in_another_form(cls: type[T], raw: object, path: str, deviate: Deviate, error: DecodeError) -> T:
    """Read a row that is not in the contract's form.

    Raises:
        DecodeError: It is in none of the forms that are understood. `error` says what the contract expects.
        Refusal: It says that the server refused.
    """
    noun, is_listed = noun_of(cls), path != "$"
    found = find_listed_row(raw, noun) if is_listed else find_row(raw, noun) or row_of_id(raw, noun)
    raise_refusal(raw, shows=found is not None or is_listed)
    if found is None:
        raise error if is_listed else unreadable(noun, shapes_tried(noun), raw)
    for deviation in found.deviations:
        deviate(deviation)
    row = under_contracts_names(cls, merged(found), deviate)
    try:
        value: T = exact_reader(cls)(in_contracts_form(cls, row, deviate), cls)
    except Misfit as misfit:
        raise _decode_error(cls, misfit, path) from None
    return value


def listed_row(cls: type, raw: object) -> dict[str, Any] | None:
    """Return a row of a list with its id as text, and its fields under the contract's names, as they are.

    `None`: it has no id.
    """
    if not isinstance(raw, dict):
        return None
    row: dict[str, Any] = raw
    notes = current()
    if notes is not None:
        if type(row.get("id")) is not str or not row["id"]:  # otherwise it is the row
            found = find_listed_row(row, noun_of(cls))
            if found is None:
                return None
            for deviation in found.deviations:
                notes.deviate(deviation)
            row = merged(found)
        row = under_contracts_names(cls, row, notes.deviate)  # type: ignore[assignment]  # a dict's is a dict
    if type(row.get("id")) is str and row["id"]:
        return row
    row_id = id_text(row, plural_of(cls))
    return None if row_id is None else {**row, "id": row_id}


def decode_rows(cls: type[T], raws: Sequence[object]) -> list[T]:
    """Read the rows of a page from their plain values, in its order.

    Raises:
        DecodeError: A row is not what the class says. The error is about the first such row, and names its index.
    """
    fast = fast_reader(cls)
    rows: list[T] | None = None if fast is None else fast.rows_of_values(raws)
    if fast is not None and rows is not None:
        if hide_fields(cls, rows):
            return list(map(_rightly_named, rows, raws))
        fast.learn(rows)
        return rows
    return [decode_row(cls, raw, f"$[{index}]") for index, raw in enumerate(raws)]


def _decode_error(cls: type, misfit: Misfit, path: str) -> DecodeError:
    where = path + misfit.path
    # A row that lacks a field is somebody's data; a single value is shown, because it is what does not fit.
    is_row = isinstance(misfit.value, dict) and misfit.value
    snippet = shorten(structure_of(misfit.value)) if is_row else brief(misfit.value)
    return DecodeError(
        f"unreadable {cls.__name__} at {where}: {misfit.message}; found {snippet}",
        json_path=where,
        snippet=snippet,
    )
