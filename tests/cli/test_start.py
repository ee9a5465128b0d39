"""What a start costs: help, the version and Tab load no more than the declarations of commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.cli.support import PATIENCE, environment
from tests.cli.test_help import COMMANDS

HEAVY = (
    "aiohttp",
    "asyncio",
    "attr",
    "impactive_async.client",
    "impactive_async.models",
    "lzma",
    "msgspec",
    "multidict",
    "pydantic",
    "rich",
    "sqlite3",
)
SCRIPT = """
import contextlib, io, json, sys
from impactive_async.cli import main
for arguments in json.loads(sys.argv.pop()):
    sys.argv[1:] = arguments
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):
        main()
    assert told.getvalue(), arguments
print(json.dumps(sorted(sys.modules)))
"""


def loaded_after(*runs: Sequence[str], **env: str) -> set[str]:
    """The modules of a process that has run the command line with each of these arguments."""
    clean = {name: value for name, value in environment(env).items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(runs)],
        env=clean,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_no_help_loads_what_commands_run_on() -> None:
    """The help of every command and group together loads neither aiohttp nor asyncio, attrs, Rich or pydantic."""
    assert not loaded_after(*([*path, "--help"] for path in COMMANDS)).intersection(HEAVY)


def test_the_version_loads_no_command() -> None:
    """`--version` imports no module of a command at all."""
    loaded = loaded_after(["--version"])
    assert not loaded.intersection(HEAVY)
    assert not any(name.startswith("impactive_async.cli.resources") for name in loaded)


@pytest.mark.parametrize("words", ["impactive co", "impactive contacts im", "impactive contacts import --ma"])
def test_a_tab_loads_what_help_does(words: str) -> None:
    """Completion of commands and options loads nothing heavy either."""
    typed = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert not loaded_after([], _IMPACTIVE_COMPLETE="bash_complete", **typed).intersection(HEAVY)
