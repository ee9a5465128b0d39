"""`impactive contacts import FILE`, and `impactive contacts imported FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument, option
from impactive_async.cli.resources.contacts import app

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

_FILE = "The file"
_COLUMNS = "Columns"
_LINES = "Lines"
_PROGRESS = "Going on"
_path = click.Path(path_type=Path)


@command("import", app, example="impactive contacts import leads.csv --enroll seq_123", writes=True)
@argument(
    "file", type=_path, metavar="FILE", help="CSV with a header line, also in gzip; .xlsx; - for standard input."
)
@option("--dry-run", is_flag=True, help="Show what would be sent, and every bad line; send nothing.")
@option("--enroll", metavar="SEQUENCE", help="Then put everybody on this sequence.")
@option("--yes", is_flag=True, help="Do not ask before a thousand contacts or more are written.")
@option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=FIELD",
    panel=_COLUMNS,
    help="Take this column (by name, or as #3) for this field; extra.NAME sends it under NAME, full_name splits "
    "it, - leaves it out. Repeatable.",
)
@option("--split-name", metavar="COLUMN", panel=_COLUMNS, help="Split this column into first and last name.")
@option("--no-email", is_flag=True, panel=_COLUMNS, help="Import everybody without an address.")
@option("--map-file", type=_path, metavar="FILE", panel=_COLUMNS, help="Take columns for what this file says.")
@option("--save-map", type=_path, metavar="FILE", panel=_COLUMNS, help="Keep what the columns are in this file.")
@option("--skip-bad", is_flag=True, panel=_LINES, help="Leave bad lines out instead of stopping.")
@option(
    "--rejects", type=_path, metavar="FILE", panel=_LINES, help="Where lines to correct go (default: beside FILE)."
)
@option("--results", type=_path, metavar="FILE", panel=_LINES, help="Write what became of each line, as CSV.")
@option("--report", type=_path, metavar="FILE", panel=_LINES, help="Write a page to show, as HTML.")
@option(
    "--allow-duplicates",
    is_flag=True,
    panel=_LINES,
    help="Import every line, though its address stands on an earlier one.",
)
@option(
    "--existing",
    type=click.Choice(["skip", "update", "create"]),
    default="create",
    panel=_LINES,
    help="What to do about people whose address is in the workspace, as far as its lists show them.",
)
@option(
    "--journal",
    type=_path,
    metavar="FILE",
    panel=_PROGRESS,
    help="Remembers who is created, so that a killed import goes on (default: FILE.journal, beside it).",
)
@option(
    "--resend-unknown",
    is_flag=True,
    panel=_PROGRESS,
    help="Send again whom earlier runs called perhaps created: look first that they are not there.",
)
@option(
    "--batch-size",
    type=click.IntRange(1, 450),
    default=50,
    metavar="N",
    panel=_PROGRESS,
    help="Contacts in a request.",
)
@option(
    "--concurrency", type=click.IntRange(min=1), default=4, metavar="N", panel=_PROGRESS, help="Requests at once."
)
@option(
    "--settle",
    type=click.FloatRange(min=0),
    default=30.0,
    metavar="SECONDS",
    panel=_PROGRESS,
    help="How long a request that was cut off may still have an effect: only then is it sent again.",
)
@option("--encoding", panel=_FILE, help="As cp1252, if it is not UTF-8 or UTF-16.")
@option("--delimiter", metavar="CHARACTER", panel=_FILE, help="If it is not found by itself.")
@option(
    "--header-line",
    type=click.IntRange(min=1),
    metavar="N",
    panel=_FILE,
    help="The line of the header, if it is not found by itself.",
)
@option(
    "--no-header",
    is_flag=True,
    panel=_FILE,
    help="The first line is somebody's; --map '#1=first_name' and so on says what the columns are.",
)
@option(
    "--sheet", metavar="NAME", panel=_FILE, help="The sheet of a workbook, by name or number (default: the first)."
)
async def import_contacts(run: Run, /, file: Path, **options: Any) -> None:
    """Create the people of a file, each of them once, however often it is interrupted and run again.

    Nothing is sent before every line was looked at. Columns are known by their headers, as the exports of Google,
    Outlook, LinkedIn, HubSpot, Salesforce and others spell them: first name, last name, email, phone, title,
    company, company id.
    """
    from impactive_async.cli.importing.reading.sheet import Asked
    from impactive_async.cli.importing.stages import ImportRequest, run_import

    asked = Asked(
        encoding=options.pop("encoding"),
        delimiter=_one_character(options.pop("delimiter")),
        header_line=options.pop("header_line"),
        no_header=options.pop("no_header"),
        sheet=options.pop("sheet"),
    )
    await run_import(run, ImportRequest(file=file, asked=asked, **options))


def _one_character(delimiter: str | None) -> str | None:
    if delimiter is not None and len(delimiter) != 1:
        raise UsageError(f"--delimiter is one character, not {delimiter!r}; for a tab write $'\\t'.")
    return delimiter


@command("imported", app, example="impactive contacts imported leads.csv --json", shared=(*FORMATS, *LOCAL))
@argument("file", type=_path, metavar="FILE", help="What was imported.")
@option("--journal", type=_path, metavar="FILE", help="Its journal (default: FILE.journal, beside it).")
async def imported(run: Run, file: Path, journal: Path | None) -> None:
    """Show what became of each line of an import: outcome, contact and reason, as its journal knows them."""
    from impactive_async.cli.importing.telling.imported import show_imported

    await show_imported(run, journal or file.with_name(file.name + ".journal"))
