"""`impactive contacts import FILE.csv`."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from impactive_async.cli._bulk import progress_bar, tell_failures
from impactive_async.cli._errors import INCOMPLETE, UsageError
from impactive_async.cli._run import Run, command
from impactive_async.cli.contacts import app
from impactive_async.cli.enroll import enroll_and_report
from impactive_async.cli.importing.columns import EXTRA, is_known, map_columns
from impactive_async.cli.importing.people import BadLine, Person
from impactive_async.cli.importing.plan import Plan, make_plan
from impactive_async.cli.importing.sheet import Sheet, open_sheet

if TYPE_CHECKING:
    from impactive_async import CreateReport

_PREVIEWED = 10


@command(app, "import", example="impactive contacts import leads.csv --enroll seq_123")
async def import_contacts(
    run: Run,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header line.", show_default=False)],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="What a column is: a field, extra.NAME for an unknown one, - to leave it out. Repeatable.",
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
            help="Remembers who is created, so that a killed import goes on (default: beside the file).",
            show_default=False,
        ),
    ] = None,
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

    Nothing is sent before every line was looked at. Columns are known by their headers, in all common spellings.
    """
    from impactive_async import created_ids

    plan = _plan(run, file, encoding, _one_character(delimiter), mapping or [])
    if dry_run:
        _preview(run, plan)
        return
    if plan.bad_lines and not skip_bad:
        raise UsageError(
            f"{_count(plan.bad_lines, 'line')} of {file} cannot be imported, as listed above; nothing was sent. "
            "Correct them, or leave them out with --skip-bad."
        )
    if enroll is not None:
        await run.crm.sequences.get(enroll)  # a mistyped id is told before anybody is created
    book = journal or file.with_name(file.name + ".journal")
    report = await _create(run, plan, book, batch_size=batch_size, concurrency=concurrency, settle=settle)
    if enroll is not None:
        await enroll_and_report(run, enroll, created_ids(book), total=report.created + report.already_created)
    if plan.bad_lines or not report.ok:
        run.code = INCOMPLETE.code


async def _create(
    run: Run, plan: Plan, book: Path, *, batch_size: int, concurrency: int, settle: float
) -> CreateReport:
    run.farewell = f"Stopped; {book} knows how far: the same command goes on from there."
    _tell_of_resuming(run, book, settle)
    with progress_bar("Creating contacts", len(plan)) as tell:
        report = await run.crm.contacts.create_many(
            plan, journal=book, batch_size=batch_size, concurrency=concurrency, settle=settle, on_progress=tell
        )
    _tell_report(run, plan, report)
    return report


def _tell_of_resuming(run: Run, book: Path, settle: float) -> None:
    if book.exists() and sys.stderr.isatty():
        run.note(
            f"Going on with {book}; what was under way when it stopped is looked for first, up to {settle:g} s."
        )


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is not None and len(delimiter) != 1:
        raise UsageError(f"--delimiter is one character, not {delimiter!r}; for a tab write $'\\t'.")
    return delimiter


def _plan(run: Run, file: Path, encoding: str | None, delimiter: str | None, pairs: list[str]) -> Plan:
    sheet = open_sheet(file, encoding=encoding, delimiter=delimiter, known=is_known)
    columns = map_columns(sheet.header, pairs)

    def tell(bad: BadLine) -> None:
        run.note(f"{file}:{bad.line}: {bad.reason}")

    plan = make_plan(sheet, columns, tell)
    if sys.stderr.isatty():
        run.note(_explained(sheet, plan))
    return plan


def _explained(sheet: Sheet, plan: Plan) -> str:
    """Which column is what, for people to check."""
    columns = plan.columns
    fields = {**columns.fields, **{EXTRA + name: place for name, place in columns.extra.items()}}
    known = ", ".join(f"{sheet.header[place]} → {field}" for field, place in fields.items())
    unused = f"; not imported: {', '.join(columns.unused)}" if columns.unused else ""
    return f"{_count(len(plan), 'contact')} in {sheet.path}: {known}{unused}."


def _preview(run: Run, plan: Plan) -> None:
    if run.out.as_json:
        for person in plan.persons():
            run.out.row(_row(person))
    else:
        run.out.rows([_row(person) for person in islice(plan.persons(), _PREVIEWED)])
        more = len(plan) - _PREVIEWED
        run.note(f"{f'… and {more:,} more (--json shows all). ' if more > 0 else ''}Nothing was sent.")
    if plan.bad_lines:
        run.code = INCOMPLETE.code


def _row(person: Person) -> dict[str, Any]:
    fields = attrs.asdict(person.draft, recurse=False)
    return {"line": person.line, **{name: value for name, value in fields.items() if value}}


def _tell_report(run: Run, plan: Plan, report: CreateReport) -> None:
    lines = plan.lines_of([failure.index for failure in (*report.failed, *report.unknown)])
    tell_failures(run, report.failed, lambda index: f"{plan.sheet.path}:{lines[index]}: not created")
    tell_failures(run, report.unknown, lambda index: f"{plan.sheet.path}:{lines[index]}: perhaps created")
    run.summary(
        "create",
        {
            "rows": report.rows,
            "created": report.created,
            "already_created": report.already_created,
            "failed": len(report.failed),
            "unknown": len(report.unknown),
            "left_out": plan.bad_lines,
        },
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
