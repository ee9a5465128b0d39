"""Sheets out of a few lines of text, and their people."""

from __future__ import annotations

from pathlib import Path

from impactive_async.cli.importing.columns.fields import is_known
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.people.person import BadLine, Person, read_people
from impactive_async.cli.importing.reading.origin import opened
from impactive_async.cli.importing.reading.sheet import Asked, Sheet, open_sheet

ADA = "Ada,Lovelace,ada@x.example"


def sheet_of(tmp_path: Path, data: str | bytes, *, name: str = "people.csv", asked: Asked | None = None) -> Sheet:
    """A sheet of a file with this content."""
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    with opened(file) as origin:  # which is no stream, and can be read afterwards
        return open_sheet(origin, is_known, asked)


def people_of(sheet: Sheet, *pairs: str) -> list[Person | BadLine]:
    return list(read_people(sheet, map_columns(sheet.header, pairs)))


def names_of(sheet: Sheet, *pairs: str) -> list[str]:
    people = people_of(sheet, *pairs)
    assert all(isinstance(person, Person) for person in people), people
    return [person.draft.first_name for person in people if isinstance(person, Person)]
