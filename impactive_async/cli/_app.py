"""All commands under one program, and the exit code of every way in which it can end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import click

from impactive_async import __version__
from impactive_async.cli.kit.declare import Group
from impactive_async.cli.kit.errors import DONE, EXITS, INTERRUPTED, READER_GONE, USAGE, report
from impactive_async.cli.kit.options import Option
from impactive_async.cli.kit.streams import (
    OutputError,
    ReaderGone,
    flush_out,
    output_explained,
    write_err,
    write_out,
)

NAME: Final = "impactive"
_NARROWEST, _USUAL, _WIDEST = 50, 80, 100
"""Characters of a line of help."""

_HELP: Final = (
    "ImpactiveAI CRM from the command line: calls, bulk imports, and streams that lose nothing.\n\n"
    "The key comes from IMPACTIVE_API_KEY. Results go to stdout: a table on a terminal, one JSON object a line "
    "into a pipe or with --json. Progress and errors go to stderr."
)
_EXAMPLES: Final = (
    "impactive demo",
    "impactive contacts import leads.csv --dry-run",
    "impactive watch replies --all --store cursors.db --json",
)
_CLI: Final = "impactive_async.cli"
COMMANDS: Final = {
    "demo": (f"{_CLI}.demo.command:demo",),
    "doctor": (f"{_CLI}.commands.doctor:doctor",),
    "auth": (f"{_CLI}.resources.auth:auth",),
    "watch": (f"{_CLI}.commands.watch:watch",),
    "sync": (f"{_CLI}.syncing.command:sync",),
    "worker": (f"{_CLI}.commands.worker:worker",),
    "forward": (f"{_CLI}.commands.forward:app", f"{_CLI}.steering.letters:dead"),
    "schema": (f"{_CLI}.commands.schema:schema",),
    "listen": (f"{_CLI}.commands.listen:listen",),
    "agent": (f"{_CLI}.agents.setup:app",),
    "mcp": (f"{_CLI}.agents.mcp:serve_agents",),
    "trigger": (f"{_CLI}.commands.trigger:trigger",),
    "replies": (f"{_CLI}.resources.replies:replies",),
    "sandbox": (f"{_CLI}.commands.sandbox:app",),
    "contacts": (f"{_CLI}.resources.contacts:app", f"{_CLI}.importing.command:import_contacts"),
    "sequences": (
        f"{_CLI}.resources.sequences:app",
        f"{_CLI}.resources.enroll:enroll",
        f"{_CLI}.rehearsing.command:rehearse",
    ),
    "bookings": (f"{_CLI}.resources.bookings:app",),
    "companies": (f"{_CLI}.resources.companies:app",),
    "deals": (f"{_CLI}.resources.deals:app",),
    "invoices": (f"{_CLI}.resources.invoices:app",),
    "projects": (f"{_CLI}.resources.projects:app",),
    "accounts": (f"{_CLI}.resources.accounts:app",),
    "report": (f"{_CLI}.reporting.command:app",),
    "cursors": (f"{_CLI}.steering.cursors:app",),
    "hub": (
        f"{_CLI}.commands.hub:app",
        f"{_CLI}.steering.feeds:show",
        f"{_CLI}.steering.groups:seek",
        f"{_CLI}.steering.files:export",
    ),
}


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        write_out(f"impactive-async {__version__}\n")
        ctx.exit()


def _completion_option(name: str, deed: str, text: str) -> Option:
    """Make an option that takes the name of a shell, or nothing."""

    def act(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
        if shell is not None and not ctx.resilient_parsing:
            from impactive_async.cli.kit import completion

            getattr(completion, deed)(ctx.find_root().command, NAME, shell)
            ctx.exit()

    return Option(
        [name],
        is_flag=False,
        flag_value="",
        metavar="[SHELL]",
        expose_value=False,
        is_eager=True,
        callback=act,
        help=text,
    )


class Program(Group):
    """The program `impactive`."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit codes."""
        with formatter.section("Examples"):
            for example in _EXAMPLES:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl([(f"{way.code:>3}", way.meaning) for way in (DONE, *EXITS)])

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run the program on `args`, by default `sys.argv`, and exit with its code."""
        arguments = sys.argv[1:] if args is None else args
        try:
            sys.exit(self._exit_code(arguments, prog_name or NAME, extra) or _flushed())
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED.code)

    def _exit_code(self, arguments: Sequence[str], prog_name: str, extra: dict[str, Any]) -> int:
        """Run a command, or answer a Tab. Return the exit code."""
        try:
            if instruction := os.environ.get(f"_{NAME.upper()}_COMPLETE"):
                from impactive_async.cli.kit.completion import answer

                return answer(self, NAME, instruction)
            with self.make_context(prog_name, list(arguments), **{"terminal_width": _width(), **extra}) as context:
                self.invoke(context)
        except click.exceptions.Exit as end:
            return end.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            write_err(error.format_message())
            return USAGE.code
        except click.ClickException as error:
            write_err(f"{NAME}: {_usage(error)}")
            return USAGE.code
        except ReaderGone:
            return READER_GONE.code
        except OSError as error:
            return report(error, debug=False) if error.filename is not None else _flushed(error)
        except Exception as error:
            return report(error, debug=False)
        return 0


def _width() -> int:
    """Return the width of help texts. click would ask `shutil`, which imports what reads archives."""
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(1).columns)
    except (OSError, ValueError):
        columns = _USUAL
    return max(min(columns, _WIDEST) - 2, _NARROWEST)


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    said = " ".join(error.format_message().split())
    end = "" if said.endswith((".", "?")) else "."
    return said if context is None else f"{said}{end} See `{context.command_path} --help`."


def _flushed(error: OSError | None = None) -> int:
    try:
        with output_explained():
            if error is not None:
                raise error
        flush_out()
    except ReaderGone:
        return READER_GONE.code
    except OutputError as error:
        return report(error, debug=False)
    return 0


app = Program(
    NAME,
    help=_HELP,
    later=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version and exit.",
        ),
        _completion_option(
            "--install-completion", "install", "Install completion for this shell, or the one that is named."
        ),
        _completion_option(
            "--show-completion", "show", "Show the completion script of this shell, or of the one that is named."
        ),
    ],
)


def start() -> NoReturn:
    """Run the program on `sys.argv` and exit with its code."""
    app.main()
