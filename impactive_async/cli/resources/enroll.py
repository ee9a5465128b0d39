"""`impactive sequences enroll`: any number of contacts, or everybody with a tag or on a list."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.arguments import ids_from, sequence_argument
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import INCOMPLETE, UsageError
from impactive_async.cli.kit.options import option
from impactive_async.cli.resources.sequences import app

if TYPE_CHECKING:
    from impactive_async import EnrollReport, Progress, SkippedContact
    from impactive_async.cli.kit.run import Run


@command(
    "enroll",
    app,
    example="impactive contacts list --json | impactive sequences enroll seq_123 --contacts -",
    rows="impactive_async.cli.kit.run:SUMMARY",
    writes=True,
)
@sequence_argument
@option(
    "--contacts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Contact ids, one a line, or JSON objects with an id, one a line; `-` reads standard input.",
)
@option("--contact", multiple=True, metavar="ID", help="Repeatable.")
@option("--tag", multiple=True, metavar="ID", help="Everybody with this tag. Repeatable.")
@option("--list", "list_", multiple=True, metavar="ID", help="Everybody on this list. Repeatable.")
async def enroll(
    run: Run,
    sequence: str,
    contacts: Path | None,
    contact: Sequence[str],
    tag: Sequence[str],
    list_: Sequence[str],
) -> None:
    """Put people on a sequence. Safe to repeat: whoever is on it is skipped, and counted so."""
    with run.before_sending():
        ids = [*(ids_from(contacts) if contacts else ()), *contact]
    if not (ids or tag or list_):
        raise UsageError("Nobody to enroll: give --contacts FILE, --contact ID, --tag ID or --list ID.")
    if ids:
        await enroll_and_report(run, sequence, ids, total=len(ids))
    if tag or list_:
        result = await run.crm.sequences.enroll(sequence, tag_ids=list(tag) or None, list_ids=list(list_) or None)
        for left_out in result.skipped:
            run.note(f"{left_out.contact_id}: not enrolled: {left_out.reason}")
        enrolled, skipped = result.enrolled_count, len(result.skipped)
        if enrolled is None:
            run.note("The server took the order and does not say how many it enrolled.")
        counts = {} if enrolled is None else {"contacts": enrolled + skipped, "enrolled": enrolled}
        run.summary("enroll", {**counts, "skipped": skipped})


async def enroll_and_report(
    run: Run,
    sequence: str,
    ids: Iterable[str] | AsyncIterable[str],
    *,
    total: int,
    watch: Callable[[Progress | EnrollReport], object] = lambda _: None,
) -> None:
    """Enroll contacts in batches, with a progress bar. Write the result, also if the work was stopped.

    Args:
        run: The run.
        sequence: Its id.
        ids: The contacts.
        total: How many they are.
        watch: Called with how far it is, and in the end with the report.
    """
    from impactive_async import BulkError, EnrollReport
    from impactive_async.cli.kit.bulk import progress_bar

    def notice(standing: Progress) -> None:
        watch(standing)
        draw(standing)

    try:
        with progress_bar("Enrolling", total) as draw:
            report = await run.crm.sequences.enroll_many(sequence, ids, on_progress=notice)
    except BulkError as error:
        if isinstance(error.report, EnrollReport):
            watch(error.report)
            _tell_report(run, error.report)
        raise
    watch(report)
    _tell_report(run, report)
    if not report.ok:
        run.code = INCOMPLETE.code


def _tell_report(run: Run, report: EnrollReport) -> None:
    from impactive_async.cli.kit.words.complaints import Complaints

    refused = Complaints("not enrolled", "contact")
    for failure in report.failed:
        refused.add(failure.index + 1, failure.reason)
    for sentence in (*refused.sentences("contact "), *_skipped(report.skipped)):
        run.note(sentence)
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


def _skipped(skipped: Sequence[SkippedContact]) -> Iterator[str]:
    """What to say of whom the server would not enroll: each of a few, else sums by reason."""
    from impactive_async.cli.kit.words.complaints import SHOWN
    from impactive_async.cli.kit.words.wording import count, listed

    if len(skipped) <= SHOWN:
        for contact in skipped:
            yield f"{contact.contact_id}: not enrolled: {contact.reason}"
        return
    reasons: dict[str, list[str]] = {}
    for contact in skipped:
        reasons.setdefault(str(contact.reason), []).append(contact.contact_id)
    for reason, ids in reasons.items():
        yield f"{count(len(ids), 'contact')}: not enrolled: {reason} ({listed(ids)})"
