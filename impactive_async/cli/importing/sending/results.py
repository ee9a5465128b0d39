"""A list of what became of each line, as a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import attrs

from impactive_async.bulk.journal.recorded import open_journal
from impactive_async.cli.importing.sending.outcomes import LineOutcome, line_outcomes
from impactive_async.cli.kit.records import guarded

COLUMNS: Final = tuple(field.name for field in attrs.fields(LineOutcome))


async def write_results(path: Path, journal: Path) -> None:
    """Write the list of all lines that the journal knows; a list that is there is replaced when it is complete.

    Raises:
        OSError: It cannot be written.
        JournalError: The journal is damaged, or in use.
    """
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        async with open_journal(journal) as book:
            async for outcome in line_outcomes(book):
                rows.writerow([guarded(cell) for cell in attrs.astuple(outcome)])
    unfinished.replace(path)
