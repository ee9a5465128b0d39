"""What a row class says of its fields, read from its annotations."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from impactive_async._codec.encode import wire_fields, wire_name


@attrs.frozen
class Field:
    """One field of a row.

    Attributes:
        name: Its attribute.
        wire: Its key in the wire's object.
        type: Its annotation without `None`.
        default: Its value where the wire has `null` or nothing; `attrs.NOTHING` if the wire must have a value.
    """

    name: str
    wire: str
    type: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a row without it is unreadable."""
        return self.default is attrs.NOTHING


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields of a row class in order, without `extra`."""
    types = get_type_hints(cls)
    attributes = attrs.fields_dict(cls)
    return tuple(_field(name, types[name], attributes[name].default) for name in wire_fields(cls))


def local_fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields that the wire does not have, in order."""
    types, wire = get_type_hints(cls), {*wire_fields(cls), "extra"}
    return tuple(
        _field(each.name, types[each.name], each.default) for each in attrs.fields(cls) if each.name not in wire
    )


def _field(name: str, kind: Any, default: Any) -> Field:
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function, but it is a class
        raise TypeError(f"{name}: a row's default is shared by all rows, so it has to be an immutable value")
    members = get_args(kind) if _is_union(kind) else (kind,)
    if NoneType in members:
        members = tuple(member for member in members if member is not NoneType)
        default = None if default is attrs.NOTHING else default
    return Field(name, wire_name(name), Union[members], default)  # noqa: UP007 - a computed union


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)  # `Union[A, B]` and `A | B`


def is_open_enum(kind: Any) -> bool:
    """Whether an annotation is `Status | str`: a member we know, or any other string as it is."""
    members = get_args(kind) if _is_union(kind) else ()
    return len(members) == 2 and members[1] is str and issubclass(members[0], StrEnum)


def members_of(kind: Any) -> dict[str, str]:
    """Return the members of an open enum by their values."""
    return {str(member): member for member in get_args(kind)[0]}


def is_array(kind: Any) -> bool:
    """Whether an annotation is `tuple[Item, ...]`."""
    return get_origin(kind) is tuple


def row_class(field: Field) -> Any:
    """Return the type of a field's value, or of each of its values."""
    return get_args(field.type)[0] if is_array(field.type) else field.type


@functools.cache
def nested_fields(cls: type) -> tuple[Field, ...]:
    """Return the fields of a class that hold rows."""
    return tuple(field for field in fields_of(cls) if attrs.has(row_class(field)))


def nested_rows(field: Field, rows: Iterable[Any]) -> list[Any]:
    """Return the rows that a field of other rows holds."""
    values = [value for row in rows if (value := getattr(row, field.name)) is not None]
    return [row for value in values for row in value] if is_array(field.type) else values
