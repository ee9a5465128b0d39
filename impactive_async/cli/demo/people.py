"""The people of the demo, and the sequence they go through."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from impactive_async.cli.importing.columns.fields import is_known
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.people.person import BadLine, read_people
from impactive_async.cli.importing.reading.origin import opened
from impactive_async.cli.importing.reading.sheet import open_sheet
from impactive_async.cli.kit.errors import UsageError
from impactive_async.models import ContactDraft, StepDraft

SEQUENCE: Final = "Spring introduction"
STEPS: Final = (
    StepDraft(subject="Good to meet you", body="May I show you what we do?", delay_days=0),
    StepDraft(subject="One question", body="What keeps your team busiest these days?", delay_days=2),
    StepDraft(subject="Last one, promised", body="Shall I keep you on the list?", delay_days=2),
)


def read_leads(path: Path | None) -> list[ContactDraft]:
    """Read people from a CSV file; `None`: from the one in the package.

    Raises:
        UsageError: The file cannot be read, a line of it is bad, or somebody in it has no email address.
    """
    if path is not None:
        return list(_people(path))
    with as_file(files("impactive_async.cli.demo") / "leads.csv") as packaged:
        return list(_people(packaged))


def _people(path: Path) -> Iterator[ContactDraft]:
    with opened(path) as origin:
        sheet = open_sheet(origin, is_known)
        for row in read_people(sheet, map_columns(sheet.header, ())):
            if isinstance(row, BadLine):
                raise UsageError(f"{path}, line {row.line}: {row.reason}.")
            if row.draft.email is None:
                raise UsageError(f"{path}, line {row.line}: no email address, so no sequence can reach them.")
            yield row.draft
