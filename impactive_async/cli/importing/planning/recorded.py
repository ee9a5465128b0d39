"""What the journal of an earlier run knows of each row, in little memory; and what the command has noted there."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any, Final

import attrs

from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.journal.recorded import open_journal, recorded_rows

UNKNOWN_ROW: Final = 0
"""A row in between, which no run has come to."""
OPEN_ROW: Final = 1
"""A row that was not created, and may be another one now."""
SETTLED_ROW: Final = 2
"""A row that has a contact, or may have one."""

NOTES: Final = "import"
"""The key of the command's own notes in a journal."""


@attrs.define
class JournalNotes:
    """What the command notes in a journal for its later runs."""

    file: str = ""
    """What was imported."""
    companies: dict[str, str] | None = None
    """The ids of companies by their names as keys, as they were listed when the import began."""
    existing: dict[str, str] = attrs.field(factory=dict)
    """The ids of people by the keys of their addresses, who were there before the import."""
    rejects: str | None = None
    """Where lines that were not imported were handed to."""
    rejects_digest: str | None = None
    """Of that file as it was written."""
    handed_over: list[tuple[int, int]] = attrs.field(factory=list)
    """The first and last indexes of those lines."""
    handed_texts: str = ""
    """The keys of what stands on them, `packed`."""
    lines: list[tuple[int, int, int]] = attrs.field(factory=list)
    """Where the rows stand: the first index, its line, and how many follow line by line."""

    def dump(self) -> bytes:
        """For the journal."""
        return json.dumps(attrs.asdict(self), ensure_ascii=False, separators=(",", ":")).encode()


def notes_of(value: bytes | None) -> JournalNotes:
    """The notes that a journal holds; of another version of this program, what can be understood."""
    document: dict[str, Any] = json.loads(value) if value else {}
    names = {field.name for field in attrs.fields(JournalNotes)}
    notes = JournalNotes(**{name: kept for name, kept in document.items() if name in names})
    notes.handed_over = [(first, last) for first, last in notes.handed_over]
    notes.lines = [(first, line, more) for first, line, more in notes.lines]
    return notes


@attrs.define
class Recorded:
    """What a journal knows."""

    prints: array[int] = attrs.field(factory=lambda: array("Q"))
    """The fingerprint of each row."""
    states: bytearray = attrs.field(factory=bytearray)
    notes: JournalNotes = attrs.field(factory=JournalNotes)
    created: int = 0
    by_version_one: bool = False
    """It has rows without fingerprints: version 0.1 wrote it, whose rows were the good lines alone."""
    seen: set[str] = attrs.field(factory=set)
    """Those of the contacts asked for that this journal has created."""

    @property
    def is_empty(self) -> bool:
        """Whether it holds nobody, so that the import begins anew."""
        return SETTLED_ROW not in self.states

    def begun_anew(self) -> Recorded:
        """What holds on where nobody was created: the notes, but for those on rows, which may be others now."""
        notes = attrs.evolve(self.notes, handed_over=[], companies=None)
        return Recorded(notes=notes)

    def settled(self, index: int) -> bool:
        """Whether a row has a contact, or may have one."""
        return index < len(self.states) and self.states[index] == SETTLED_ROW


def is_there(path: Path | None) -> bool:
    """Whether there is such a file."""
    return path is not None and path.exists()


async def read_journal(path: Path | None, asked: frozenset[str] = frozenset()) -> Recorded:
    """What a journal knows; of one that is not there, nothing.

    Args:
        path: The journal.
        asked: Contacts of which it matters whether this import has created them.

    Raises:
        JournalError: An import is working with it, or it is damaged.
    """
    known = Recorded()
    if path is None or not is_there(path):
        return known
    async with open_journal(path) as book:
        await _read_rows(book, known, asked)
        known.notes = notes_of(await book.note(NOTES))
    return known


async def _read_rows(book: Journal, known: Recorded, asked: frozenset[str]) -> None:
    async for row in recorded_rows(book):
        while len(known.states) < row.index:
            known.states.append(UNKNOWN_ROW)
            known.prints.append(0)
        known.states.append(SETTLED_ROW if row.settled else OPEN_ROW)
        known.prints.append(0 if row.fingerprint is None else int.from_bytes(row.fingerprint, "big"))
        known.by_version_one |= row.fingerprint is None
        known.created += row.outcome == "created"
        if row.contact_id in asked:
            known.seen.add(row.contact_id)


async def has_created_somebody(path: Path) -> bool:
    """Whether an import with this journal, if there is one, has created anybody.

    Raises:
        JournalError: It is damaged, or in use.
    """
    if not is_there(path):
        return False
    async with open_journal(path) as book:
        return await book.somebody()
