"""The exact decoder: what cattrs' hook factories build from a row's annotations, with the path of an error.

It defines what a row means. The fast decoders of `hooks.py` leave to it whatever they are not sure of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from impactive_async._http.encode import wire_fields, wire_name
from impactive_async._http.scalars import (
    Misfit,
    read_bool,
    read_decimal,
    read_id,
    read_instant,
    read_int,
    read_str,
)

Reader = Callable[[Any, Any], Any]

_SCALARS: Final[dict[type, Reader]] = {
    str: read_str,
    int: read_int,
    bool: read_bool,
    Decimal: read_decimal,
    datetime: read_instant,
}


@attrs.frozen
class Field:
    """One field of a row: its names, its type without `None`, and its value where the wire has nothing."""

    name: str
    wire: str
    type: Any
    nullable: bool
    default: Any

    @property
    def required(self) -> bool:
        """Whether a row without it is unreadable."""
        return self.default is attrs.NOTHING


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields of a row class in order, without `extra`."""
    types = get_type_hints(cls)
    attributes = attrs.fields_dict(cls)
    return tuple(
        Field(name, wire_name(name), *_without_none(types[name]), attributes[name].default)
        for name in wire_fields(cls)
    )


def _without_none(kind: Any) -> tuple[Any, bool]:
    members = get_args(kind) if is_union(kind) else ()
    if NoneType not in members:
        return kind, False
    return Union[tuple(member for member in members if member is not NoneType)], True  # noqa: UP007


def is_union(kind: Any) -> bool:
    """Whether it is `A | B`, in either spelling."""
    return get_origin(kind) in (Union, UnionType)


def is_open_enum(kind: Any) -> bool:
    """Whether it is `Status | str`: the members we know, and any other string as it is."""
    members = get_args(kind) if is_union(kind) else ()
    return len(members) == 2 and members[1] is str and issubclass(members[0], StrEnum)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def exact_converter() -> Converter:
    """The converter whose hooks read strictly and raise `Misfit`."""
    converter = Converter(detailed_validation=False)
    for kind, reader in _SCALARS.items():
        converter.register_structure_hook(kind, reader)
    converter.register_structure_hook_factory(is_open_enum, _open_enum_reader)
    converter.register_structure_hook_factory(_is_tuple, _tuple_reader)
    converter.register_structure_hook_factory(attrs.has, _row_reader)
    return converter


def _open_enum_reader(kind: Any, _: Converter | None = None) -> Reader:
    members: dict[str, str] = {str(member): member for member in get_args(kind)[0]}

    def read(value: object, _: Any = None) -> str:
        text = read_str(value)
        return members.get(text, text)

    return read


def _tuple_reader(kind: Any, converter: Converter) -> Reader:
    item = get_args(kind)[0]
    read_item = converter.get_structure_hook(item)

    def read(value: object, _: Any = None) -> tuple[Any, ...]:
        if item is str and type(value) is str:  # one address instead of a list of one
            return (value,)
        if not isinstance(value, list):
            raise Misfit("expected an array", value)
        return tuple(_step(read_item, entry, f"[{index}]") for index, entry in enumerate(value))

    return read


def _row_reader(cls: type, converter: Converter) -> Reader:
    fields = fields_of(cls)
    known = {field.wire for field in fields}
    readers = [(field, _field_reader(field, converter)) for field in fields]

    def read(raw: object, _: Any = None) -> Any:
        if not isinstance(raw, dict):
            raise Misfit("expected an object", raw)
        values = {field.name: _read_field(field, reader, raw) for field, reader in readers}
        return cls(**values, extra={key: value for key, value in raw.items() if key not in known})

    return read


def _field_reader(field: Field, converter: Converter) -> Reader:
    return read_id if field.name == "id" else converter.get_structure_hook(field.type)


def _read_field(field: Field, read: Reader, raw: dict[str, Any]) -> Any:
    value = raw.get(field.wire)
    if value is not None:
        return _step(read, value, f".{field.wire}")
    if field.required:
        what = "must not be null" if field.wire in raw else "is missing"
        raise Misfit(what, raw, f".{field.wire}")
    return field.default


def _step(read: Reader, value: object, step: str) -> Any:
    try:
        return read(value, None)
    except Misfit as misfit:
        misfit.steps.append(step)
        raise
