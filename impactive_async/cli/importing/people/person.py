"""A record of the sheet as a contact to be created, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from impactive_async.bulk.drafts import BadRowError, Body, exact_body, plain_body
from impactive_async.cli.importing.columns.fields import COMPANY, EMAIL, FIRST_NAME, LAST_NAME, REQUIRED
from impactive_async.cli.importing.columns.mapping import Columns
from impactive_async.cli.importing.people.address import OTHERS, NoAddress, read_address
from impactive_async.cli.importing.people.clean import APOSTROPHE, cleaned
from impactive_async.cli.importing.people.findings import Findings
from impactive_async.cli.importing.people.names import split_name
from impactive_async.cli.importing.people.suspicious import suspicions
from impactive_async.cli.importing.reading.records import Record
from impactive_async.cli.importing.reading.sheet import Sheet
from impactive_async.cli.kit.arguments import json_or_text
from impactive_async.cli.kit.words.wording import quoted
from impactive_async.models import ContactDraft

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_SEVERAL_PHONES: Final = " ::: "
_FURTHER: Final = "a further {}, which is not imported"
_SAID: Final = {EMAIL: "address", "phone": "phone number"}


@attrs.frozen
class Person:
    """A contact to be created, and the line it stands on."""

    line: int
    draft: ContactDraft
    company: str | None = None
    """The name of the company, whose id is to be found."""

    def body(self, company_id: str | None = None) -> Body:
        """What is sent for it.

        Raises:
            BadRowError: It cannot be sent.
        """
        draft = self.with_company(company_id)
        return plain_body(draft) or exact_body(draft)

    def with_company(self, company_id: str | None) -> ContactDraft:
        """The draft; with this company, unless it has one."""
        if company_id is None or self.draft.company_id:
            return self.draft
        return attrs.evolve(self.draft, company_id=company_id)


@attrs.frozen
class BadLine:
    """A record that cannot be imported, and why."""

    line: int
    reason: str


@attrs.frozen
class PersonReader:
    """Reads the records of a sheet, and notes what it finds on the way."""

    sheet: Sheet
    columns: Columns
    changes: Findings = attrs.field(factory=Findings)
    """What was taken off cells, or left in them."""
    warnings: Findings = attrs.field(factory=Findings)
    """What is sent, and hardly is what was meant."""

    def read(self, record: Record) -> Person | BadLine:
        """One record as a contact, or the first thing that is wrong with it."""
        reason = record.fault or self._misfit(record)
        if reason is None:
            person = self._person(record)
            reason = person if isinstance(person, str) else self._swallowed(record)
            if not reason and isinstance(person, Person):
                return person
        return BadLine(record.first_line, str(reason))

    def _misfit(self, record: Record) -> str | None:
        if any(cell.strip() for cell in record.cells[self.columns.width :]):
            return (
                f"{len(record.cells)} cells, but the header has {self.columns.width} columns: "
                "is a cell with the delimiter in it not quoted?"
            )
        if self._is_header(record.cells):
            return "this is the header again"
        return None

    def _is_header(self, cells: Sequence[str]) -> bool:
        header = self.sheet.header
        return cells[0].strip() == header[0] != "" and tuple(" ".join(cell.split()) for cell in cells) == header

    def _person(self, record: Record) -> Person | str:
        """The person, or what is wrong."""
        line = record.first_line
        fields = self._fields(record)
        texts = {name: record.cells[place].strip() for name, place in self._within(record, self.columns.extra)}
        fault = next(_faults(fields, texts), None)
        if fault is None and EMAIL in fields:
            fault = self._check_address(line, fields)
        if fault is not None:
            return fault
        company = fields.pop(COMPANY, None)
        for kind, value in suspicions(fields):
            self.warnings.add(kind, line, value)
        extra = {name: json_or_text(text) for name, text in texts.items() if text}
        person = Person(line, ContactDraft(**fields, extra=extra), company)
        try:
            person.body()
        except BadRowError as error:
            return str(error)
        return person

    def _within(self, record: Record, places: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """The columns that a record has, which may be shorter than the header."""
        return ((name, place) for name, place in places.items() if place < len(record.cells))

    def _fields(self, record: Record) -> dict[str, str]:
        """What is filled in."""
        fields: dict[str, str] = {}
        for name, places in self.columns.fields.items():
            values = [record.cells[place] for place in places if place < len(record.cells)]
            value = self._first(record.first_line, name, values)
            if value:
                fields[name] = value
        if self.columns.full_name is not None and self.columns.full_name < len(record.cells):
            self._split(record.cells[self.columns.full_name], record.first_line, fields)
        return fields

    def _split(self, cell: str, line: int, fields: dict[str, str]) -> None:
        name = self._cleaned(line, "name", cell)
        first, last = split_name(name) or (name, "")
        fields.update({FIRST_NAME: first} if first else {}, **({LAST_NAME: last} if last else {}))

    def _first(self, line: int, name: str, cells: list[str]) -> str:
        """The first value among these cells."""
        if len(cells) == 1:
            return self._cleaned(line, name, cells[0])
        values = list(dict.fromkeys(filter(None, (self._cleaned(line, name, cell) for cell in cells))))
        if len(values) > 1:
            self.changes.add(_FURTHER.format(_SAID.get(name, name)), line, values[1])
        return values[0] if values else ""

    def _cleaned(self, line: int, name: str, cell: str) -> str:
        value, change = cleaned(cell)
        if change is not None:
            self.changes.add(change, line, cell.strip())
        return self._phone(line, value) if name == "phone" else value

    def _phone(self, line: int, value: str) -> str:
        if value.startswith("'"):
            self.changes.add(APOSTROPHE, line, value)
            value = value[1:].strip()
        if value[:4].casefold() == "tel:":
            value = value[4:].strip()
        if _SEVERAL_PHONES in value:
            self.changes.add(_FURTHER.format("phone number"), line, value)
            value = value.partition(_SEVERAL_PHONES)[0].strip()
        return value

    def _check_address(self, line: int, fields: dict[str, str]) -> str | None:
        """Put the address as it is sent; returns what is wrong with it."""
        said = fields[EMAIL]
        found = read_address(said)
        if isinstance(found, NoAddress):
            return found.reason
        fields[EMAIL] = found.text
        if found.change is not None:
            kind = _FURTHER.format("address") if found.change == OTHERS else found.change
            self.changes.add(kind, line, said)
        return None

    def _swallowed(self, record: Record) -> str | None:
        """A cell of several lines, such as a note, may hold somebody whom two stray quotes have put there."""
        if record.last_line == record.first_line:
            return None
        lines = (line for cell in record.cells for line in _LINE_BREAK.split(cell)[1:])
        rows = (Record(0, 0, tuple(line.split(self.sheet.dialect.delimiter))) for line in lines)
        silent = PersonReader(self.sheet, self.columns)
        if any(len(row.cells) >= self.columns.width and isinstance(silent.read(row), Person) for row in rows):
            return "a cell holds what looks like another line of the file: is a quote missing?"
        return None


def read_people(sheet: Sheet, columns: Columns) -> Iterator[Person | BadLine]:
    """The people of a sheet, in order, one at a time.

    Raises:
        UsageError: The file cannot be read to its end.
    """
    reader = PersonReader(sheet, columns)
    return (reader.read(record) for record in sheet.records())


def _faults(fields: Mapping[str, str], extra: Mapping[str, Any]) -> Iterator[str]:
    if any(map(_CONTROL.search, fields.values())):
        yield "a cell holds a line break or a control character: is a quote missing?"
    if any(map(_NO_TEXT.search, extra.values())):
        yield "a cell holds a control character"
    for name in REQUIRED:
        if name not in fields:
            yield f"no {name.replace('_', ' ')}"
        elif '"' in fields[name] and (fields[name].count('"') % 2 or fields[name][0] == '"'):
            yield f"a quote is part of the {name.replace('_', ' ')} {quoted(fields[name])}: is one missing?"
