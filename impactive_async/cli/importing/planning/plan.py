"""A sheet whose every line has been looked at: who is to be created, and what becomes of the other lines."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from enum import IntEnum
from typing import Final

import attrs

from impactive_async.bulk.drafts import LeftOut
from impactive_async.cli.importing.columns.evidence import ColumnEvidence
from impactive_async.cli.importing.columns.mapping import Columns
from impactive_async.cli.importing.people.person import BadLine, Person, PersonReader
from impactive_async.cli.importing.planning.companies import ListedCompanies
from impactive_async.cli.importing.planning.keys import NOBODY
from impactive_async.cli.importing.planning.recorded import Recorded
from impactive_async.cli.importing.reading.records import Record
from impactive_async.cli.importing.reading.sheet import Sheet
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.complaints import Complaints
from impactive_async.models import ContactDraft

NOT_GIVEN: Final = -1
"""The place of a line that is no row of the import: a bad one, where version 0.1 began it."""


class Fate(IntEnum):
    """What is to become of a line."""

    CREATED = 0
    """It is sent, or was created by an earlier run."""
    BAD = 1
    """It cannot be imported."""
    DUPLICATE = 2
    """Its address stands on an earlier line."""
    EXISTING = 3
    """Somebody of its address is in the workspace, and is left alone."""
    UPDATED = 4
    """Somebody of its address is in the workspace, and gets what the line says."""
    HANDED_OVER = 5
    """It stands in a file of rejects, which was imported by itself."""


@attrs.define(kw_only=True)
class Plan:
    """The lines of a sheet, each in a few bytes. People are read anew from the file when they are sent."""

    sheet: Sheet
    columns: Columns
    companies: ListedCompanies
    known: Recorded
    reader: PersonReader
    evidence: ColumnEvidence
    bad: Complaints
    lines: array[int] = attrs.field(factory=lambda: array("I"))
    """Where each record stands."""
    prints: array[int] = attrs.field(factory=lambda: array("Q"))
    """The fingerprint of what is sent for it."""
    keys: array[int] = attrs.field(factory=lambda: array("Q"))
    """The key of its address."""
    fates: bytearray = attrs.field(factory=bytearray)
    places: array[int] = attrs.field(factory=lambda: array("i"))
    """The index of its row in the import."""
    twins: array[int] = attrs.field(factory=lambda: array("I"))
    """Of each line whose address stands on another one, that one; empty as long as there is none."""
    duplicates: Complaints = attrs.field(factory=lambda: Complaints("not imported again"))
    contacts: dict[int, str] = attrs.field(factory=dict)
    """Of lines whose people are in the workspace, the contact."""
    handed: bytearray = attrs.field(factory=bytearray)
    """Of each line whether it stands, letter by letter, in a file of rejects that was imported by itself."""
    not_updated: dict[int, str] = attrs.field(factory=dict)
    """Of those among them that could not be updated, why."""
    _stamp: tuple[int, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._stamp = self.sheet.origin.stamp()

    def __len__(self) -> int:
        """How many lines below the header hold anything."""
        return len(self.lines)

    def number(self, fate: Fate) -> int:
        """How many lines have this fate."""
        return self.fates.count(fate)

    @property
    def already(self) -> int:
        """How many lines an earlier run has settled."""
        return sum(1 for place in self.places if self.known.settled(place)) if self.known.states else 0

    @property
    def to_create(self) -> int:
        """How many people are to be created now."""
        return self.number(Fate.CREATED) - self.already

    @property
    def without_address(self) -> int:
        """How many people who are created, now or before, have no address."""
        return sum(
            1 for key, fate in zip(self.keys, self.fates, strict=True) if key == NOBODY and fate == Fate.CREATED
        )

    @property
    def rows(self) -> int:
        """How many rows the import has: lines, and those that are deleted since an earlier run."""
        return max(len(self.known.states), max(self.places, default=-1) + 1)

    def stretches(self) -> list[tuple[int, int, int]]:
        """Where the rows stand, in short: the first index, its line, and how many follow line by line."""
        found: list[tuple[int, int, int]] = []
        for place, line in zip(self.places, self.lines, strict=True):
            if found and (place, line) == (found[-1][0] + found[-1][2] + 1, found[-1][1] + found[-1][2] + 1):
                found[-1] = found[-1][0], found[-1][1], found[-1][2] + 1
            elif place != NOT_GIVEN:
                found.append((place, line, 0))
        return found

    def record_at(self, index: int) -> int | None:
        """The line of a row, by its place among the lines; `None` of a row that is deleted."""
        record = bisect_left(self.places, index) if not self.known.by_version_one else self.places.index(index)
        return record if record < len(self.places) and self.places[record] == index else None

    def read_again(self) -> Iterator[tuple[int, Record, Person | BadLine]]:
        """All lines, with their places, as they stand in the file and as people.

        Raises:
            UsageError: The file has changed since it was looked at.
        """
        silent = PersonReader(self.sheet, self.columns)
        number = 0
        self._check_unchanged()
        for number, record in enumerate(self.sheet.records(), 1):
            if number > len(self.lines):
                break
            row = silent.read(record)
            if isinstance(row, BadLine) != (self.fates[number - 1] == Fate.BAD) and self._is_sent(number - 1):
                raise self._changed()
            yield number - 1, record, row
        if number != len(self.lines):
            raise self._changed()
        self._check_unchanged()

    def persons(self) -> Iterator[tuple[int, Person | BadLine]]:
        """All lines, with their places, as people.

        Raises:
            UsageError: The file has changed since it was looked at.
        """
        return ((place, row) for place, _, row in self.read_again())

    def draft_of(self, person: Person) -> ContactDraft:
        """What is sent for a line."""
        return person.with_company(self.companies.id_of(person.company))

    def _is_sent(self, record: int) -> bool:
        return self.fates[record] == Fate.CREATED

    def _check_unchanged(self) -> None:
        if self.sheet.origin.stamp() != self._stamp:
            raise self._changed()

    def _changed(self) -> UsageError:
        return UsageError(f"{self.sheet.name} was changed while it was being imported.")

    def lines_of(self, indexes: Collection[int]) -> dict[int, int]:
        """The lines of rows."""
        records = ((index, self.record_at(index)) for index in indexes)
        return {index: self.lines[record] for index, record in records if record is not None}

    def left_out(self, record: int, row: Person | BadLine) -> LeftOut:
        """Why a line is not created."""
        fate = Fate(self.fates[record])
        contact_id = self.contacts.get(record)
        if isinstance(row, BadLine):
            return LeftOut(outcome="bad", reason=row.reason)
        if fate is Fate.DUPLICATE:
            return LeftOut(outcome="duplicate", reason=self._twin(record))
        if fate is Fate.HANDED_OVER:
            return LeftOut(outcome="handed_over", reason=f"was handed to {self.known.notes.rejects}")
        if record in self.not_updated:
            return LeftOut(outcome="failed", reason=self.not_updated[record], contact_id=contact_id)
        outcome = "updated" if fate is Fate.UPDATED else "existing"
        return LeftOut(outcome=outcome, reason="is in the workspace already", contact_id=contact_id)

    def duplicate(self, record: int, first: int) -> None:
        """The address of a line stands on an earlier one."""
        if not self.twins:
            self.twins = array("I", bytes(4 * len(self)))
        self.fates[record] = Fate.DUPLICATE
        self.twins[record] = first
        self.duplicates.add(self.lines[record], self._twin(record))

    def _twin(self, record: int) -> str:
        return f"it has the address of line {self.lines[self.twins[record]]}"
