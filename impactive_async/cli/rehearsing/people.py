"""Who a rehearsal is with: ids, JSON objects, or a table of people as an import reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from impactive_async import Contact, ContactDraft, InvalidArgumentError, from_dict
from impactive_async.cli.importing.columns.fields import FIRST_NAME, field_of, is_known, spelling
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.people.person import BadLine, Person, read_people
from impactive_async.cli.importing.reading.kinds import is_workbook
from impactive_async.cli.importing.reading.origin import Origin, opened
from impactive_async.cli.importing.reading.sheet import Sheet, open_sheet
from impactive_async.cli.kit.errors import UsageError

Asked = str | Contact | ContactDraft

_TABLES: Final = (".csv", ".tsv", ".xlsx")
_DELIMITED: Final = re.compile(r"[,;\t|]")
_IDS: Final = ("id", "contactid")
_NEITHER: Final = "no contact: an object has an `id`, or a `first_name` and a `last_name`"

_WAY_OUT: Final = (
    "That is an option of `impactive contacts import`: what it prints with it and --dry-run --json, "
    "`sequences rehearse --contacts -` reads."
)
_OF_DRY_RUN: Final = "line"
"""What a dry run of an import tells beside a person."""


def people_from(path: Path) -> tuple[list[Asked], list[str]]:
    """Return the people of a file, and what is wrong with lines that are left out.

    Raises:
        UsageError: The file is empty, nothing in it is a person, or a line is neither an id nor JSON.
        OSError: It cannot be read.
    """
    with opened(path) as origin:
        start = origin.start()
        if is_workbook(origin, start) or _is_table(path, start):
            return _from_table_as_import_does(origin)
        people = list(_from_lines(_text(origin), origin.name))
    if not people:
        raise UsageError(f"{origin.name} is empty: there is nobody to rehearse with.")
    return people, []


def _is_table(path: Path, start: bytes) -> bool:
    """Whether a file is a table: by its name, by its encoding, or because ids hold no delimiters."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not start.strip() or (suffixes and suffixes[-1] in _TABLES) or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return bool(start.strip())
    first = start.decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0]
    return not first.startswith(("{", "[")) and bool(_DELIMITED.search(first))


def _text(origin: Origin) -> str:
    with origin.open() as (file, _):
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{origin.name} is not UTF-8 text.") from None


def _from_lines(text: str, where: str) -> Iterator[Asked]:
    if text.lstrip().startswith("["):
        rows = _json(text, where)
        yield from (_from_object(row, f"{where}, entry {number}") for number, row in enumerate(rows, 1))
        return
    for number, line in enumerate(text.splitlines(), 1):
        said, place = line.strip(), f"{where}, line {number}"
        if said:
            yield _from_object(_json(said, place), place) if said.startswith("{") else said


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {error}.") from None


def _from_object(row: Any, where: str) -> Asked:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: {_NEITHER}.")
    row_id, wire = row.get("id"), "firstName" in row
    if not (wire or "first_name" in row):
        if isinstance(row_id, str | int) and row_id != "":
            return str(row_id)
        raise UsageError(f"{where}: {_NEITHER}.")
    try:
        if row_id is None:
            draft = {name: value for name, value in row.items() if name != _OF_DRY_RUN}
            return from_dict(ContactDraft, draft, wire=wire)
        return from_dict(Contact, row, wire=wire)
    except InvalidArgumentError as error:
        raise UsageError(f"{where}: {error}.") from None


def _from_table_as_import_does(origin: Origin) -> tuple[list[Asked], list[str]]:
    try:
        return _from_table(origin)
    except UsageError as error:
        raise UsageError(f"{error} {_WAY_OUT}" if "--" in str(error) else str(error)) from None


def _from_table(origin: Origin) -> tuple[list[Asked], list[str]]:
    sheet = open_sheet(origin, _says_who)
    ids = [place for place, name in enumerate(sheet.header) if spelling(name) in _IDS]
    if ids and not any(field_of(name) == FIRST_NAME for name in sheet.header):
        people: list[Asked] = [found for found in _cells(sheet, ids[0]) if found]
        bad: list[str] = []
    else:
        people, bad = _persons(sheet, ids)
    if not people:
        raise UsageError("; ".join([f"{sheet.name} has nobody to rehearse with", *bad[:3]]) + ".")
    return people, bad


def _says_who(header: str) -> bool:
    return is_known(header) or spelling(header) in _IDS


def _persons(sheet: Sheet, ids: Sequence[int]) -> tuple[list[Asked], list[str]]:
    first = next(sheet.records(), None)
    columns = map_columns(sheet.header, [], (), first.cells if first else ())
    people: list[Asked] = []
    bad: list[str] = []
    known = _cells(sheet, ids[0]) if ids else None
    for row in read_people(sheet, columns):
        row_id = next(known) if known is not None else ""
        if isinstance(row, BadLine):
            bad.append(f"line {row.line} is left out: {row.reason}")
        else:
            people.append(_person(row, row_id))
    return people, bad


def _cells(sheet: Sheet, place: int) -> Iterator[str]:
    return (record.cells[place].strip() if place < len(record.cells) else "" for record in sheet.records())


def _person(person: Person, row_id: str) -> Asked:
    draft, company = person.draft, person.company
    if row_id:
        return Contact(id=row_id, company_name=company, **attrs.asdict(draft, recurse=False))
    if company is None:
        return draft
    return attrs.evolve(draft, extra={"company": company, "companyName": company, **draft.extra})
