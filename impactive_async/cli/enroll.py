"""`impactive sequences enroll`: any number of contacts, or everybody with a tag or on a list."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impactive_async.cli._arguments import SequenceId, ids_from
from impactive_async.cli._bulk import progress_bar, tell_failures
from impactive_async.cli._errors import INCOMPLETE, UsageError
from impactive_async.cli._run import Run, command
from impactive_async.cli.sequences import app

if TYPE_CHECKING:
    from impactive_async import EnrollReport

Ids = Annotated[list[str] | None, typer.Option(metavar="ID", help="Repeatable.", show_default=False)]


@command(
    app,
    "enroll",
    example="impactive contacts list --json | impactive sequences enroll seq_123 --contacts -",
    writes=True,
)
async def enroll(
    run: Run,
    sequence: SequenceId,
    contacts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Contact ids, one a line, or JSON objects with an id, one a line; `-` reads standard input.",
            show_default=False,
        ),
    ] = None,
    contact: Ids = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Everybody with this tag. Repeatable.", show_default=False),
    ] = None,
    list_: Annotated[
        list[str] | None,
        typer.Option("--list", metavar="ID", help="Everybody on this list. Repeatable.", show_default=False),
    ] = None,
) -> None:
    """Put people on a sequence. Safe to repeat: whoever is on it is skipped, and counted so."""
    with run.before_sending():
        ids = [*(ids_from(contacts) if contacts else ()), *(contact or ())]
    if not (ids or tag or list_):
        raise UsageError("Nobody to enroll: give --contacts FILE, --contact ID, --tag ID or --list ID.")
    if ids:
        await enroll_and_report(run, sequence, ids, total=len(ids))
    if tag or list_:
        result = await run.crm.sequences.enroll(sequence, tag_ids=tag, list_ids=list_)
        for left_out in result.skipped:
            run.note(f"{left_out.contact_id}: not enrolled: {left_out.reason}")
        enrolled, skipped = result.enrolled_count, len(result.skipped)
        run.summary("enroll", {"contacts": enrolled + skipped, "enrolled": enrolled, "skipped": skipped})


async def enroll_and_report(
    run: Run, sequence: str, ids: Iterable[str] | AsyncIterable[str], *, total: int
) -> None:
    """Enroll contacts in batches, with a progress bar, and say what became of them, also if it was stopped."""
    from impactive_async import BulkError, EnrollReport

    try:
        with progress_bar("Enrolling", total) as tell:
            report = await run.crm.sequences.enroll_many(sequence, ids, on_progress=tell)
    except BulkError as error:
        if isinstance(error.report, EnrollReport):
            _tell_report(run, error.report)
        raise
    _tell_report(run, report)
    if not report.ok:
        run.code = INCOMPLETE.code


def _tell_report(run: Run, report: EnrollReport) -> None:
    tell_failures(run, report.failed, "not enrolled", "contact ", lambda index: index + 1)
    for skipped in report.skipped:
        run.note(f"{skipped.contact_id}: not enrolled: {skipped.reason}")
    run.summary(
        "enroll",
        {
            "contacts": report.rows,
            "enrolled": report.enrolled,
            "already_enrolled": report.already_enrolled + report.perhaps_enrolled_now + report.duplicates,
            "skipped": len(report.skipped),
            "unaccounted": report.unaccounted,
            "failed": len(report.failed),
        },
    )
