"""What a row looks like on the wire, as msgspec reads it. The only import of msgspec.

A struct has its row's fields under their wire names, with the wire's types: what it accepts, the exact decoder
(`exact.py`) accepts too. A moment stays the string that it is, as msgspec rounds digits beyond microseconds and we
cut them off; an integer is one that orjson reads as such; money is whatever may spell it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any, Final, get_args, get_origin

import attrs

from impactive_async._http.exact import Field, fields_of, is_open_enum

try:
    import msgspec
except ImportError:  # pragma: no cover - CPython installs it; elsewhere the exact decoder reads everything
    msgspec = None  # type: ignore[assignment]

AVAILABLE: Final = msgspec is not None

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError) if AVAILABLE else ()
"""What the readers raise: before its version 0.20 msgspec's own errors are no `ValueError`s."""


def row_body_reader(cls: type) -> Callable[[bytes], Any]:
    """What reads a row's bytes into a struct. What does not fit, unknown fields included, is `UNREADABLE`."""
    return msgspec.json.Decoder(_struct_of(cls, closed=True)).decode


def page_body_reader(cls: type) -> Callable[[bytes], list[Any]]:
    """What reads a page's bytes into structs. What does not fit, unknown fields included, is `UNREADABLE`."""
    return msgspec.json.Decoder(list[_struct_of(cls, closed=True)]).decode  # type: ignore[misc]


def page_reader(cls: type, *, closed: bool) -> Callable[[Any], list[Any]]:
    """What reads a page's plain values into structs: likewise if `closed`, else unknown fields are left out."""
    return functools.partial(msgspec.convert, type=list[_struct_of(cls, closed=closed)])  # type: ignore[misc]


@functools.cache
def keys_reader(id_field: str, timestamp_field: str) -> Callable[[bytes], dict[str, list[Any]]] | None:
    """What reads two columns of a page's bytes, and passes over the rest; `None` where msgspec is not installed.

    A row without one of them, or with one of another type than ids and timestamps have, is `UNREADABLE`.
    """
    if not AVAILABLE:
        return None
    members = [("id", _INT | str), ("timestamp", str)]
    keys = msgspec.defstruct("Keys", members, rename={"id": id_field, "timestamp": timestamp_field}, gc=False)
    decode = msgspec.json.Decoder(list[keys]).decode  # type: ignore[valid-type]

    def read(body: bytes) -> dict[str, list[Any]]:
        rows = decode(body)
        return {id_field: list(map(_id, rows)), timestamp_field: list(map(_timestamp, rows))}

    return read


_id: Final = attrgetter("id")
_timestamp: Final = attrgetter("timestamp")


def has_struct(cls: type) -> bool:
    """Whether all fields are of types that a struct has a counterpart for."""
    return AVAILABLE and all(_has_counterpart(field.type) for field in fields_of(cls))


def _has_counterpart(kind: Any) -> bool:
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
        return kind is str or (attrs.has(kind) and has_struct(kind))
    return kind in _SCALARS or is_open_enum(kind) or (attrs.has(kind) and has_struct(kind))


@functools.cache
def _struct_of(cls: type, *, closed: bool) -> type:
    fields = fields_of(cls)
    return msgspec.defstruct(
        f"{cls.__name__}OnTheWire",
        [_member(field, closed=closed) for field in fields],
        rename={field.name: field.wire for field in fields},
        kw_only=True,
        forbid_unknown_fields=closed,
        gc=False,  # nothing in it can refer back to it
    )


def _member(field: Field, *, closed: bool) -> tuple[str, Any] | tuple[str, Any, None]:
    kind = _counterpart(field.type, closed=closed)
    return (field.name, kind) if field.required else (field.name, kind | None, None)


def _counterpart(kind: Any, *, closed: bool) -> Any:
    if get_origin(kind) is tuple:
        item = _counterpart(get_args(kind)[0], closed=closed)
        array = tuple[item, ...]  # type: ignore[valid-type]
        return array | str if item is str else array  # one address instead of a list of one
    if is_open_enum(kind):
        return str
    return _struct_of(kind, closed=closed) if attrs.has(kind) else _SCALARS[kind]


_INT: Final = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] if AVAILABLE else int
_SCALARS: Final[dict[type, Any]] = {
    str: str,
    int: _INT,
    bool: bool,
    datetime: str,
    Decimal: _INT | float | str,
}
