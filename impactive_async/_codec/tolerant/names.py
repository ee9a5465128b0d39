"""Fields under other names than the contract's, put under its names.

    first_name, first-name, firstname       for firstName
    _id, uuid                               for id
    attributes, properties, fields          an object beside the `id` that holds fields

A field is moved only where the contract's own name is absent. Nothing is dropped, and nothing is guessed between.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from impactive_async._codec.fields import Field, fields_of, nested_fields, nested_rows, row_class

Deviate: TypeAlias = Callable[[str], None]

HOLDERS: Final = ("attributes", "properties", "fields")
"""Names of an object in a row that holds its fields: of JSON:API, HubSpot and Airtable."""
IDS: Final = ("_id", "uuid")
_BESIDE: Final = frozenset(("id", *IDS, "createdAt", "created_at", "updatedAt", "updated_at"))
"""Fields that stand beside such an object. Beside any other field it is one of the service's own."""


def other_names(wire: str) -> tuple[str, ...]:
    """Return the other names of a field: of `firstName`, `first_name`, `first-name` and `firstname`."""
    if wire == "id":
        return IDS
    parts = [part.lower() for part in re.findall(r"[A-Z]?[^A-Z]+|[A-Z]", wire)]
    return tuple(separator.join(parts) for separator in ("_", "-", "")) if len(parts) > 1 else ()


def under_contracts_names(cls: type, row: Mapping[str, Any], deviate: Deviate) -> Mapping[str, Any]:
    """Return a row with its fields under the contract's names; the row itself where they are.

    Args:
        cls: The row's class.
        row: The row's plain value.
        deviate: Told once of each kind of name that is not the contract's.
    """
    if row.keys().isdisjoint(_suspicious(cls)):
        return row
    row = renamed(row, _fields(cls), deviate)
    inner = {
        field.wire: _inner(field, row[field.wire], deviate) for field in nested_fields(cls) if field.wire in row
    }
    return {**row, **inner} if any(row[wire] is not value for wire, value in inner.items()) else row


def renamed(row: Mapping[str, Any], fields: Collection[str], deviate: Deviate) -> Mapping[str, Any]:
    """Return an object with some fields under the contract's names; the object itself where they are.

    Args:
        row: The object.
        fields: The contract's names of these fields.
        deviate: Told of the names.
    """
    wires = _by_other_names(tuple(fields))
    for holder in HOLDERS:
        inner = row.get(holder)
        if (
            isinstance(inner, Mapping)
            and _hold(inner, fields, wires)
            and not _hold(row.keys() - _BESIDE, fields, wires)
        ):
            deviate("row.attributes")
            row = _with_attributes(row, holder, inner)
    found = {name: wires[name] for name in row.keys() & wires.keys() if wires[name] not in row}
    if not found:
        return row
    deviate("field.name")
    return _moved(row, found)


def _hold(keys: Iterable[str], fields: Collection[str], wires: Mapping[str, str]) -> bool:
    return any(key in fields or key in wires for key in keys)


def _with_attributes(row: Mapping[str, Any], holder: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row with its attributes beside its other members, but for those that stand there already."""
    left = {key: value for key, value in attributes.items() if key in row}
    beside = {key: value for key, value in row.items() if key != holder}
    return {**attributes, **beside, holder: left} if left else {**attributes, **beside}


def _moved(row: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    """Move fields; of two for the same field, the first."""
    moved: dict[str, Any] = {}
    for name, value in row.items():
        wire = found.get(name, name)
        moved[name if wire in moved else wire] = value
    return moved


def hide_fields(cls: Any, rows: Sequence[Any]) -> bool:
    """Whether what rows hold beyond the contract may have fields of the contract under other names.

    Args:
        cls: The class of the rows.
        rows: They are looked at together, because a page has hundreds.
    """
    beyond = {key for row in rows for key in row.extra}
    if not beyond.isdisjoint(HOLDERS) or not _by_other_names(_fields(cls)).keys().isdisjoint(beyond):
        return True
    return any(hide_fields(row_class(field), nested_rows(field, rows)) for field in nested_fields(cls))


def _inner(field: Field, value: Any, deviate: Deviate) -> Any:
    cls = row_class(field)
    if isinstance(value, Mapping):
        return under_contracts_names(cls, value, deviate)
    if not isinstance(value, list):
        return value
    inner = [under_contracts_names(cls, one, deviate) if isinstance(one, Mapping) else one for one in value]
    return inner if any(one is not before for one, before in zip(inner, value, strict=True)) else value


@functools.cache
def _fields(cls: type) -> tuple[str, ...]:
    return tuple(field.wire for field in fields_of(cls))


@functools.cache
def _suspicious(cls: type) -> frozenset[str]:
    """Return the names in a row of a class without which all its fields are under the contract's names."""
    inner = (field.wire for field in nested_fields(cls))
    return frozenset((*_by_other_names(_fields(cls)), *HOLDERS, *inner))


@functools.cache
def _by_other_names(fields: tuple[str, ...]) -> Mapping[str, str]:
    """Return the contract's names of fields, by their other names."""
    return {name: field for field in fields for name in other_names(field)}
