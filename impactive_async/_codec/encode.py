"""Arguments, drafts and rows to the plain values of the wire.

A value that JSON cannot carry exactly is a `ValueError` before any request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import attrs

from impactive_async._codec.scalars import format_instant
from impactive_async._unset import UNSET
from impactive_async.errors import InvalidArgumentError

_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**64 - 1
"""The integers that `json_bytes` writes have at most 64 bits."""


class ForeignTypeError(InvalidArgumentError, TypeError):
    """A value of a type that has no form in JSON. Version 0.1 raised a `TypeError`, which this one is too."""


@lru_cache(maxsize=512)
def wire_name(name: str) -> str:
    """Return the wire's name of an attribute: `enrollmentCounts` for `enrollment_counts`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def encode_fields(fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the body of a create or update.

    Args:
        fields: Arguments by their Python names. `UNSET` is left out, `None` is `null`.
        extra: Undocumented fields by their wire names.

    Raises:
        ValueError: JSON cannot carry a value exactly (a naive datetime, NaN, a decimal that no float equals), a
        value
            is nested too deeply or in itself, or a field is given both as an argument and in `extra`.
        TypeError: JSON has no type for a value.
    """
    try:
        body = {wire_name(name): encode_value(value, name) for name, value in fields.items() if value is not UNSET}
        return _merge(body, extra, "extra")
    except RecursionError:
        raise _too_deep("extra" if extra else "the body") from None


def encode_draft(draft: Any) -> dict[str, Any]:
    """Return the wire's object for a draft, with its `extra` and without the attributes that are `None`.

    Raises:
        ValueError: As of `encode_fields`; or the draft is not an instance of an attrs class.
        TypeError: As of `encode_fields`.
    """
    name = type(draft).__name__
    try:
        return _encode_draft(draft, name)
    except RecursionError:
        raise _too_deep(name) from None


def _too_deep(argument: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{argument} is nested too deeply for JSON, or in itself")


def _encode_draft(draft: Any, argument: str) -> dict[str, Any]:
    body = {
        wire_name(field.name): encode_value(value, f"{argument}.{field.name}")
        for field in attrs.fields(type(draft))
        if field.name != "extra" and (value := getattr(draft, field.name)) is not None and value is not UNSET
    }
    return _merge(body, getattr(draft, "extra", None), f"{argument}.extra")


def _merge(body: dict[str, Any], extra: Mapping[str, Any] | None, argument: str) -> dict[str, Any]:
    if not isinstance(extra, Mapping | None):
        raise InvalidArgumentError(f"{argument} is a mapping of wire fields, not {type(extra).__name__}")
    fields = _encode_mapping(extra or {}, argument)
    for key in body.keys() & fields.keys():
        raise InvalidArgumentError(f"{key!r} is given twice: as an argument of its own and in {argument}")
    return body | fields


def encode_value(value: Any, argument: str) -> Any:
    """Return a value as the wire has it. `argument` names it in errors, which are those of `encode_fields`."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Enum) and value is not UNSET:
        return encode_value(value.value, argument)
    if isinstance(value, datetime):
        return format_instant(value, argument=argument)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return _encode_number(value, argument)
    if isinstance(value, Mapping):
        return _encode_mapping(value, argument)
    if isinstance(value, list | tuple):
        return [encode_value(item, f"{argument}[{index}]") for index, item in enumerate(value)]
    if attrs.has(type(value)):
        return _encode_draft(value, argument)
    if isinstance(value, str | int):
        return value
    raise ForeignTypeError(f"{argument} cannot be sent as JSON: it is of type {type(value).__name__}")


def _encode_mapping(value: Mapping[Any, Any], argument: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise ForeignTypeError(f"{argument} has the key {key!r}: names of fields are strings")
    fields = value.items()
    return {
        str.__str__(key): encode_value(item, f"{argument}[{key!r}]") for key, item in fields if item is not UNSET
    }


def _encode_number(value: float | Decimal, argument: str) -> int | float:
    check_finite(value, argument)
    if isinstance(value, float):
        return float(value)
    number = exact_number(value)
    if number is None:
        raise InvalidArgumentError(
            f"{argument} is {value}, which a JSON number cannot carry exactly; round it to at most 15 digits"
        )
    return number


def check_finite(value: float | Decimal, argument: str) -> None:
    """Raise `InvalidArgumentError` for a value that JSON has no number for."""
    if not (math.isfinite(value) if isinstance(value, float) else value.is_finite()):
        raise InvalidArgumentError(f"{argument} is {value}, which JSON has no number for")


def exact_number(value: Decimal) -> int | float | None:
    """Return the integer or float that a finite decimal equals exactly; `None` if there is none."""
    if _MIN_INT <= value <= _MAX_INT and value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else None


def to_wire(row: Any) -> dict[str, Any]:
    """Return a row as the wire's object, with its `extra`. Reading the object gives an equal row.

    A decimal that no JSON number equals came as a string, and is a string again. Where `extra` has the wire's name
    of an attribute, the attribute counts.
    """
    body = {wire_name(name): _restore(getattr(row, name), name) for name in wire_fields(type(row))}
    return body | {key: value for key, value in _encode_mapping(row.extra, "extra").items() if key not in body}


def wire_fields(cls: type) -> tuple[str, ...]:
    """Return the attributes of a row class that the wire has too: all but `extra` and those marked as local."""
    return tuple(field.name for field in attrs.fields(cls) if field.name != "extra" and _on_wire(field))


def _on_wire(field: attrs.Attribute[Any]) -> bool:
    return field.metadata.get("wire", True) is not False


def _restore(value: Any, name: str) -> Any:
    if isinstance(value, Decimal):
        check_finite(value, name)
        number = exact_number(value)
        return str(value) if number is None else number
    if isinstance(value, tuple):
        return [_restore(item, name) for item in value]
    if attrs.has(type(value)):
        return to_wire(value)
    return encode_value(value, name)
