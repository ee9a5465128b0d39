"""A record of the sheet as a contact to be created, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from impactive_async.cli.importing.columns import REQUIRED, Columns
from impactive_async.cli.importing.sheet import Record, Sheet
from impactive_async.models import ContactDraft

_EMAIL: Final = re.compile(r"[^@\s,;<>\"()]+@[^@\s.,;<>\"()]+(\.[^@\s.,;<>\"()]+)+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@attrs.frozen
class Person:
    """A contact to be created, and the line it stands on."""

    line: int
    draft: ContactDraft


@attrs.frozen
class BadLine:
    """A record that cannot be imported, and why."""

    line: int
    reason: str


def read_people(sheet: Sheet, columns: Columns) -> Iterator[Person | BadLine]:
    """The people of a sheet, in order, one at a time.

    Raises:
        UsageError: The file cannot be read to its end.
    """
    return (read_person(record, columns) for record in sheet.records())


def read_person(record: Record, columns: Columns) -> Person | BadLine:
    """One record as a contact, or the first thing that is wrong with it."""
    reason = record.fault or _misfit(record, columns)
    if reason:
        return BadLine(record.first_line, reason)
    fields = _values(record, columns.fields.items())
    reason = next(_faults(fields, columns), None)
    if reason:
        return BadLine(record.first_line, reason)
    return Person(record.first_line, ContactDraft(**fields, extra=_values(record, columns.extra.items())))


def _misfit(record: Record, columns: Columns) -> str | None:
    if any(cell.strip() for cell in record.cells[columns.width :]):
        return (
            f"{len(record.cells)} cells, but the header has {columns.width} columns: "
            "is a cell with the delimiter in it not quoted?"
        )
    if any(_CONTROL.search(cell.strip()) for cell in record.cells):
        return "a cell holds a line break or a control character: is a quote missing?"
    return None


def _values(record: Record, places: Iterable[tuple[str, int]]) -> dict[str, str]:
    """What is filled in; cells that a short record leaves out are empty."""
    cells = ((name, record.cells[place].strip()) for name, place in places if place < len(record.cells))
    return {name: cell for name, cell in cells if cell}


def _faults(fields: dict[str, str], columns: Columns) -> Iterator[str]:
    for name in REQUIRED:
        if name not in fields:
            yield f"no {name.replace('_', ' ')}"
    if "email" in fields and not _EMAIL.fullmatch(fields["email"]):
        yield f"{fields['email']!r} is no email address"
