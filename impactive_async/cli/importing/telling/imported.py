"""What became of each line of an import, as its journal knows it."""

from __future__ import annotations

from pathlib import Path

import attrs

from impactive_async.bulk.journal.recorded import open_journal
from impactive_async.cli.importing.sending.outcomes import line_outcomes
from impactive_async.cli.importing.sending.results import COLUMNS
from impactive_async.cli.kit.run import Run


async def show_imported(run: Run, journal: Path) -> None:
    """Put out a row for each line: at once for programs, in one table for people.

    Raises:
        JournalError: There is no such journal, an import is working with it, or it is damaged.
    """
    rows = []
    run.out.expect(COLUMNS)
    async with open_journal(journal) as book:
        async for outcome in line_outcomes(book):
            row = attrs.asdict(outcome)
            if run.out.for_programs:
                run.out.row(row)
            else:
                rows.append(row)
    if not run.out.for_programs:
        run.show(rows)
