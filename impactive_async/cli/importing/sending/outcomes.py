"""What became of each line, out of the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs

from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.journal.recorded import open_journal, recorded_rows
from impactive_async.cli.importing.planning.recorded import NOTES, JournalNotes, notes_of

ENROLLED = frozenset(("created", "updated"))
"""Outcomes of people who are put on the sequence."""


@attrs.frozen(kw_only=True)
class LineOutcome:
    """What became of a line."""

    line: int | None
    """Where it stands; `None` of an import by version 0.1."""
    outcome: str
    contact_id: str | None
    reason: str | None


async def line_outcomes(book: Journal) -> AsyncIterator[LineOutcome]:
    """The outcomes that a journal knows, in the order of the file; lines that no run has come to are not there.

    Raises:
        JournalError: It is damaged.
    """
    lines = _Lines(notes_of(await book.note(NOTES)))
    async for row in recorded_rows(book):
        if row.outcome != "deleted":
            yield LineOutcome(
                line=lines.at(row.index), outcome=row.outcome, contact_id=row.contact_id, reason=row.reason
            )


class _Lines:
    """The lines of rows, asked for in order."""

    def __init__(self, notes: JournalNotes) -> None:
        self._stretches = notes.lines
        self._place = 0

    def at(self, index: int) -> int | None:
        while self._place < len(self._stretches):
            first, line, more = self._stretches[self._place]
            if index <= first + more:
                return line + index - first if index >= first else None
            self._place += 1
        return None


async def to_enroll(journal: Path) -> AsyncIterator[str]:
    """The contacts of everybody whom the import has created or updated, in the order of the file.

    Raises:
        JournalError: It is damaged, or in use.
    """
    async with open_journal(journal) as book:
        async for row in recorded_rows(book):
            if row.outcome in ENROLLED and row.contact_id is not None:
                yield row.contact_id
