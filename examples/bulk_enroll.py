"""Create and enroll everybody of a CSV file, with progress; killed at any moment, it is simply started again.

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


def people(file: Path) -> Iterator[ContactDraft]:
    """The rows of the file, one at a time: it may be larger than memory."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield ContactDraft(
                first_name=row["First Name"], last_name=row["Last Name"], email=row["Email"] or None
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
    parser = argparse.ArgumentParser(description="Create and enroll everybody of a CSV file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("sequence_id")
    parser.add_argument("--journal", type=Path, help="default: beside the file")
    options = parser.parse_args()
    try:
        asyncio.run(
            run(options.file, options.sequence_id, options.journal or options.file.with_suffix(".journal"))
        )
    except (ImpactiveError, OSError) as error:  # a message, not a traceback: it says what to do
        sys.exit(f"\n{error}")


if __name__ == "__main__":
    main()
