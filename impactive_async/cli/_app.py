"""The whole command line, put together."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from impactive_async import __version__
from impactive_async.cli import (
    accounts,
    auth,
    bookings,
    companies,
    contacts,
    deals,
    enroll,
    hub,
    invoices,
    projects,
    replies,
    sandbox,
    sequences,
    watch,
    worker,
)
from impactive_async.cli._errors import DONE, EXITS, READER_GONE, report
from impactive_async.cli._streams import OutputError, ReaderGone, flush_out, output_explained
from impactive_async.cli.demo import command as demo
from impactive_async.cli.importing import command as importing

_HELP = (
    "ImpactiveAI CRM from the command line: calls, bulk imports, and streams that lose nothing.\n\n"
    "The key comes from IMPACTIVE_API_KEY. Results go to stdout: a table on a terminal, one JSON object a line "
    "into a pipe or with --json. Progress and errors go to stderr."
)
_EXAMPLES = (
    "impactive demo",
    "impactive contacts import leads.csv --dry-run",
    "impactive watch replies --all --store cursors.db --json",
)


def _epilog() -> str:
    examples = "\n".join(f"  {example}" for example in _EXAMPLES)
    codes = "\n".join(f"{way.code:>5}  {way.meaning}" for way in (DONE, *EXITS))
    return f"\b\nExamples:\n{examples}\n\n\b\nExit codes:\n{codes}"


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_epilog(),
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"impactive-async {__version__}")
        raise typer.Exit


@app.callback(help=_HELP)
def impactive(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


_ADD_THEMSELVES = (enroll, importing)  # to the groups they belong to

for single in (demo, auth, watch, worker, replies, sandbox):
    app.add_typer(single.app)
for name, group in {
    "contacts": contacts,
    "sequences": sequences,
    "bookings": bookings,
    "companies": companies,
    "deals": deals,
    "invoices": invoices,
    "projects": projects,
    "accounts": accounts,
    "hub": hub,
}.items():
    app.add_typer(group.app, name=name)


def start() -> NoReturn:
    """Run it on `sys.argv`, and exit with its code; even `--help` may find nowhere to go."""
    try:
        app(prog_name="impactive")
    except SystemExit as end:
        sys.exit(end.code or _handed_on())
    except OSError as error:
        if error.filename is None:
            sys.exit(_handed_on(error))
        sys.exit(report(error, debug=False))
    sys.exit(_handed_on())


def _handed_on(obstacle: OSError | None = None) -> int:
    try:
        with output_explained():
            if obstacle is not None:
                raise obstacle
        flush_out()
    except ReaderGone:
        return READER_GONE.code
    except OutputError as error:
        return report(error, debug=False)
    return 0
