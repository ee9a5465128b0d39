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
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")


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
    return (read_person(record, columns, sheet.delimiter) for record in sheet.records())


def read_person(record: Record, columns: Columns, delimiter: str) -> Person | BadLine:
    """One record as a contact, or the first thing that is wrong with it."""
    fields, extra = _values(record, columns.fields.items()), _values(record, columns.extra.items())
    reason = (
        record.fault
        or _misfit(record, columns)
        or next(_faults(fields, extra), None)
        or _swallowed(record, columns, delimiter)
    )
    if reason:
        return BadLine(record.first_line, reason)
    return Person(record.first_line, ContactDraft(**fields, extra=extra))


def _misfit(record: Record, columns: Columns) -> str | None:
    if any(cell.strip() for cell in record.cells[columns.width :]):
        return (
            f"{len(record.cells)} cells, but the header has {columns.width} columns: "
            "is a cell with the delimiter in it not quoted?"
        )
    return None


def _values(record: Record, places: Iterable[tuple[str, int]]) -> dict[str, str]:
    """What is filled in; cells that a short record leaves out are empty."""
    cells = ((name, record.cells[place].strip()) for name, place in places if place < len(record.cells))
    return {name: cell for name, cell in cells if cell}


def _faults(fields: dict[str, str], extra: dict[str, str]) -> Iterator[str]:
    if any(map(_CONTROL.search, fields.values())):
        yield "a cell holds a line break or a control character: is a quote missing?"
    if any(map(_NO_TEXT.search, extra.values())):
        yield "a cell holds a control character"
    for name in REQUIRED:
        if name not in fields:
            yield f"no {name.replace('_', ' ')}"
    if "email" in fields and not _EMAIL.fullmatch(fields["email"]):
        yield f"{fields['email']!r} is no email address"


def _swallowed(record: Record, columns: Columns, delimiter: str) -> str | None:
    """A cell of several lines, such as a note, may hold somebody whom two stray quotes have put there."""
    if record.last_line == record.first_line:
        return None
    lines = (line for cell in record.cells for line in _LINE_BREAK.split(cell)[1:])
    rows = (Record(0, 0, tuple(line.split(delimiter))) for line in lines)
    if any(len(r.cells) >= columns.width and isinstance(read_person(r, columns, delimiter), Person) for r in rows):
        return "a cell holds what looks like another line of the file: is a quote missing?"
    return None
