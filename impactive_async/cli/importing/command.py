"""`impactive contacts import FILE.csv`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from impactive_async.cli._bulk import progress_bar
from impactive_async.cli._errors import INCOMPLETE, UsageError
from impactive_async.cli._run import Run, command
from impactive_async.cli._streams import is_watched
from impactive_async.cli.contacts import app
from impactive_async.cli.enroll import enroll_and_report
from impactive_async.cli.importing.columns import is_known, map_columns
from impactive_async.cli.importing.people import BadLine
from impactive_async.cli.importing.plan import Plan, make_plan
from impactive_async.cli.importing.sheet import open_sheet
from impactive_async.cli.importing.telling import count, preview, tell_columns, tell_report

if TYPE_CHECKING:
    from impactive_async import ContactDraft, CreateReport, Progress

_GRACE = 0.5
"""Seconds that requests under way have, after Ctrl-C, to be answered: what is answered need not be looked for."""


@attrs.frozen(kw_only=True)
class Sending:
    """How the contacts are sent."""

    journal: Path
    batch_size: int
    concurrency: int
    settle: float
    resend_unknown: bool


@command(app, "import", example="impactive contacts import leads.csv --enroll seq_123", writes=True)
async def import_contacts(
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header line.", show_default=False)],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="Take this column (by name, or as #3) for this field; extra.NAME sends it under NAME, "
            "- leaves it out. Repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and every bad line; send nothing.")
    ] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad lines out instead of stopping.")] = False,
    enroll: Annotated[
        str | None,
        typer.Option(metavar="SEQUENCE", help="Then put everybody on this sequence.", show_default=False),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Remembers who is created, so that a killed import goes on (default: FILE.journal, beside it).",
            show_default=False,
        ),
    ] = None,
    resend_unknown: Annotated[
        bool,
        typer.Option(
            "--resend-unknown",
            help="Send again whom earlier runs called perhaps created: look first that they are not there.",
        ),
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(help="As cp1252, if it is not UTF-8 or UTF-16.", show_default=False)
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(metavar="CHARACTER", help="If it is not found by itself.", show_default=False)
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=450, help="Contacts in a request.")] = 50,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 4,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long a request that was cut off may still have an effect: only then is it sent again.",
        ),
    ] = 30.0,
) -> None:
    """Create the people of a CSV file, each of them once, however often it is interrupted and run again.

    Nothing is sent before every line was looked at. Columns are known by their headers, in all common spellings:
    first name, last name, email, phone, title, company id.
    """
    from impactive_async import created_ids

    plan = _plan(run, file, encoding, _one_character(delimiter), mapping or [])
    if dry_run:
        preview(run, plan)
        return
    _refuse_bad_lines(plan, skip_bad=skip_bad)
    if enroll is not None:
        await run.crm.sequences.get(enroll)  # a mistyped id is told before anybody is created
    sending = Sending(
        journal=journal or file.with_name(file.name + ".journal"),
        batch_size=batch_size,
        concurrency=concurrency,
        settle=settle,
        resend_unknown=resend_unknown,
    )
    report = await _create(run, plan, sending)
    if enroll is not None:
        ids, total = created_ids(sending.journal), report.created + report.already_created
        await enroll_and_report(run, enroll, ids, total=total)
    if plan.bad_lines or not report.ok:
        run.code = INCOMPLETE.code


def _plan(run: Run, file: Path, encoding: str | None, delimiter: str | None, pairs: list[str]) -> Plan:
    def tell(bad: BadLine) -> None:
        run.note(f"{file}:{bad.line}: {bad.reason}")

    with run.before_sending():
        sheet = open_sheet(file, encoding=encoding, delimiter=delimiter, known=is_known)
        plan = make_plan(sheet, map_columns(sheet.header, pairs), tell)
    tell_columns(run, plan)
    return plan


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is not None and len(delimiter) != 1:
        raise UsageError(f"--delimiter is one character, not {delimiter!r}; for a tab write $'\\t'.")
    return delimiter


def _refuse_bad_lines(plan: Plan, *, skip_bad: bool) -> None:
    if plan.bad_lines and not skip_bad:
        raise UsageError(
            f"{count(plan.bad_lines, 'line')} of {plan.sheet.path} cannot be imported, as listed above; nothing "
            "was sent. Correct them, or leave them out with --skip-bad."
        )


async def _create(run: Run, plan: Plan, sending: Sending) -> CreateReport:
    """Create them, and say what became of them, also if it was stopped on the way."""
    from impactive_async import BulkError, CreateReport

    book = sending.journal
    run.farewell = f"Stopped; {book} knows how far: the same command goes on from there."
    if book.exists() and is_watched():
        run.note(
            f"Going on with {book}; what was under way when it stopped is looked for first, up to "
            f"{sending.settle:g} s."
        )
    rows = _Rows(plan)
    try:
        report = await _send(run, rows, sending)
    except _Stopped:
        raise asyncio.CancelledError from None
    except BulkError as error:
        if isinstance(error.report, CreateReport):
            tell_report(run, plan, error.report)
        if rows.stopped:
            raise asyncio.CancelledError from None
        raise
    tell_report(run, plan, report)
    if rows.stopped:
        raise asyncio.CancelledError
    return report


async def _send(run: Run, rows: _Rows, sending: Sending) -> CreateReport:
    failed = 0

    def notice(standing: Progress) -> None:
        nonlocal failed
        failed = standing.failed
        draw(standing)

    try:
        with progress_bar("Creating contacts", len(rows)) as draw, run.signals.grace(rows.stop, _GRACE):
            return await run.crm.contacts.create_many(rows, on_progress=notice, **attrs.asdict(sending))
    except asyncio.CancelledError:
        if failed:
            run.farewell += (
                f" Until then {count(failed, 'line')} failed; the next run tries again, and lists what fails."
            )
        raise


class _Stopped(Exception):  # noqa: N818 - no error: Ctrl-C
    """The user wants no more rows to be sent."""


class _Rows:
    """The people of a plan, until they are to stop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.stopped = False

    def stop(self) -> None:
        """Yield no more."""
        self.stopped = True

    def __len__(self) -> int:
        return len(self._plan)

    def __iter__(self) -> Iterator[ContactDraft]:
        for draft in self._plan:
            if self.stopped:
                raise _Stopped
            yield draft
