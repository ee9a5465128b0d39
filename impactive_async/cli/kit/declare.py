"""Declare a command: with click, and with what all commands of this program have in common.

    @command("list", app, example="impactive contacts list --limit 20")
    @option("--limit", type=click.IntRange(1, 500), default=100, metavar="N", help="How many at the most.")
    async def list_contacts(run: Run, limit: int) -> None:
        ...

`--help` and Tab import this module and the modules of commands, and run no command. So a command imports what it
runs on (asyncio, the client, Rich) inside its function. tests/cli/test_start.py checks that for every command.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec

import click

from impactive_async.cli.kit.options import ALL, FORMATS, OPTIONS, SHARED, FieldsOption
from impactive_async.cli.kit.streams import write_out

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

P = ParamSpec("P")

Body = Callable[Concatenate["Run", P], Awaitable[None]]


def command(
    name: str,
    group: click.Group | None = None,
    *,
    example: str,
    rows: str | None = None,
    shared: Sequence[str] = ALL,
    writes: bool = False,
) -> Callable[[Body[P]], click.Command]:
    """Make a command of an async function. The function's docstring is the help.

    Args:
        name: The name of the command.
        group: The group that the command belongs to; `None`: none, it stands directly under `impactive`.
        example: A command line for the help.
        rows: The class of the rows that the command writes, or a tuple of their keys, as `module:name`. `None`:
            the command writes no rows, or calls `run.out.expect` itself.
        shared: The names of the shared options that the command takes.
        writes: Whether the command changes the workspace.
    """

    def register(body: Body[P]) -> click.Command:
        own = list(reversed(getattr(body, "__click_params__", [])))
        made = Command(
            name,
            callback=functools.partial(_execute, body, tuple(shared), rows, writes),
            params=[*own, *(SHARED[one] for one in shared)],
            help=body.__doc__,
            epilog=f"Example: {example}",
        )
        made.rows = rows
        if group is not None:
            group.add_command(made)
        return made

    return register


def _execute(
    body: Callable[..., Awaitable[None]],
    shared: Sequence[str],
    rows: str | None,
    writes: bool,
    /,
    **arguments: Any,
) -> NoReturn:
    options = {name: arguments.pop(name) for name in shared}
    formats = [f"--{name}" for name in FORMATS if options.get(name) not in (None, False)]
    if len(formats) > 1:
        raise click.UsageError(f"Choose one of {' and '.join(formats)}.", click.get_current_context())

    async def act(run: Run) -> None:
        if rows is not None:
            run.out.expect(resolve_name(rows))
        await body(run, **arguments)

    from impactive_async.cli.kit.run import Options, execute

    raise click.exceptions.Exit(execute(act, Options(**options), writes=writes))


class Command(click.Command):
    """A command whose help groups the options under headings.

    Attributes:
        rows: See `command`.
    """

    rows: str | None = None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. `--json` and `--csv` may stand alone, also before a positional argument."""
        return super().parse_args(ctx, list(self._with_fields(deque(args))))

    def _with_fields(self, words: deque[str]) -> Iterator[str]:
        """Yield the words with `--json id,email` joined into one, and with `--json` alone as `--json=`."""
        options = {name: one for one in self.params if isinstance(one, click.Option) for name in one.opts}
        while words:
            word = words.popleft()
            option = options.get(word)
            if isinstance(option, FieldsOption):
                yield f"{word}={words.popleft() if words and self._are_fields(words[0]) else ''}"
                continue
            yield word
            if word == "--":
                yield from words
                return
            if option is not None and not option.is_flag and words:
                yield words.popleft()

    def _are_fields(self, word: str) -> bool:
        """Whether the word after `--json` names fields, and is not a positional argument."""
        if word.startswith("-"):
            return False
        if "," in word or not any(isinstance(one, click.Argument) for one in self.params):
            return True
        if self.rows is None:
            return False
        from impactive_async.cli.kit.records import RowFields

        return word.partition(".")[0] in RowFields(resolve_name(self.rows)).names

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings, beginning with `Options`."""
        panels: dict[str, list[tuple[str, str]]] = {OPTIONS: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                panels.setdefault(getattr(parameter, "panel", OPTIONS), []).append(record)
        for title, records in panels.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """See `_with_own_output`."""
        return _with_own_output(super().get_help_option(ctx))


class Group(click.Group):
    """Commands under one name, listed in the order in which they were declared.

    Args:
        name: The name of the group.
        help: What the group is about.
        later: Commands that are imported when they are needed. By name, each has a tuple of places, written as
            `module:attribute`. The first place is the command; modules of further places add commands to it.
    """

    def __init__(
        self,
        name: str,
        *,
        help: str,  # noqa: A002 - click's word
        later: Mapping[str, Sequence[str]] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(name, help=help, no_args_is_help=True, **rest)
        self._later = later or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in order."""
        return list(dict.fromkeys((*self._later, *self.commands)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, and import it first if need be."""
        if cmd_name in self._later and cmd_name not in self.commands:
            found, *_ = [resolve_name(place) for place in self._later[cmd_name]]
            self.commands[cmd_name] = found
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group`. A wrong name is compared with the names of commands not yet imported, too."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with the first paragraph of its help."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_paragraph(one)) for name, one in found.items() if one])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """See `_with_own_output`."""
        return _with_own_output(super().get_help_option(ctx))


class GroupWithDefault(Group):
    """A group that runs one of its commands where none is named: `impactive sandbox --port 0`.

    Args:
        default: The name of that command.
    """

    def __init__(self, name: str, *, default: str, **rest: Any) -> None:
        super().__init__(name, **rest)
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, the default first."""
        return list(dict.fromkeys((self._default, *super().list_commands(ctx))))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, in front of which the default command is named if no command is."""
        own = {name for one in self.get_params(ctx) for name in one.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = [self._default, *args]
        return super().parse_args(ctx, args)


def _first_paragraph(one: click.Command) -> str:
    return " ".join((one.help or "").partition("\n\n")[0].split())


def _with_own_output(option: click.Option | None) -> click.Option | None:
    """Have help written by `write_out`, so that it ends as other output does if the reader has gone."""
    if option is not None:
        option.callback = _show_help
    return option


def _show_help(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        write_out(ctx.get_help() + "\n")
        ctx.exit()
