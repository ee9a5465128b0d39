"""A sheet whose every line has been looked at: how many people it has, and which lines are bad."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import attrs

from impactive_async.cli._errors import UsageError
from impactive_async.cli.importing.columns import Columns
from impactive_async.cli.importing.people import BadLine, Person, read_people, read_person
from impactive_async.cli.importing.sheet import Sheet
from impactive_async.models import ContactDraft


@attrs.frozen
class Plan:
    """The people to be created, read anew from the file each time: however long it is, few lines are held."""

    sheet: Sheet
    columns: Columns
    people: int
    bad_lines: int
    nameless: tuple[int, ...]
    """Places of columns without a name that do hold something, which is not imported."""

    def __len__(self) -> int:
        return self.people

    def __iter__(self) -> Iterator[ContactDraft]:
        return (person.draft for person in self.persons())

    def persons(self) -> Iterator[Person]:
        """The good lines.

        Raises:
            UsageError: The file has changed since it was looked at.
        """
        count = 0
        for row in read_people(self.sheet, self.columns):
            if isinstance(row, Person):
                count += 1
                yield row
        if count != self.people:
            raise UsageError(f"{self.sheet.path} was changed while it was being imported.")

    def lines_of(self, indexes: Collection[int]) -> dict[int, int]:
        """The line numbers of people, by their place in the order of this plan."""
        wanted = frozenset(indexes)
        if not wanted:
            return {}
        return {index: person.line for index, person in enumerate(self.persons()) if index in wanted}


def make_plan(sheet: Sheet, columns: Columns, tell: Callable[[BadLine], object]) -> Plan:
    """Look at every line before anything is sent.

    Args:
        sheet: The file.
        columns: What its columns are.
        tell: Called with each bad line.

    Raises:
        UsageError: The file cannot be read to its end.
    """
    people = bad_lines = 0
    nameless: set[int] = set()
    for record in sheet.records():
        row = read_person(record, columns, sheet.delimiter)
        nameless.update(place for place in columns.nameless if "".join(record.cells[place : place + 1]).strip())
        if isinstance(row, BadLine):
            bad_lines += 1
            tell(row)
        else:
            people += 1
    return Plan(sheet, columns, people, bad_lines, tuple(sorted(nameless)))
