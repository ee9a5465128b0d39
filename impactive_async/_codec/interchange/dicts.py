"""Rows as dicts of plain JSON values."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from impactive_async._codec.encode import check_finite, encode_draft, encode_value, to_wire
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import ContactDraft, StepDraft

_SAFE_INT: Final = 2**53
"""Below it an integer is the same in every reader of JSON, also in those that know floats only."""


def to_dict(row: attrs.AttrsInstance, *, wire: bool = False) -> dict[str, Any]:
    """Return a row as a dict of plain JSON values, which any JSON library writes.

    The keys are the row's attributes, nested rows are dicts, and unknown fields stand under `extra`. Moments are
    ISO 8601 in UTC, spans of time are seconds. An amount of money is a number, or a string where no number equals
    it. `from_dict` reads the dict back, and `json_schema` describes it. Events, gaps, coverage and reports of this
    package are taken, too.

    Args:
        row: The row.
        wire: Use the wire's names, as in `firstName`, with unknown fields beside the others: what the API would
            send for this row, or take for this draft. What only this SDK knows of a row is left out.

    Raises:
        InvalidArgumentError: This is no row, the wire has no form of it, or it was made by hand of values that
            JSON does not have.
    """
    if isinstance(row, type) or not attrs.has(type(row)):
        raise InvalidArgumentError(
            f"to_dict takes one row, not {type(row).__name__}; of several rows: [to_dict(row) for row in rows]"
        )
    try:
        return _on_wire(row) if wire else _named(row)
    except RecursionError:
        raise InvalidArgumentError(f"{type(row).__name__} is nested too deeply for JSON, or in itself") from None


def _on_wire(row: Any) -> dict[str, Any]:
    if not hasattr(row, "extra"):
        raise InvalidArgumentError(f"{type(row).__name__} is no row of the API: it has no form with wire=True")
    return encode_draft(row) if isinstance(row, ContactDraft | StepDraft) else to_wire(row)


def _named(row: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(row, field.name), field.name) for field in attrs.fields(type(row))}


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, Decimal):
        return _number(value, name)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if attrs.has(type(value)):
        return _named(value)
    return encode_value(value, name)


def _number(value: Decimal, name: str) -> int | float | str:
    """Return the JSON number that is exactly this amount, or a string if there is none."""
    check_finite(value, name)
    if value == value.to_integral_value() and abs(value) < _SAFE_INT:
        return int(value)
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else str(value)
