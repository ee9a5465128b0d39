"""What `--help` says, and what it costs not to ask."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import impactive_async.cli
from impactive_async.cli._app import app
from impactive_async.cli.kit.errors import DONE, EXITS
from tests.cli.support import environment, invoke
from tests.support import PATIENCE

SNAPSHOTS = Path(__file__).parent / "help"
PACKAGE = Path(impactive_async.cli.__file__).parent
PUBLIC = {
    *(
        "agents",
        "bulk",
        "errors",
        "forward",
        "hub",
        "models",
        "operations",
        "pages",
        "profile",
        "rehearsal",
        "reports",
        "resources",
        "sandbox",
        "stores",
    ),
    "sync_source",
    "webhooks",
}


def commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All groups and commands by their paths."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *path, name)


COMMANDS = dict(commands(app))
LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


@cache
def help_of(*path: str) -> str:
    """What `--help` draws, so wide that nothing is wrapped."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="impactive", terminal_width=400)
    assert result.exit_code == 0
    return result.stdout


def contract(command: click.Command) -> str:
    """What a command takes and says of it: our words, however a version of click lays them out."""
    lines = [inspect.cleandoc(command.help or ""), ""]
    for parameter in command.params:
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        need = " (required)" if parameter.required else ""
        default = parameter.default
        shown = f" [{default}]" if isinstance(default, (int, float, str)) and default is not False else ""
        lines.append(f"{names}{need}: {parameter.help or ''}{shown}")
    return "\n".join([*lines, "", (command.epilog or "").replace("\b\n", "")]).strip() + "\n"


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "impactive")
def test_help_says_what_it_said(path: tuple[str, ...]) -> None:
    """Each help is the one on record, and is shown; after a deliberate change run with `SNAPSHOTS=write`."""
    file, text = SNAPSHOTS / f"{'-'.join(path) or 'impactive'}.txt", contract(COMMANDS[path])
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOTS.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    shown = " ".join(help_of(*path).split())
    for parameter in COMMANDS[path].params:
        assert parameter.opts[0].lower() in shown.lower()
        assert " ".join((parameter.help or "").split()) in shown


def test_no_snapshot_is_left_of_a_command_that_is_gone() -> None:
    """There are as many texts on record as commands."""
    assert {file.stem for file in SNAPSHOTS.iterdir()} == {"-".join(path) or "impactive" for path in COMMANDS}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_each_command_shows_how_it_is_used(path: tuple[str, ...]) -> None:
    """Every command's help ends with an example of that very command."""
    text = " ".join(help_of(*path).split())
    example = text.partition("Example: ")[2]
    assert f"impactive {' '.join(path)}" in example


def test_the_exit_codes_are_in_the_help() -> None:
    """`impactive --help` lists every exit code, and no two ways to end share one."""
    for way in EXITS:
        assert f" {way.code} {way.meaning}" in " ".join(help_of().split())
    assert len({way.code for way in EXITS}) == len(EXITS)


def test_the_docs_know_every_command_and_every_exit_code() -> None:
    """The page about the command line names all of them, and no others."""
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    first, second = (table for table in re.findall(r"\n((?:\|[^\n]*\n)+)", page))
    assert sorted(re.findall(r"`([^`]+)`", first)) == sorted(" ".join(path) for path in LEAVES)
    told = dict(re.findall(r"\| (\d+) \| (.*) \|", second))
    assert told == {str(way.code): way.meaning for way in (DONE, *EXITS)}


def test_no_command_asks_for_the_key() -> None:
    """The key comes from the environment: on a command line other users of the machine could read it."""
    assert not any(re.search(r"--(api-)?key\b", help_of(*path)) for path in COMMANDS)


def test_version() -> None:
    """`--version` names the package and its version."""
    outcome = invoke("--version")
    assert (outcome.code, outcome.out) == (0, f"impactive-async {impactive_async.__version__}\n")


def test_the_sdk_does_not_load_the_command_line() -> None:
    """Importing the SDK imports neither click nor Rich; without them the command line says what to install."""
    script = (
        "import sys, impactive_async, impactive_async.cli\n"
        "assert not {'click', 'rich'} & set(sys.modules), 'loaded'\n"
        "sys.modules['click'] = None\n"
        "impactive_async.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "impactive: the command line needs click: pip install 'impactive-async[cli]'"


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_command_line_stands_on_the_public_api(file: Path) -> None:
    """No module of it imports a private part of the package."""
    for name in imported(file):
        head, _, rest = name.partition(".")
        if head == "impactive_async" and rest and not rest.startswith("cli"):
            assert rest.partition(".")[0] in PUBLIC, name
