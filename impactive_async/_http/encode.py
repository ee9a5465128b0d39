"""From arguments, drafts and rows to the plain values of the wire.

Nothing is altered on the way: what JSON cannot carry exactly is a `ValueError` before any request.
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

from impactive_async._http.scalars import format_instant
from impactive_async._unset import UNSET

_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**64 - 1
"""What JSON is written with for integers has 64 bits (`json_bytes`)."""


@lru_cache(maxsize=512)
def wire_name(name: str) -> str:
    """The wire's name of an attribute: `enrollment_counts` becomes `enrollmentCounts`."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def encode_fields(fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body of a create or update.

    Args:
        fields: Arguments by their Python names. `UNSET` is left out, `None` is `null`.
        extra: Undocumented fields by their wire names, merged last.

    Raises:
        ValueError: If a value cannot be carried exactly (naive datetime, NaN, a fraction that no float equals), is
            nested beyond all bounds or in itself, or a field is given both as an argument and in `extra`.
        TypeError: If a value is of a type that JSON has no place for.
    """
    try:
        body = {wire_name(name): _encode(value, name) for name, value in fields.items() if value is not UNSET}
        return _merge(body, extra, "extra")
    except RecursionError:
        raise _too_deep("extra" if extra else "the body") from None


def encode_draft(draft: Any) -> dict[str, Any]:
    """The wire's object for a draft: whatever is `None` was not given and is left out; its `extra` is merged.

    Raises:
        ValueError: As `encode_fields` does; also if `draft` is not an instance of an attrs class.
        TypeError: As `encode_fields` does.
    """
    name = type(draft).__name__
    try:
        return _encode_draft(draft, name)
    except RecursionError:
        raise _too_deep(name) from None


def _too_deep(argument: str) -> ValueError:
    return ValueError(f"{argument} is nested too deeply for JSON, or in itself")


def _encode_draft(draft: Any, argument: str) -> dict[str, Any]:
    body = {
        wire_name(field.name): _encode(value, f"{argument}.{field.name}")
        for field in attrs.fields(type(draft))
        if field.name != "extra" and (value := getattr(draft, field.name)) is not None and value is not UNSET
    }
    return _merge(body, getattr(draft, "extra", None), f"{argument}.extra")


def _merge(body: dict[str, Any], extra: Mapping[str, Any] | None, argument: str) -> dict[str, Any]:
    if not isinstance(extra, Mapping | None):
        raise ValueError(f"{argument} is a mapping of wire fields, not {type(extra).__name__}")
    fields = _encode_mapping(extra or {}, argument)
    for key in body.keys() & fields.keys():
        raise ValueError(f"{key!r} is given twice: as an argument of its own and in {argument}")
    return body | fields


def _encode(value: Any, argument: str) -> Any:
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Enum) and value is not UNSET:
        return _encode(value.value, argument)
    if isinstance(value, datetime):
        return format_instant(value, argument=argument)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return _encode_number(value, argument)
    if isinstance(value, Mapping):
        return _encode_mapping(value, argument)
    if isinstance(value, list | tuple):
        return [_encode(item, f"{argument}[{index}]") for index, item in enumerate(value)]
    if attrs.has(type(value)):
        return _encode_draft(value, argument)
    if isinstance(value, str | int):
        return value
    raise TypeError(f"{argument} cannot be sent as JSON: it is of type {type(value).__name__}")


def _encode_mapping(value: Mapping[Any, Any], argument: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{argument} has the key {key!r}: names of fields are strings")
    fields = value.items()
    return {str.__str__(key): _encode(item, f"{argument}[{key!r}]") for key, item in fields if item is not UNSET}


def _encode_number(value: float | Decimal, argument: str) -> int | float:
    finite = math.isfinite(value) if isinstance(value, float) else value.is_finite()
    if not finite:
        raise ValueError(f"{argument} is {value}, which JSON has no number for")
    if isinstance(value, float):
        return float(value)
    number = exact_number(value)
    if number is None:
        raise ValueError(
            f"{argument} is {value}, which a JSON number cannot carry exactly; round it to at most 15 digits"
        )
    return number


def exact_number(value: Decimal) -> int | float | None:
    """The JSON number that is exactly this finite value, as an integer or the nearest float; `None` if none is."""
    if _MIN_INT <= value <= _MAX_INT and value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else None


def to_wire(row: Any) -> dict[str, Any]:
    """A row as the wire's object, `extra` included; decoding it gives an equal row.

    A Decimal that no JSON number can carry exactly (it came as a string) goes back as a string. What is in `extra`
    never hides an attribute.
    """
    body = {wire_name(name): _restore(getattr(row, name), name) for name in wire_fields(type(row))}
    return body | {key: value for key, value in _encode_mapping(row.extra, "extra").items() if key not in body}


def wire_fields(cls: type) -> tuple[str, ...]:
    """The attributes of a row that are fields of the wire: all but `extra` and what `metadata` keeps local."""
    return tuple(field.name for field in attrs.fields(cls) if field.name != "extra" and _on_wire(field))


def _on_wire(field: attrs.Attribute[Any]) -> bool:
    return field.metadata.get("wire", True) is not False


def _restore(value: Any, name: str) -> Any:
    if isinstance(value, Decimal):
        number = exact_number(value)
        return str(value) if number is None else number
    if isinstance(value, tuple):
        return [_restore(item, name) for item in value]
    if attrs.has(type(value)):
        return to_wire(value)
    return _encode(value, name)
