"""The exact readers. They define what a row means, and name the path of a value that does not fit.

cattrs builds them from the annotations of row classes. The fast readers (`fast`) leave to them every row that
they are not sure of. cattrs takes longer to import than all that reads rows, so the first such row imports it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, get_args

import attrs

from impactive_async._codec.fields import Field, fields_of, is_array, is_open_enum, local_fields_of, members_of
from impactive_async._codec.scalars import (
    Misfit,
    is_one_address,
    read_bool,
    read_decimal,
    read_id,
    read_instant,
    read_int,
    read_str,
)

if TYPE_CHECKING:
    from cattrs import Converter

Reader = Callable[[Any, Any], Any]

_SCALARS: Final[dict[type, Reader]] = {
    str: read_str,
    int: read_int,
    bool: read_bool,
    Decimal: read_decimal,
    datetime: read_instant,
}


def exact_reader(cls: type) -> Reader:
    """Return the function that reads the wire's object as a row of a class. It raises `Misfit`."""
    return _of_wire().get_structure_hook(cls)


def named_reader(cls: type) -> Reader:
    """Return the function that reads an object whose keys are the attributes of a class. It raises `Misfit`."""
    return _of_names().get_structure_hook(cls)


def _open_enum_reader(kind: Any, _: Converter | None = None) -> Reader:
    members = members_of(kind)

    def read(value: object, _: Any = None) -> str:
        text = read_str(value)
        return members.get(text, text)

    return read


def _array_reader(kind: Any, converter: Converter) -> Reader:
    item = get_args(kind)[0]
    read_item = converter.get_structure_hook(item)

    def read(value: object, _: Any = None) -> tuple[Any, ...]:
        if item is str and type(value) is str and is_one_address(value):
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
        if not isinstance(raw, Mapping):
            raise Misfit("expected an object", raw)
        values = {field.name: _read_field(field, field.wire, reader, raw) for field, reader in readers}
        return cls(**values, extra={key: value for key, value in raw.items() if key not in known})

    return read


def _named_row_reader(cls: type, converter: Converter) -> Reader:
    fields = (*fields_of(cls), *local_fields_of(cls))
    known = {*(field.name for field in fields), "extra"}
    readers = [(field, _field_reader(field, converter)) for field in fields]

    def read(raw: object, _: Any = None) -> Any:
        if not isinstance(raw, Mapping):
            raise Misfit("expected an object", raw)
        for key in raw:
            if key not in known:
                raise Misfit("no such field; the wire's own stand in extra", raw[key], f".{key}")
        values = {field.name: _read_field(field, field.name, reader, raw) for field, reader in readers}
        return cls(**values, extra=_step(_read_extra, raw.get("extra"), ".extra"))

    return read


def _read_extra(value: object, _: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise Misfit("expected an object", value)
    return dict(value or {})


def _field_reader(field: Field, converter: Converter) -> Reader:
    return read_id if field.name == "id" else converter.get_structure_hook(field.type)


def _read_field(field: Field, key: str, read: Reader, raw: Mapping[str, Any]) -> Any:
    value = raw.get(key)
    if value is not None:
        return _step(read, value, f".{key}")
    if field.required:
        what = "null, but required" if key in raw else "missing"
        raise Misfit(what, raw, f".{key}")
    return field.default


def _step(read: Reader, value: object, step: str) -> Any:
    try:
        return read(value, None)
    except Misfit as misfit:
        misfit.steps.append(step)
        raise


def _strict_converter(row_reader: Callable[[type, Converter], Reader]) -> Converter:
    """Return a converter whose hooks raise `Misfit` for a value of another type."""
    from cattrs import Converter

    converter = Converter(detailed_validation=False)
    for kind, reader in _SCALARS.items():
        converter.register_structure_hook(kind, reader)
    converter.register_structure_hook_factory(is_open_enum, _open_enum_reader)
    converter.register_structure_hook_factory(is_array, _array_reader)
    converter.register_structure_hook_factory(attrs.has, row_reader)
    return converter


@functools.cache
def _of_wire() -> Converter:
    return _strict_converter(_row_reader)


@functools.cache
def _of_names() -> Converter:
    return _strict_converter(_named_row_reader)
