"""The exact decoder: what cattrs' hook factories build from a row's annotations, with the path of an error.

It defines what a row means. The fast decoders of `hooks.py` leave to it whatever they are not sure of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """One field of a row: its names, its type without `None`, and its value where the wire has none or `null`."""

    name: str
    wire: str
    type: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a row without it is unreadable."""
        return self.default is attrs.NOTHING


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields of a row class in order, without `extra`."""
    types = get_type_hints(cls)
    attributes = attrs.fields_dict(cls)
    return tuple(_field(name, types[name], attributes[name].default) for name in wire_fields(cls))


def local_fields(cls: type) -> dict[str, Any]:
    """The attributes that are ours and not the wire's, with their defaults."""
    wire = {*wire_fields(cls), "extra"}
    return {field.name: field.default for field in attrs.fields(cls) if field.name not in wire}


def _field(name: str, kind: Any, default: Any) -> Field:
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function, but it is a class
        raise TypeError(f"{name}: a row's default is shared by all rows, so it has to be an immutable value")
    members = get_args(kind) if is_union(kind) else (kind,)
    if NoneType in members:
        members = tuple(member for member in members if member is not NoneType)
        default = None if default is attrs.NOTHING else default
    return Field(name, wire_name(name), Union[members], default)  # noqa: UP007 - a computed union


def is_union(kind: Any) -> bool:
    """Whether it is `A | B`, in either spelling."""
    return get_origin(kind) in (Union, UnionType)


def is_open_enum(kind: Any) -> bool:
    """Whether it is `Status | str`: the members we know, and any other string as it is."""
    members = get_args(kind) if is_union(kind) else ()
    return len(members) == 2 and members[1] is str and issubclass(members[0], StrEnum)


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def members_of(kind: Any) -> dict[str, str]:
    """The members of an open enum by their values."""
    return {str(member): member for member in get_args(kind)[0]}


def strict_converter() -> Converter:
    """A converter whose hooks for scalars and arrays read strictly and raise `Misfit`."""
    converter = Converter(detailed_validation=False)
    for kind, reader in _SCALARS.items():
        converter.register_structure_hook(kind, reader)
    converter.register_structure_hook_factory(is_open_enum, _open_enum_reader)
    converter.register_structure_hook_factory(_is_tuple, _tuple_reader)
    return converter


def _open_enum_reader(kind: Any, _: Converter | None = None) -> Reader:
    members = members_of(kind)

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


def exact_row_reader(cls: type, converter: Converter) -> Reader:
    """The reader of a row: strict, complete, and precise about what is wrong."""
    fields = fields_of(cls)
    known = {field.wire for field in fields}
    readers = [(field, _field_reader(field, converter)) for field in fields]

    def read(raw: object, _: Any = None) -> Any:
        if not isinstance(raw, Mapping):
            raise Misfit("expected an object", raw)
        values = {field.name: _read_field(field, reader, raw) for field, reader in readers}
        return cls(**values, extra={key: value for key, value in raw.items() if key not in known})

    return read


def _field_reader(field: Field, converter: Converter) -> Reader:
    return read_id if field.name == "id" else converter.get_structure_hook(field.type)


def _read_field(field: Field, read: Reader, raw: Mapping[str, Any]) -> Any:
    value = raw.get(field.wire)
    if value is not None:
        return _step(read, value, f".{field.wire}")
    if field.required:
        what = "null, but required" if field.wire in raw else "missing"
        raise Misfit(what, raw, f".{field.wire}")
    return field.default


def _step(read: Reader, value: object, step: str) -> Any:
    try:
        return read(value, None)
    except Misfit as misfit:
        misfit.steps.append(step)
        raise
