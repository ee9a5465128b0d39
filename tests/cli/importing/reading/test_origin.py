"""Where the bytes of a table come from."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import PATIENCE, Live, command_line, environment

PEOPLE = "First Name,Last Name,Email\nAda,Lovelace,ada@stdin.example\nBob,Moore,bob@stdin.example\n"


def piped(live: Live, *arguments: str, data: bytes, **env: str) -> subprocess.CompletedProcess[bytes]:
    """A command with this on its standard input."""
    return subprocess.run(
        command_line("contacts", "import", *arguments),
        env=environment({**live.env, **env}),
        input=data,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())], ids=["plain", "gzip"])
def test_standard_input_is_imported(live: Live, tmp_path: Path, name: str, pack: object) -> None:
    """Whatever it is called; the journal goes where its user says, and nothing else is left behind."""
    journal, spool = tmp_path / "my.journal", tmp_path / "spool"
    spool.mkdir()
    data = pack(PEOPLE)  # type: ignore[operator]
    done = piped(live, name, "--journal", str(journal), data=data, TMPDIR=str(spool))
    assert done.returncode == 0, done.stderr
    emails = {row.fields.get("email") for row in live.state.rows("contacts")}
    assert {"ada@stdin.example", "bob@stdin.example"} <= emails
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my.journal", "spool"]
    assert list(spool.iterdir()) == []
    assert live.cli("contacts", "imported", "-", "--journal", str(journal)).rows[0]["line"] == 2


@pytest.mark.silent
@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_stream_needs_a_place_for_its_journal(live: Live, name: str) -> None:
    """None is put beside a device; nobody is created without one."""
    done = piped(live, name, data=PEOPLE.encode())
    assert done.returncode == 2
    assert b"say where, --journal FILE" in done.stderr
    assert not Path("/dev/stdin.journal").exists()


@pytest.mark.silent
def test_a_stream_can_be_looked_at_without_a_journal(live: Live) -> None:
    """`--dry-run` writes none."""
    done = piped(live, "-", "--dry-run", data=PEOPLE.encode())
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 2)


def test_a_named_pipe_is_a_stream(live: Live, tmp_path: Path) -> None:
    """It can be read once, and is imported all the same."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", f'printf "{PEOPLE}" > {pipe}'])
    outcome = live.cli("contacts", "import", str(pipe), "--dry-run")
    assert (outcome.code, len(outcome.rows)) == (0, 2)
    assert writer.wait(PATIENCE) == 0


def test_rejects_of_a_stream_stand_beside_its_journal(live: Live, tmp_path: Path) -> None:
    """There is no file to put them beside."""
    done = piped(
        live,
        "-",
        "--journal",
        str(tmp_path / "my.journal"),
        "--skip-bad",
        data=PEOPLE.encode() + b"Eve,,e@x.example\n",
    )
    assert done.returncode == 10
    assert "no last name" in (tmp_path / "my.journal.rejects.csv").read_text(encoding="utf-8-sig")
