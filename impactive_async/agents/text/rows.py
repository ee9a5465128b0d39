"""Rows as short JSON values: chosen fields, nothing empty, words of strangers in their fence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal

import attrs

from impactive_async import models, to_dict
from impactive_async.agents.text.fence import fence
from impactive_async.models import (
    Booking,
    Company,
    Contact,
    Deal,
    Enrollment,
    EnrollmentStatus,
    Invoice,
    Project,
    Reply,
    Send,
    SendingAccount,
    SequenceStatus,
    SkipReason,
    Step,
)

View = Literal["summary", "full"]

SUMMARY: Final[Mapping[type, tuple[str, ...]]] = {
    Booking: ("id", "title", "start_time", "guest_name", "status", "contact_id"),
    Company: ("id", "name", "industry", "website"),
    Contact: ("id", "first_name", "last_name", "email", "title", "company_name"),
    Deal: ("id", "name", "value", "currency", "stage_name", "company_name", "primary_contact_name"),
    Enrollment: ("contact_id", "contact", "status", "current_step", "next_send_at"),
    Invoice: ("id", "invoice_number", "status", "total", "currency", "due_date", "company_name"),
    Project: ("id", "name", "status", "stage_name", "company_name", "due_date"),
    Reply: ("id", "contact_id", "email_date", "from_address", "subject", "body"),
    Send: ("id", "contact_id", "email_date", "to_addresses", "subject"),
    SendingAccount: ("id", "name", "from_email"),
    models.Sequence: ("id", "name", "status", "step_count", "enrollment_counts"),
    Step: ("id", "position", "delay_days", "subject", "body"),
}
"""What `view="summary"` shows of each kind of row."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_WORDS: Final = frozenset(str(one) for enum in (EnrollmentStatus, SequenceStatus, SkipReason) for one in enum)
"""The contract's own words, which are shown as they are."""
_NAMES_OF_WORDS: Final = ("status", "reason")
_SAFE_INT: Final = 2**53


@attrs.frozen
class Lengths:
    """How many characters of a text are shown.

    Attributes:
        body: Of the text of an email or a note.
        line: Of a name, a subject or another short text.
        items: How many items of a list, and how many unknown fields.
    """

    body: int
    line: int
    items: int = 20

    def halved(self) -> Lengths:
        """Return half of it, for a row that does not fit."""
        return Lengths(self.body // 2, max(20, self.line // 2), max(1, self.items // 2))


LENGTHS: Final[Mapping[View, Lengths]] = {"summary": Lengths(300, 120), "full": Lengths(4000, 500)}
LONG_TEXTS: Final = frozenset({"body", "notes", "description"})


@attrs.frozen
class RowShape:
    """What is shown of rows.

    Attributes:
        view: `summary` or `full`.
        fields: The names of fields, instead of those of the view; empty: those of the view.
    """

    view: View = "summary"
    fields: tuple[str, ...] = ()

    @property
    def lengths(self) -> Lengths:
        """How much of their texts is shown."""
        return LENGTHS[self.view]

    def show(self, row: Any, lengths: Lengths | None = None) -> dict[str, Any]:
        """Return a row as JSON values. The id is always part of it."""
        names = self.fields or (() if self.view == "full" else SUMMARY[type(row)])
        return shown(row, names, lengths or self.lengths)


def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of all fields of a class of rows."""
    return tuple(field.name for field in attrs.fields(cls))


def shown(row: Any, names: Sequence[str], lengths: Lengths) -> dict[str, Any]:
    """Return some fields of a row, by default all, without those that are empty."""
    wanted = names or field_names(type(row))
    chosen = [name for name in field_names(type(row)) if name in wanted or name == "id"]
    values = ((name, value_of(name, getattr(row, name), lengths)) for name in chosen)
    return {name: value for name, value in values if value not in (None, "", [], {})}


def value_of(name: str, value: Any, lengths: Lengths) -> Any:
    """Return the value of a field as JSON."""
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            return moment_of(value)
        case str():
            return text_of(name, value, lengths)
        case Decimal():
            return amount_of(value)
        case Mapping():
            return _mapping(value, lengths)
        case list() | tuple():
            return _items(name, value, lengths)
    return shown(value, (), lengths) if attrs.has(type(value)) else fence(str(value), lengths.line)


def text_of(name: str, text: str, lengths: Lengths) -> str:
    """Return a text: an id, a currency or a word of the contract as it is, everything else in the fence."""
    if (name == "id" or name.endswith("_id")) and _ID.fullmatch(text):
        return text
    if name == "currency" and _CURRENCY.fullmatch(text):
        return text
    if isinstance(text, StrEnum) or (name in _NAMES_OF_WORDS and text in _WORDS):
        return str(text)
    return fence(text, lengths.body if name in LONG_TEXTS else lengths.line)


def moment_of(moment: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def amount_of(amount: Decimal) -> int | float | str:
    """Return an amount of money as a JSON number, or as a string where no number equals it."""
    found: int | float | str = to_dict(Deal(id="", name="", value=amount))["value"]
    return found


def _items(name: str, values: Iterable[Any], lengths: Lengths) -> list[Any]:
    listed = list(values)
    return [value_of(name, one, lengths) for one in listed[: lengths.items]]


def _mapping(values: Mapping[Any, Any], lengths: Lengths, depth: int = 3) -> dict[str, Any]:
    """Return unknown fields. Their names come from the server, so only names that look like one are shown."""
    named = [(name, one) for name, one in values.items() if isinstance(name, str) and _FIELD.fullmatch(name)]
    return {name: _unknown(one, lengths, depth) for name, one in named[: lengths.items]}


def _unknown(value: Any, lengths: Lengths, depth: int) -> Any:
    match value:
        case None | bool() | float():
            return value
        case int() if abs(value) < _SAFE_INT:
            return value
        case Mapping() if depth:
            return _mapping(value, lengths, depth - 1)
        case list() | tuple() if depth:
            return [_unknown(one, lengths, depth - 1) for one in value[: lengths.items]]
    return fence(str(value), lengths.line)
