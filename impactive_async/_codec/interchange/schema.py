"""The dicts of rows described in JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, get_args

import attrs

from impactive_async._codec.fields import Field, fields_of, is_array, is_open_enum, local_fields_of, members_of
from impactive_async._codec.interchange.classes import check_row_class

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {
        "type": ["number", "string"],
        "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$",
    },
}


def json_schema(cls: type, *, wire: bool = False) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what `to_dict` gives for rows of a class, and `from_dict` takes.

    It is complete in itself: the schemas of nested rows stand in their places.

    Args:
        cls: A class of rows or drafts, such as `Contact`.
        wire: Describe the form with the wire's names, which may have further fields.

    Raises:
        InvalidArgumentError: This is no such class.
    """
    check_row_class(cls, "json_schema")
    return {"$schema": _DIALECT, **(wire_object if wire else named_object)(cls)}


def wire_object(cls: type) -> dict[str, Any]:
    """Return the schema of a row under the wire's names."""
    fields = {field.wire: field for field in fields_of(cls)}
    return _object(cls, fields, wire_object)


def named_object(cls: type, *, complete: bool = False) -> dict[str, Any]:
    """Return the schema of a row under its attributes' names; `complete`: no key may be missing."""
    fields = {field.name: field for field in (*fields_of(cls), *local_fields_of(cls))}
    schema = _object(cls, fields, _complete if complete else named_object)
    schema["properties"]["extra"] = {"type": "object", "description": "Unknown fields, under the wire's names."}
    schema["additionalProperties"] = False
    return schema | ({"required": list(schema["properties"])} if complete else {})


def _complete(cls: type) -> dict[str, Any]:
    return named_object(cls, complete=True)


def _object(cls: type, fields: dict[str, Field], nested: Callable[[type], dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": cls.__name__,
        "type": "object",
        "properties": {key: _property(field, nested) for key, field in fields.items()},
        "required": [key for key, field in fields.items() if field.required],
    }


def _property(field: Field, nested: Callable[[type], dict[str, Any]]) -> dict[str, Any]:
    schema = _value(field.type, nested)
    if field.default is None:
        return _or_null(schema)
    return schema if field.required else {**schema, "default": _default(field.default)}


def _default(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(kind: Any, nested: Callable[[type], dict[str, Any]]) -> dict[str, Any]:
    if is_array(kind):
        return {"type": "array", "items": _value(get_args(kind)[0], nested)}
    if is_open_enum(kind):
        return {"type": "string", "examples": [str(member) for member in members_of(kind)]}
    return nested(kind) if attrs.has(kind) else dict(_SCALARS[kind])


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that also accepts `null`."""
    kinds = schema["type"]
    return {**schema, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}
