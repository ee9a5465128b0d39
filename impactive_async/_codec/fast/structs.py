"""Rows as msgspec reads them from the wire. No other module imports msgspec.

A struct has the fields of its row class under their wire names, with the wire's types. What a struct accepts, the
exact reader (`exact.py`) accepts too:

- A moment stays a string, because msgspec rounds digits beyond microseconds, and we cut them off.
- An integer has at most 64 bits with sign, because orjson reads a longer one as a float.
- An amount of money is a number or a string.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any, Final, get_args

import attrs

from impactive_async._codec.fast.undocumented import Places
from impactive_async._codec.fields import Field, fields_of, is_array, is_open_enum

try:
    import msgspec
except ImportError:  # pragma: no cover - CPython installs it; elsewhere the exact reader reads everything
    msgspec = None  # type: ignore[assignment]

AVAILABLE: Final = msgspec is not None
UNSET: Final = msgspec.UNSET if AVAILABLE else None

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError) if AVAILABLE else (ValueError,)
"""What decoders raise. The errors of msgspec before 0.20 are not `ValueError`s."""


def row_decoder(cls: type) -> Callable[[bytes], Any]:
    """Return the decoder from the JSON text of a row to a struct. It raises `UNREADABLE` at an unknown field."""
    return msgspec.json.Decoder(_struct_of(cls, closed=True)).decode


def page_decoder(cls: type, places: Places = ()) -> Callable[[bytes | memoryview], list[Any]]:
    """Return the decoder from the JSON text of an array of rows to structs.

    It raises `UNREADABLE` at an unknown field. An undocumented field that has a place is the member that `place`
    names: its value, or the text of an object or an array, or `UNSET` where a row lacks it.
    """
    return msgspec.json.Decoder(list[_struct_of(cls, closed=True, places=places)]).decode  # type: ignore[misc]


def open_structs(cls: type) -> Callable[[Any], list[Any]]:
    """Return the converter from plain values to structs. It leaves unknown fields out."""
    return functools.partial(msgspec.convert, type=list[_struct_of(cls, closed=False)])  # type: ignore[misc]


@functools.cache
def columns_decoder(
    id_field: str, timestamp_field: str
) -> Callable[[bytes | memoryview], tuple[list[str | int], list[str]]]:
    """Return the decoder from the JSON text of an array of rows to two columns, ids and timestamps.

    It raises `UNREADABLE` at a row without one of the two fields, and at an id or a timestamp of another type.
    """
    members = [("id", _INT | str), ("timestamp", str)]
    keys = msgspec.defstruct("Keys", members, rename={"id": id_field, "timestamp": timestamp_field}, gc=False)
    decode = msgspec.json.Decoder(list[keys]).decode  # type: ignore[valid-type]

    def read(body: bytes | memoryview) -> tuple[list[str | int], list[str]]:
        rows = decode(body)
        return list(map(_id, rows)), list(map(_timestamp, rows))

    return read


_id: Final = attrgetter("id")
_timestamp: Final = attrgetter("timestamp")


def split_rows(body: bytes) -> list[Any]:
    """Return the JSON text of each value of an array, as a buffer over the array's text.

    Raises:
        UNREADABLE: The text is not JSON, not an array, or msgspec is not installed.
    """
    if _splitter is None:
        raise ValueError("msgspec is not installed")
    return _splitter.decode(body)


def split_object(body: bytes) -> dict[str, bytes]:
    """Return the JSON texts of an object's members. No object is `UNREADABLE`."""
    if _member_splitter is None:
        raise ValueError("msgspec is not installed")
    return {name: bytes(text) for name, text in _member_splitter.decode(body).items()}


_member_splitter: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]) if AVAILABLE else None
_splitter: Final = msgspec.json.Decoder(list[msgspec.Raw]) if AVAILABLE else None


def has_struct(cls: type) -> bool:
    """Whether the types of all fields can be the types of a struct's fields."""
    return AVAILABLE and all(_has_counterpart(field.type) for field in fields_of(cls))


def _has_counterpart(kind: Any) -> bool:
    if is_array(kind):
        kind = get_args(kind)[0]
        return kind is str or (attrs.has(kind) and has_struct(kind))
    return kind in _SCALARS or is_open_enum(kind) or (attrs.has(kind) and has_struct(kind))


@functools.cache
def _struct_of(cls: type, *, closed: bool, places: Places = ()) -> type:
    fields, more = fields_of(cls), dict(places).get(cls, ())
    members = [
        *(_member(field, closed=closed, places=places) for field in fields),
        *((place(number), _PARTS if has_parts else _PLAIN, UNSET) for number, (_, has_parts) in enumerate(more)),
    ]
    return msgspec.defstruct(
        f"{cls.__name__}OnTheWire",
        members,
        rename={
            **{field.name: field.wire for field in fields},
            **{place(number): name for number, (name, _) in enumerate(more)},
        },
        kw_only=True,
        forbid_unknown_fields=closed,
        gc=False,  # a struct cannot be part of a reference cycle
    )


def place(number: int) -> str:
    """Return the name of a struct's member for an undocumented field."""
    return f"undocumented_{number}"


def _member(field: Field, *, closed: bool, places: Places) -> tuple[str, Any] | tuple[str, Any, None]:
    kind = _counterpart(field.type, closed=closed, places=places)
    return (field.name, kind) if field.required else (field.name, kind | None, None)


def _counterpart(kind: Any, *, closed: bool, places: Places) -> Any:
    if is_array(kind):
        item = _counterpart(get_args(kind)[0], closed=closed, places=places)
        array = tuple[item, ...]  # type: ignore[valid-type]
        return array | str if item is str else array  # one address may stand for a list of one
    if is_open_enum(kind):
        return str
    return _struct_of(kind, closed=closed, places=places) if attrs.has(kind) else _SCALARS[kind]


_INT: Final = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] if AVAILABLE else int
_PLAIN: Final = _INT | float | str | bool | msgspec.UnsetType | None if AVAILABLE else Any
_PARTS: Final = msgspec.Raw | msgspec.UnsetType if AVAILABLE else Any
_SCALARS: Final[dict[type, Any]] = {
    str: str,
    int: _INT,
    bool: bool,
    datetime: str,
    Decimal: _INT | float | str,
}
