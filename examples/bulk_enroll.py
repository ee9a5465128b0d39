"""Create and enroll everybody of a CSV or Excel file, with progress; if it is killed, start it again.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/bulk_enroll.py examples/leads.csv <sequence id>

The journal beside the CSV remembers who was created, so no second run creates anybody twice. Enrolling needs no
journal: the server skips whoever is on the sequence already.
"""

import argparse
import asyncio
import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from impactive_async import AsyncClient, ContactDraft, ImpactiveError, Progress, created_ids

COLUMNS = {"first name": "first_name", "last name": "last_name", "email": "email", "e-mail": "email"}
"""What the columns may be called, in any case. `impactive contacts import` knows many more exports."""


def table(file: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, also of Excel's (with `;`, tabs, UTF-16 or Windows' letters), or of a workbook."""
    if file.suffix.lower() in (".xlsx", ".xlsm"):
        from python_calamine import CalamineWorkbook  # pip install 'impactive-async[xlsx]'

        sheet = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0)
        yield from ([str(cell) for cell in row] for row in sheet.iter_rows())
        return
    with file.open(encoding=encoding_of(file), newline="") as lines:
        delimiter = max(",;\t", key=lines.readline().count)
        lines.seek(0)
        yield from csv.reader(lines, delimiter=delimiter)


def encoding_of(file: Path) -> str:
    """UTF-16 if its mark is there, UTF-8 if all of it is that, else what Excel writes in western Europe."""
    with file.open("rb") as start:
        if start.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for _ in lines:
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def people(file: Path) -> Iterator[ContactDraft]:
    """The people of the file, one at a time: it may be larger than memory."""
    rows = table(file)
    fields = [COLUMNS.get(name.strip().lower()) for name in next(rows, [])]
    if not {"first_name", "last_name"} <= {*fields}:
        raise ValueError(
            f"{file} has no columns First Name and Last Name; `impactive contacts import` takes others."
        )
    for row in rows:
        person = {field: cell.strip() for field, cell in zip(fields, row, strict=False) if field}
        if any(person.values()):
            yield ContactDraft(
                first_name=person["first_name"], last_name=person["last_name"], email=person.get("email") or None
            )


def show(deed: str) -> Callable[[Progress], None]:
    """Say how far it is, on one line of standard error."""

    def on_progress(progress: Progress) -> None:
        sys.stderr.write(f"\r{deed}: {progress.done} done, {progress.failed} failed, {progress.rate:.0f}/s ")
        sys.stderr.flush()

    return on_progress


async def run(file: Path, sequence_id: str, journal: Path) -> None:
    """Create, then enroll.

    Raises:
        BulkError: Somebody could not be created or enrolled; the message says who and why.
    """
    async with AsyncClient() as crm:
        created = await crm.contacts.create_many(people(file), journal=journal, on_progress=show("created"))
        print(f"\n{created}")
        enrolled = await crm.sequences.enroll_many(sequence_id, created_ids(journal), on_progress=show("enrolled"))
        print(f"\n{enrolled}")
        created.raise_for_failures()
        enrolled.raise_for_failures()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Create and enroll everybody of a CSV or Excel file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("sequence_id")
    parser.add_argument("--journal", type=Path, help="default: beside the file")
    options = parser.parse_args()
    try:
        asyncio.run(
            run(options.file, options.sequence_id, options.journal or options.file.with_suffix(".journal"))
        )
    except (ImpactiveError, OSError, ValueError) as error:  # a message, not a traceback: it says what to do
        sys.exit(f"\n{error}")


if __name__ == "__main__":
    main()
