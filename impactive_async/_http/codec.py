"""The one cattrs converter: wire values to rows and back.

    loads, dumps                    bytes and plain values (json_bytes.py)
    decode_row, decode_rows         plain values to rows
    row_of_body, rows_of_body       bytes to rows, where that is plain sailing
    encode_fields, encode_draft     arguments and drafts to plain values (encode.py)
    to_wire                         rows to plain values (encode.py)
    format_instant, parse_instant   moments (scalars.py)

A row is decoded strictly (`exact.py` says what that means). What it holds beyond the contract is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter

from impactive_async._http.brief import brief
from impactive_async._http.encode import encode_draft, encode_fields, to_wire
from impactive_async._http.exact import Reader, exact_row_reader, strict_converter
from impactive_async._http.hooks import FastDecoder, Unsure, fast_decoder, fast_row_reader
from impactive_async._http.json_bytes import dumps, loads
from impactive_async._http.results import RESPELL
from impactive_async._http.scalars import Misfit, format_instant, parse_instant
from impactive_async.errors import DecodeError

__all__ = [
    "decode_row",
    "decode_rows",
    "dumps",
    "encode_draft",
    "encode_fields",
    "format_instant",
    "loads",
    "parse_instant",
    "row_of_body",
    "rows_of_body",
    "to_wire",
]

T = TypeVar("T")
PageReader = Callable[[Sequence[Any], Any], list[Any]]


def row_converter(fast: Callable[[type], FastDecoder | None] = fast_decoder) -> Converter:
    """The converter: strict scalars, and for rows and pages what `fast` finds, with the exact reader behind it.

    Args:
        fast: Finds the fast decoder of a class. Where it finds none, the exact reader reads everything.
    """
    converter = strict_converter()

    def row_reader(cls: type, converter: Converter) -> Reader:
        return _row_reader(cls, fast(cls), exact_row_reader(cls, converter))

    def page_reader(kind: Any, converter: Converter) -> PageReader:
        cls = get_args(kind)[0]
        decoder = None if cls in RESPELL else fast(cls)
        return _page_reader(cls, decoder, converter.get_structure_hook(cls))

    converter.register_structure_hook_factory(attrs.has, row_reader)
    converter.register_structure_hook_factory(_is_page, page_reader)
    return converter


def _row_reader(cls: type, fast: FastDecoder | None, exact: Reader) -> Reader:
    read = exact if fast is None else fast_row_reader(fast, exact)
    respell = RESPELL.get(cls)
    return read if respell is None else lambda raw, kind: read(respell(raw), kind)


def _page_reader(cls: type, fast: FastDecoder | None, read: Reader) -> PageReader:
    def read_page(values: Sequence[Any], _: Any) -> list[Any]:
        if fast is not None:
            try:
                return fast.page(values)
            except Unsure:  # of one row, perhaps: the others need not suffer
                pass
        return [read(raw, cls) for raw in values]

    return read_page


def _is_page(kind: Any) -> bool:
    return get_origin(kind) is list and attrs.has(get_args(kind)[0])


def _fast(cls: type) -> FastDecoder | None:
    return None if cls in RESPELL else fast_decoder(cls)


_converter: Final = row_converter()


def decode_row(cls: type[T], raw: object, path: str = "$") -> T:
    """One row.

    Args:
        cls: An attrs class of `impactive_async.models`.
        raw: The JSON value.
        path: Where in the document it stands, for the error.

    Raises:
        DecodeError: If it is not what the class says, naming the path and showing the offending value.
    """
    try:
        row: T = _converter.get_structure_hook(cls)(raw, cls)
    except Misfit as misfit:
        raise _decode_error(cls, misfit, path) from None
    return row


def decode_rows(cls: type[T], raw: Sequence[object]) -> list[T]:
    """The rows of a page, in its order.

    Raises:
        DecodeError: For the first row that is not what the class says, naming its index.
    """
    try:
        rows: list[T] = _converter.get_structure_hook(list[cls])(raw, cls)  # type: ignore[valid-type]
    except Misfit:  # once more, slowly, to find the place
        return [decode_row(cls, row, f"$[{index}]") for index, row in enumerate(raw)]
    return rows


def row_of_body(cls: type[T], body: bytes) -> T | None:
    """The row that bytes are; `None` if they are anything but a row without unknown fields.

    Then `decode_row` on its plain values has the same result, or says what is wrong, in twice the time.
    """
    fast = _fast(cls)
    try:
        return None if fast is None else fast.row_of_body(body)
    except Unsure:
        return None


def rows_of_body(cls: type[T], body: bytes) -> list[T] | None:
    """The rows of a page; `None` if the bytes are anything but a bare array of rows without unknown fields.

    Then `decode_rows` on its plain values has the same result, or says what is wrong, in twice the time.
    """
    fast = _fast(cls)
    try:
        return None if fast is None else fast.page_of_body(body)
    except Unsure:
        return None


def _decode_error(cls: type, misfit: Misfit, path: str) -> DecodeError:
    where = path + misfit.path
    snippet = brief(misfit.value)
    return DecodeError(
        f"unreadable {cls.__name__} at {where}: {misfit.message}; found {snippet}", path=where, snippet=snippet
    )
