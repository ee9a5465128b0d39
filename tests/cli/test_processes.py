"""The command line as a user meets it: on a terminal, in a pipe, interrupted."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import stat
import subprocess
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import impactive_async.cli
from impactive_async.hub import SqliteHub
from tests.cli.support import PATIENCE, Live, command_line, environment, invoke, run
from tests.cli.terminal import on_pipes, on_terminal, stop

pytestmark = pytest.mark.slow

HEADER = "First Name,Last Name,Email\n"


def people(tmp_path: Path, count: int) -> Path:
    file = tmp_path / "people.csv"
    file.write_text(HEADER + "".join(f"Ada,Number {n},ada{n}@tty.example\n" for n in range(count)))
    return file


def imported(live: Live) -> Counter[str]:
    emails = (str(row.fields.get("email")) for row in live.state.rows("contacts"))
    return Counter(email for email in emails if email.endswith("tty.example"))


def test_the_script_is_installed() -> None:
    """The console script `impactive` is `impactive_async.cli.main`."""
    (script,) = entry_points(group="console_scripts", name="impactive")
    assert script.load() is impactive_async.cli.main


def test_a_pipe_gets_pure_json_lines(live: Live) -> None:
    """Into a pipe a list is JSON lines in UTF-8, whatever the locale, and stderr is silent."""
    live.state.create_contact("Zoë", "Müller 🐝")
    outcome = run(
        "contacts", "list", env={**live.env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.rows[0]["last_name"] == "Müller 🐝"


def test_a_terminal_gets_a_table(live: Live) -> None:
    """On a terminal the same list is a table."""
    with on_terminal("contacts", "list", env=live.env) as terminal:
        assert terminal.end() == 0
    assert "─────" in terminal.screen
    assert "Ada Lovelace" in terminal.screen
    assert "{" not in terminal.screen


@pytest.mark.parametrize(
    "command", ["--help", "contacts import --help", "--version", "--show-completion zsh", "sequences template"]
)
@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_what_needs_no_workspace_for_a_reader_that_goes_away(command: str, reader: str) -> None:
    """`--help | head` ends as shells know it, with nothing on stderr: the reader was there or was not."""
    script = f"set -o pipefail; {shlex.join(command_line(*command.split()))} | {reader}"
    done = subprocess.run(
        ["bash", "-c", script], env=environment({}), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("watch", "deals", "--since", "now"),
        ("watch", "--all", "--since", "now"),
        ("hub", "events", "--group", "g"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_who_waits_for_rows_sees_that_nobody_reads_them(
    live: Live, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """`watch | head` does not outlive `head`, although no row comes that could not be written."""
    hub = f"sqlite:///{tmp_path / 'hub.db'}"
    assert invoke("hub", "init", "--hub", hub).code == 0
    with on_pipes(*arguments, "--json", env={**live.env, "IMPACTIVE_HUB": hub}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if arguments[0] == "watch":
            live.arrived("GET /api/zapier/deals")
        process.stdout.close()
        assert process.wait(PATIENCE) == 141
        assert process.stderr.read() == ""


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_a_reader_that_goes_away_is_no_error(live: Live) -> None:
    """`| head`: no complaint, and the exit code that shells know."""
    for number in range(400):
        live.state.create_contact("Somebody", f"Number {number} {'x' * 2000}")
    with on_pipes("contacts", "list", "--limit", "500", env=live.env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 141
        assert process.stderr.read() == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_watching_stops_cleanly(live: Live, tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A signal ends it with the place saved, and a line that says so; the next run begins behind that place."""
    store, deals = tmp_path / "cursors.db", len(live.state.rows("deals"))
    with on_pipes("watch", "deals", "--store", str(store), env=live.env) as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["id"] for _ in range(deals)]
        assert stop(process, number) == (
            code,
            f"Stopped; the place is saved in {store}: the same command goes on from there.\n",
        )
    new = live.state.add("deals", {"name": "New"})
    assert [row["id"] for row in live.cli("watch", "deals", "--store", str(store), "--count", "1").rows] == [
        new.id
    ]
    assert len(set(seen)) == deals


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_an_import_on_a_terminal(live: Live, tmp_path: Path) -> None:
    """A progress bar is drawn; Ctrl-C stops with the journal kept, and the same command does the rest."""
    file = people(tmp_path, 400)
    command = ("contacts", "import", str(file), "--concurrency", "1", "--settle", "0.2")
    held = live.do(_event)
    live.sandbox.fail("POST /api/agent/contacts", after=3, times=None, hold=held, commit=True)
    with on_terminal(*command, env=live.env) as terminal:
        terminal.wait_for(lambda screen: re.search(r"Creating contacts.* 150/400", screen) is not None)
        terminal.press_ctrl_c()
        assert terminal.end() == 130
    assert "400 contacts in" in terminal.screen
    assert "the same command goes on from there" in terminal.screen
    live.sandbox.clear_faults()
    with on_terminal(*command, env=live.env) as terminal:
        assert terminal.end() == 0
    assert "400/400" in terminal.screen
    assert "400 rows:" in terminal.screen
    assert len(imported(live)) == 400
    assert set(imported(live).values()) == {1}


async def _event(_: object) -> asyncio.Event:
    return asyncio.Event()


def test_the_demo_on_a_terminal(tmp_path: Path) -> None:
    """A live table with a bar is drawn while it runs; Ctrl-C leaves no process and no folder behind."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    with on_terminal("demo", str(people(tmp_path, 60)), env={"TMPDIR": str(folder)}) as terminal:
        terminal.wait_for("killed (SIGKILL), nothing saved")
        (consumer,) = re.findall(r"consumer \(process (\d+)\) hangs", terminal.screen)
        terminal.wait_for("goes on from")
        terminal.press_ctrl_c()
        assert terminal.end() == 130
    assert "not yet" in terminal.screen
    assert "━━━━" in terminal.screen
    assert "nothing is left behind" in terminal.screen
    assert list(folder.iterdir()) == []
    successor = re.findall(r"consumer \(process (\d+)\) goes on", terminal.screen)
    for pid in (consumer, *successor):
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_the_demo_for_a_reader_that_goes_away(tmp_path: Path) -> None:
    """`impactive demo | head` ends quietly, too."""
    with on_pipes("demo", str(people(tmp_path, 20)), env={}) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("A week of an email sequence")
        process.stdout.close()
        assert process.wait(PATIENCE) == 141
        assert process.stderr.read() == ""


def test_the_sandbox_serves_until_it_is_stopped() -> None:
    """`sandbox` says where it is and what opens it; Ctrl-C ends it."""
    with on_pipes("sandbox", "--port", "0", env={}) as process:
        assert process.stdout is not None
        told = ""
        while "Press Ctrl-C" not in told:
            told += process.stdout.readline()
        env = dict(re.findall(r"export (IMPACTIVE_\w+)=(\S+)", told))
        assert invoke("auth", env=env).rows[0]["name"] == "Sandbox demo"
        assert stop(process, signal.SIGINT) == (130, "The sandbox has stopped; what was in it is gone.\n")


def test_each_served_sandbox_is_a_workspace_of_its_own() -> None:
    """A journal of one that is gone is not taken for that of another with the same seed and port."""
    found = []
    for _ in range(2):
        with on_pipes("sandbox", "--port", "0", env={}) as process:
            assert process.stdout is not None
            told = ""
            while "Press Ctrl-C" not in told:
                told += process.stdout.readline()
            found.append(invoke("auth", env=dict(re.findall(r"export (IMPACTIVE_\w+)=(\S+)", told))).rows[0]["id"])
    assert found[0] != found[1]


def test_a_port_that_is_taken(live: Live) -> None:
    """`sandbox` on a port that is taken says how to choose another one."""
    port = live.sandbox.url.rpartition(":")[2]
    outcome = invoke("sandbox", "--port", port)
    assert outcome.code == 2
    assert "--port 0" in outcome.err
    assert invoke("sandbox", "--port", "0", "--speed", "0").code == 2


def test_a_worker_and_its_hub(live: Live, tmp_path: Path) -> None:
    """A worker fills a hub; the first Ctrl-C lets it finish. Status, events and revive are there for the rest."""
    hub = f"sqlite:///{tmp_path / 'hub.db'}"
    assert "Ready: SQLite" in invoke("hub", "init", "--hub", hub).err
    deals = len(live.state.rows("deals"))
    with on_pipes("worker", "--kind", "deals", env={**live.env, "IMPACTIVE_HUB": hub}) as process:
        while invoke("hub", "status", "--hub", hub).rows[0]["events"] < deals:
            assert process.poll() is None
        code, err = stop(process, signal.SIGINT)
    assert code == 130
    assert f"Stopped: 1 polls, {deals} events, 0 failed polls." in err
    events = invoke("hub", "events", "--hub", hub, "--group", "billing", "--count", str(deals)).rows
    assert {event["type"] for event in events} == {"com.impactiveai.deal.updated"}
    assert len({event["id"] for event in events}) == deals
    table = invoke("hub", "status", "--hub", hub, "--table").out
    assert "billing" in table
    assert invoke("hub", "revive", "zapier/deals", "--hub", hub).code == 2


async def test_a_dead_feed_is_revived(tmp_path: Path) -> None:
    """`hub status` shows dead feeds with their reason, `hub revive` makes them due again."""
    path = tmp_path / "hub.db"
    async with SqliteHub(str(path)) as hub:
        await hub.init()
        await hub.add("zapier/deals")
        claim = await hub.claim(60)
        assert claim is not None
        await hub.fail(claim, "HTTP 404", None)
    url = f"sqlite:///{path}"
    status = await asyncio.to_thread(invoke, "hub", "status", "--hub", url, "--table")
    assert "HTTP 404" in status.out
    revived = await asyncio.to_thread(invoke, "hub", "revive", "zapier/deals", "--hub", url)
    assert (revived.code, revived.err) == (0, "zapier/deals is due now.\n")


@pytest.mark.parametrize(
    ("url", "code"), [("mysql://x", 3), ("redis://127.0.0.1:9/0", 9)], ids=["unknown engine", "not there"]
)
def test_a_hub_that_is_none(url: str, code: int) -> None:
    """A URL of no engine and an engine that is not there are told apart."""
    outcome = invoke("hub", "status", "--hub", url)
    assert outcome.code == code
    assert "Traceback" not in outcome.err


def test_a_worker_starts_now_or_at_the_beginning(live: Live) -> None:
    """A worker's `--since` knows one word."""
    assert live.cli("worker", "--hub", "sqlite:///x.db", "--since", "2026-05-01").code == 2


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_a_killed_import_goes_on_behind_a_symbolic_link(live: Live, tmp_path: Path) -> None:
    """A journal that lies elsewhere is as good as one that lies here, also after a kill."""
    file, link, disk = people(tmp_path, 200), tmp_path / "link.journal", tmp_path / "disk"
    disk.mkdir()
    link.symlink_to(disk / "real.journal")
    command = ("contacts", "import", str(file), "--journal", str(link), "--settle", "0", "--concurrency", "1")
    live.sandbox.fail("POST /api/agent/contacts", after=2, times=1, hold=live.do(_event), commit=True)
    with on_pipes(*command, env=live.env) as process:
        live.arrived("POST /api/agent/contacts", 3)
        stop(process, signal.SIGKILL)
    outcome = live.cli(*command)
    assert outcome.code == 0, outcome.err
    assert set(imported(live).values()) == {1}
    assert len(imported(live)) == 200
    assert stat.S_IMODE((disk / "real.journal").stat().st_mode) == 0o600
