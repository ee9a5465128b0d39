"""What a journal says of each row, for a list of results, or to compare it with an input that was changed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import attrs

from impactive_async.bulk.journal.entries import JournalEntry
from impactive_async.bulk.journal.fingerprints import SIZE
from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.report import Outcome

_UNDER_WAY: Final = "was under way when the import stopped; the next run looks for it"


@attrs.frozen(kw_only=True)
class RecordedRow:
    """What a journal says of one row."""

    index: int
    """Its place in the input, from 0."""
    outcome: str
    """An `Outcome`, or the reason for which the input left the row out."""
    contact_id: str | None
    reason: str | None
    """Why it was not created; `None` where that is unknown."""
    fingerprint: bytes | None
    """By which the row is recognised; `None` if version 0.1 wrote the journal."""
    settled: bool
    """Whether it has a contact, or may have one. Such a row must be the same in each run."""


@asynccontextmanager
async def open_journal(journal: str | os.PathLike[str], *, create: bool = False) -> AsyncIterator[Journal]:
    """Open a journal, and close it at the end of the block.

    Raises:
        JournalError: There is no such journal, an import is working with it, or it is damaged.
    """
    opened = Journal(journal)
    try:
        await opened.open(create=create)
        yield opened
    finally:
        await opened.aclose()


async def recorded_rows(journal: Journal) -> AsyncIterator[RecordedRow]:
    """Yield all rows that an open journal has, in input order. Rows in between may be missing.

    Raises:
        JournalError: It is damaged.
    """
    async for entry in journal.entries():
        for row in _rows(entry):
            yield row


def _rows(entry: JournalEntry) -> Iterator[RecordedRow]:
    remarks = {index: (outcome, reason, contact_id) for index, outcome, reason, contact_id in entry.remarks}
    lost_rows = {row.index for row in entry.lost_rows}
    for place, contact_id in enumerate(entry.ids):
        index = entry.first + place
        outcome, reason, other = remarks.get(index, (Outcome.FAILED.value, None, None))
        if contact_id is not None:
            outcome, reason = Outcome.CREATED.value, None
        elif index in lost_rows:
            outcome, reason = Outcome.UNKNOWN.value, _UNDER_WAY
        elif index in entry.unknown:
            outcome = Outcome.UNKNOWN.value
        prints = entry.fingerprints
        yield RecordedRow(
            index=index,
            outcome=outcome,
            contact_id=contact_id or other,
            reason=reason,
            fingerprint=None if prints is None else prints[place * SIZE : (place + 1) * SIZE],
            settled=contact_id is not None or index in lost_rows or index in entry.unknown,
        )
