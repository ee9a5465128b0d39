"""The one cattrs converter: wire values to rows and back.

    loads, dumps                    bytes and plain values (json_bytes.py)
    decode_row, decode_rows         plain values to rows
    take_rows                       the same, letting go of the plain values on the way
    encode_fields, encode_draft     arguments and drafts to plain values (encode.py)
    to_wire                         rows to plain values (encode.py)
    format_instant, parse_instant   moments (scalars.py)

A row is decoded strictly (`exact.py` says what that means). What it holds beyond the contract is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Final, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter

from impactive_async._http.brief import brief
from impactive_async._http.encode import encode_draft, encode_fields, to_wire
from impactive_async._http.exact import Reader, exact_row_reader, strict_converter
from impactive_async._http.hooks import PageReader, fast_page_reader, fast_row_reader, only_stores
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
    "take_rows",
    "to_wire",
]

T = TypeVar("T")


def row_converter() -> Converter:
    """The converter: strict scalars, and for rows and pages of rows the fast readers over the exact one."""
    converter = strict_converter()
    converter.register_structure_hook_factory(attrs.has, _row_reader)
    converter.register_structure_hook_factory(_is_page, _page_reader)
    return converter


def _row_reader(cls: type, converter: Converter) -> Reader:
    read = fast_row_reader(cls, exact_row_reader(cls, converter), converter)
    respell = RESPELL.get(cls)
    return read if respell is None else lambda raw, kind: read(respell(raw), kind)


def _page_reader(kind: Any, converter: Converter) -> PageReader:
    cls = get_args(kind)[0]
    if cls not in RESPELL and only_stores(cls):
        return fast_page_reader(cls, converter)
    read = converter.get_structure_hook(cls)
    return lambda rows, _: [read(raw, cls) for raw in rows]


def _is_page(kind: Any) -> bool:
    return get_origin(kind) is list and attrs.has(get_args(kind)[0])


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


def take_rows(cls: type[T], raw: list[object]) -> list[T]:
    """The rows of a page, as `decode_rows`; `raw` is emptied.

    Each plain value is freed as soon as its row is made: at no moment is the page there twice, and the garbage
    collector, which counts what is allocated and not yet freed, starts half as often.

    Raises:
        DecodeError: For the first row that is not what the class says, naming its index.
    """
    count = len(raw)
    raw.reverse()
    try:
        rows: list[T] = _converter.get_structure_hook(list[cls])(map(raw.pop, repeat(-1, count)), cls)  # type: ignore[valid-type]
    except Misfit as misfit:
        raise _decode_error(cls, misfit, f"$[{count - len(raw) - 1}]") from None
    return rows


def _decode_error(cls: type, misfit: Misfit, path: str) -> DecodeError:
    where = path + misfit.path
    snippet = brief(misfit.value)
    return DecodeError(
        f"unreadable {cls.__name__} at {where}: {misfit.message}; found {snippet}", path=where, snippet=snippet
    )
