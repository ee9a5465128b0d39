"""Output that cannot be written: a write that is done is told as done, with an exit code of its own."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.cli.support import PATIENCE, Live, Outcome, command_line, environment
from tests.support import often

pytestmark = pytest.mark.slow

DONE_UNSAID = 14
FULL, CLOSED, GONE = "/dev/full", "closed", "gone"
WAYS = [FULL, CLOSED, GONE]


@contextmanager
def target(way: str) -> Iterator[IO[bytes] | int | None]:
    """What a stream goes to; `None` closes it."""
    if way == FULL:
        with Path(FULL).open("wb") as full:
            yield full
    elif way == CLOSED:
        yield None
    else:
        reading, writing = os.pipe()
        os.close(reading)
        try:
            yield writing
        finally:
            os.close(writing)


def run_into(out: str, *arguments: str, err: str | None = None, env: dict[str, str]) -> Outcome:
    """Run a command whose output goes where it cannot, and its errors too with `err`."""
    closed = f"{'>&-' if out == CLOSED else ''} {'2>&-' if err == CLOSED else ''}"
    with target(out) as stdout, target(err or CLOSED) as stderr:
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *command_line(*arguments)],
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE if err is None else stderr,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    return Outcome(done.returncode, "", done.stderr or "")


def the_sentence(outcome: Outcome) -> str:
    (line,) = outcome.err.splitlines()
    assert line.startswith("impactive: standard output cannot be written: ")
    return line


@pytest.mark.parametrize("way", WAYS)
def test_a_write_that_cannot_be_shown_is_told_as_done(live: Live, way: str) -> None:
    """Whatever keeps the output from being written, the contact is made once, and the sentence names it."""
    before = {row.id for row in live.state.rows("contacts")}
    outcome = run_into(way, "contacts", "create", "Ada", "Lovelace", env=live.env)
    (made,) = {row.id for row in live.state.rows("contacts")} - before
    assert outcome.code == DONE_UNSAID
    assert f"is done, so do not repeat it: contact {made}." in the_sentence(outcome)


@pytest.mark.thorough
def test_so_it_is_with_every_write(live: Live, tmp_path: Path) -> None:
    """Sequences, bookings, deals, companies, pauses and enrollments, too: each in one way, or in every way."""
    sequence, contact = live.state.create_sequence("Welcome").id, live.state.rows("contacts")[0].id
    file = tmp_path / "welcome.toml"
    file.write_text('name = "Welcome"\n')
    made = {
        ("sequences", "create", "-f", str(file)): "sequence ",
        ("sequences", "enroll", sequence, "--contact", contact): "enroll: 1 contact: ",
        ("sequences", "pause", sequence, "--all"): '"paused_count": ',
        ("bookings", "create", "--title", "Call"): "booking ",
        ("deals", "create", "Licence"): "deal ",
        ("companies", "create", "Engines"): "company ",
    }
    each_in_one_way = list(zip(made, itertools.cycle(WAYS), strict=False))
    for command, way in often(each_in_one_way, list(itertools.product(made, WAYS))):
        outcome = run_into(way, *command, env=live.env)
        assert outcome.code == DONE_UNSAID, command
        assert made[command] in the_sentence(outcome)


@pytest.mark.parametrize("way", WAYS)
def test_an_import_that_cannot_speak_works_on(live: Live, tmp_path: Path, way: str) -> None:
    """Everybody is created and enrolled all the same, and what was made is counted in the sentence."""
    file, sequence = tmp_path / "people.csv", live.state.create_sequence("Welcome").id
    file.write_text("first,last,email\nAda,A,a@x.example\nBob,B,b@x.example\n")
    outcome = run_into(way, "contacts", "import", str(file), "--enroll", sequence, env=live.env)
    assert outcome.code == DONE_UNSAID
    assert "create: 2 rows: 2 created.; enroll: 2 contacts: 2 enrolled." in the_sentence(outcome)
    assert len(live.state.enrollments(sequence)) == 2


def test_what_is_missing_outranks_what_is_unsaid(live: Live, tmp_path: Path) -> None:
    """An import that left somebody out is to be run again, whether or not it could say so."""
    file = tmp_path / "people.csv"
    file.write_text("first,last,company id\nAda,A,\nBob,B,com_gone\n")
    outcome = run_into(FULL, "contacts", "import", str(file), env=live.env)
    assert outcome.code == 10
    assert "people.csv:3: not created" in outcome.err


@pytest.mark.parametrize(("way", "code"), [(FULL, 14), (CLOSED, 14), (GONE, 141)])
@pytest.mark.parametrize("command", [("contacts", "list"), ("watch", "deals", "--count", "1")], ids=lambda c: c[0])
def test_a_read_that_cannot_be_shown(live: Live, way: str, code: int, command: tuple[str, ...]) -> None:
    """It is no mistake of the command line, and no success."""
    outcome = run_into(way, *command, env=live.env)
    assert outcome.code == code
    assert outcome.err == "" if way == GONE else the_sentence(outcome)
    assert "do not repeat" not in outcome.err


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("sequences", "template")], ids=lambda c: c[-1])
@pytest.mark.parametrize("way", WAYS)
def test_what_needs_no_workspace(way: str, command: tuple[str, ...]) -> None:
    """Help that has nowhere to go ends in a sentence, too, or in silence; never in a traceback."""
    outcome = run_into(way, *command, env={})
    assert "Traceback" not in outcome.err
    assert "Exception ignored" not in outcome.err
    assert len(outcome.err.splitlines()) <= 1
    assert outcome.code == (141 if way == GONE else DONE_UNSAID)
    if way != GONE:
        the_sentence(outcome)


@pytest.mark.parametrize("way", WAYS)
def test_errors_that_nobody_can_hear_change_no_exit_code(live: Live, way: str) -> None:
    """A standard error that is full, closed or unread makes no failure of a success, and hides none."""
    sequence, contact = live.state.create_sequence("Welcome").id, live.state.rows("contacts")[0].id
    live.state.enroll(sequence, [contact])
    unenroll = ("sequences", "unenroll", sequence, contact)
    assert [run_into(CLOSED, *unenroll, err=way, env=live.env).code for _ in range(2)] == [0, 5]
    assert run_into(CLOSED, "contacts", "create", "Ada", "L", err=way, env=live.env).code == DONE_UNSAID
