"""Ctrl-C while a write is under way: nobody knows whether it was carried out, and that is what is said."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import impactive_async.cli
from tests.cli.support import PATIENCE, Live, environment
from tests.cli.terminal import on_pipes, stop

pytestmark = pytest.mark.slow

UNKNOWN = "Stopped; the write may or may not have been carried out: look before you repeat it.\n"
POSTS = {
    ("contacts", "create", "Ada", "Lovelace"): "POST /api/agent/contacts",
    ("companies", "create", "Engines"): "POST /api/zapier/companies",
    ("deals", "create", "Licence"): "POST /api/zapier/deals",
    ("bookings", "create", "--title", "Call"): "POST /api/agent/bookings",
    ("sequences", "create", "-f", "{file}"): "POST /api/agent/sequences",
    ("sequences", "pause", "{sequence}", "--all"): "POST /api/agent/sequences/:id/pause",
    ("sequences", "unenroll", "{sequence}", "{contact}"): "DELETE /api/agent/sequences/:id/contacts/:contactId",
    ("sequences", "enroll", "{sequence}", "--contact", "{contact}"): "POST /api/agent/sequences/:id/enroll",
    ("sequences", "enroll", "{sequence}", "--tag", "t"): "POST /api/agent/sequences/:id/enroll",
}


async def _event(_: object) -> asyncio.Event:
    return asyncio.Event()


def interrupted(live: Live, route: str, *arguments: str) -> tuple[int, str]:
    """What a command says on Ctrl-C, after the server has taken its request and before it answers."""
    live.sandbox.fail(route, hold=live.do(_event), commit=True)
    with on_pipes(*arguments, env=live.env) as process:
        live.arrived(route)
        return stop(process, signal.SIGINT)


@pytest.mark.parametrize(("command", "route"), POSTS.items(), ids=lambda value: " ".join(value[:2]))
def test_an_interrupted_write_says_that_its_outcome_is_unknown(
    live: Live, tmp_path: Path, command: tuple[str, ...], route: str
) -> None:
    """The request is with the server: `Stopped.` alone would read as if nothing had happened."""
    sequence = live.state.create_sequence("Welcome", delays=(0,))
    contact = live.state.rows("contacts")[0].id
    live.state.enroll(sequence.id, [contact])
    file = tmp_path / "welcome.toml"
    file.write_text('name = "Welcome"\n')
    arguments = [part.format(file=file, sequence=sequence.id, contact=contact) for part in command]
    assert interrupted(live, route, *arguments) == (130, UNKNOWN)


def test_an_interrupted_read_has_nothing_to_warn_of(live: Live) -> None:
    """A warning that is always there is not read."""
    assert interrupted(live, "GET /api/agent/contacts", "contacts", "list") == (130, "Stopped.\n")


def test_every_command_that_writes_is_among_them() -> None:
    """A new command that calls a writing method says so where it is registered."""
    cli = Path(impactive_async.cli.__file__).parent
    for path in (*(cli / "commands").glob("*.py"), *(cli / "resources").glob("*.py")):
        for block in path.read_text().split("\n@command(")[1:]:
            writing = re.search(
                r"run\.crm\.[\w.]*\.(create|update|delete|enroll|enroll_many|pause|unenroll)\(", block
            )
            assert bool(writing) is ("writes=True" in block), f"{path.name}: {block[:60]}"


@pytest.mark.parametrize("module", ["aiohttp", "asyncio", "attrs", "click"])
@pytest.mark.parametrize(
    "start", ["import impactive_async.__main__", "from impactive_async.cli import main; main()"]
)
def test_ctrl_c_while_it_starts_is_quiet(tmp_path: Path, module: str, start: str) -> None:
    """In its first second it imports: Ctrl-C then ends it as any other, without a traceback."""
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[1:] = ['auth']; {start}"],
        env=environment({"PYTHONPATH": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
