"""Ctrl-C ends what waits, what reads and what computes, at once and with a line that says what was done."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from impactive_async.cli.kit.ending import signals
from impactive_async.cli.kit.ending.signals import Signals
from impactive_async.cli.kit.run import Options, Run
from impactive_async.cli.kit.show import Output
from tests.cli.support import PATIENCE, Live, command_line, environment
from tests.cli.terminal import on_pipes, stop, until

pytestmark = pytest.mark.slow

NOTHING = "Stopped; nothing was sent.\n"
POST = "POST /api/agent/contacts"


def wait_until_it_reads(process: subprocess.Popen[str], what: str) -> None:
    """Wait until the program has this file open, and has come to rest or to work on it."""
    until(lambda: any(what in target for target in open_files(process.pid)))


def wait_until_its_pipe_fills_up(process: subprocess.Popen[str]) -> None:
    """Wait until the program has filled most of it, on its way to writing more than it takes."""
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    until(lambda: waiting_in(pipe) >= fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) // 2)


def waiting_in(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def open_files(pid: int) -> Sequence[str]:
    targets = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            targets.append(str(link.readlink()))
    return targets


@pytest.mark.silent
@pytest.mark.parametrize(
    "command",
    [
        ("sequences", "enroll", "seq_1", "--contacts"),
        ("sequences", "create", "-f"),
        ("contacts", "import"),
    ],
    ids=lambda command: command[1],
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_while_it_reads(
    live: Live, tmp_path: Path, command: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    """A named pipe that nothing comes out of, or a file that takes long: the signal is heard."""
    source = tmp_path / "people.csv"
    if command[1] == "import":
        source.write_text("first,last\n" + "Ada,Lovelace\n" * 3_000_000)
    else:
        os.mkfifo(source)
    with on_pipes(*command, str(source), env=live.env) as process:
        writing = os.open(source, os.O_WRONLY) if command[1] != "import" else None
        wait_until_it_reads(process, "people.csv")
        ended, err = stop(process, number)
        if writing is not None:
            os.close(writing)
    assert (ended, err) == (code, NOTHING)
    assert not live.sandbox.requests


async def test_a_read_that_begins_as_the_signal_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not interrupted, because the signal has come to another thread, or just before it: it is woken."""
    monkeypatch.setattr(signals, "UNHEARD", 0.01)
    read_end, write_end = os.pipe()
    heard, too_late = Signals(), threading.Event()

    def end() -> None:
        too_late.set()
        os.write(write_end, b"x")

    late = threading.Timer(PATIENCE, end)
    late.start()
    with heard.handled():
        other = threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
        other.start()
        with pytest.raises(asyncio.CancelledError), heard.at_once():
            os.read(read_end, 1)
    other.join()
    assert heard.code == 143
    assert not too_late.is_set()
    late.cancel()
    os.close(read_end)
    os.close(write_end)


class Finalized:
    """A signal comes while it is finalized."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("wait", [True, False], ids=["the block waits", "the block ends"])
async def test_a_signal_whose_end_python_ignores(
    wait: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes while a finalizer or a weak reference's callback runs, as imports have some: it is heard."""
    monkeypatch.setattr(signals, "UNHEARD", 0.01)
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    read_end, write_end = os.pipe()
    heard, too_late = Signals(), threading.Event()

    def end() -> None:
        too_late.set()
        os.write(write_end, b"x")

    def work() -> None:
        Finalized()
        if wait:
            os.read(read_end, 1)

    late = threading.Timer(PATIENCE, end)
    late.start()
    with heard.handled(), pytest.raises(asyncio.CancelledError), heard.at_once():
        work()
    late.cancel()
    assert heard.code == 143
    assert not too_late.is_set()
    assert capsys.readouterr().err == ""
    os.close(read_end)
    os.close(write_end)


@pytest.mark.silent
def test_while_it_waits_for_standard_input(live: Live) -> None:
    """What is typed or piped in may never come to its end."""
    process = subprocess.Popen(
        command_line("sequences", "enroll", "seq_1", "--contacts", "-", "--debug"),
        env=environment(live.env),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write("con_1\n")
    process.stdin.flush()
    typed = process.stdin.fileno()
    until(lambda: waiting_in(typed) == 0)  # it has read the line, and waits for the next
    code, err = stop(process, signal.SIGINT)
    assert code == 130
    assert err.endswith(NOTHING)


def test_while_nobody_reads_what_it_writes(live: Live) -> None:
    """A full pipe is waited for, and left when the signal comes."""
    for number in range(100):
        live.state.create_contact("Somebody", f"Number {number} {'x' * 4000}")
    with on_pipes("contacts", "list", env=live.env) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        wait_until_its_pipe_fills_up(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130


def test_an_import_lists_what_failed_until_then(live: Live, tmp_path: Path) -> None:
    """The first lines were refused: Ctrl-C tells them, and the next run tries them again."""
    file = tmp_path / "people.csv"
    bad = "Bob,B,com_gone\n"
    file.write_text("first,last,company id\n" + bad + "Ada,A,\n" * 4000)
    live.sandbox.fail("POST /api/agent/contacts", delay=0.05, times=None, after=20)
    command = ("contacts", "import", str(file), "--batch-size", "10", "--concurrency", "1")
    patient = "import impactive_async.cli.importing.sending.create as create; create.GRACE = 100"
    with on_pipes(*command, env=live.env, before=patient) as process:
        live.arrived(POST, 30)
        code, err = stop(process, signal.SIGINT)
    assert code == 130
    assert f"{file}:2: not created: " in err
    assert err.endswith(f"Stopped; {file}.journal knows how far: the same command goes on from there.\n")
    assert "perhaps" not in err  # what was under way was answered, so that there is nothing to look for
    live.sandbox.clear_faults()
    again = live.cli("contacts", "import", str(file))
    assert (again.code, again.rows[0]["failed"]) == (10, 1)
    assert sum(row.fields.get("firstName") == "Ada" for row in live.state.rows("contacts")) == 4000 + 1


def test_an_import_that_cannot_wait_says_how_many_failed(live: Live, tmp_path: Path) -> None:
    """Where the requests under way are not answered in time, the lines that failed are at least counted."""
    file = tmp_path / "people.csv"
    file.write_text("first,last,company id\nBob,B,com_gone\n" + "Ada,A,\n" * 1000)
    # Requests take turns: Bob is found out by the ninth of his batch, and four other batches are under way.
    held = live.do(_event)
    live.sandbox.fail("POST /api/agent/contacts", after=60, times=None, hold=held)
    command = ("contacts", "import", str(file), "--batch-size", "10", "--concurrency", "1")
    with on_pipes(*command, env=live.env) as process:
        live.arrived(POST, 61)
        code, err = stop(process, signal.SIGINT)
    assert code == 130
    assert err.endswith("from there. Until then 1 line failed; the next run tries again, and lists what fails.\n")


async def _event(_: object) -> asyncio.Event:
    return asyncio.Event()


async def test_the_second_signal_does_not_wait() -> None:
    """Grace is for the first one."""
    signals, acts = Signals(), list[str]()

    async def work() -> None:
        with signals.handled(), signals.grace(lambda: acts.append("stop"), 3600):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert acts == ["stop"]
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert (acts, signals.code) == (["stop"], 143)


async def test_a_signal_that_arrives_between_two_blocks_ends_the_second() -> None:
    """The event loop has no turn between them, in which it would hear of the signal."""
    signals, read = Signals(), list[str]()

    async def work() -> None:
        with signals.handled():
            with signals.at_once():
                read.append("first")
            os.kill(os.getpid(), signal.SIGINT)
            with signals.at_once():
                read.append("second")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert (read, signals.code) == (["first"], 130)


async def test_a_block_within_a_block_leaves_the_outer_one_as_it_was() -> None:
    """A note written while a file is read does not make the rest of it deaf."""
    signals, read = Signals(), list[str]()

    async def work() -> None:
        with signals.handled(), signals.at_once():
            with signals.at_once():
                pass
            os.kill(os.getpid(), signal.SIGINT)
            read.append("the rest")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert not read


async def test_what_a_signal_has_ended_is_cleaned_up_undisturbed() -> None:
    """The signal that ended a block does not end, at the loop's next turn, what closes connections."""
    signals, closed = Signals(), list[str]()

    async def work() -> None:
        with signals.handled():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                with signals.at_once():
                    pytest.fail("the block began")
            finally:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                closed.append("all")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert closed == ["all"]


async def test_signals_are_given_back() -> None:
    """Whoever heeded them before heeds them again."""
    before = signal.getsignal(signal.SIGINT)
    signals = Signals()
    with signals.handled():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_command_says_does_not_hide_a_signal() -> None:
    """Its own exit code counts where no signal came, or the signal was a request to stop that it has followed."""
    run = Run(options=Options(), out=Output())
    run.code = 10
    assert (run.code, run.stopped_as_asked()) == (10, False)
    run.signals.code = 143  # it arrives while the command shows what it did
    run.code = 0
    assert run.code == 143
    assert run.stopped_as_asked()
    assert run.code == 0
    run.signals.code = 130
    assert (run.stopped_as_asked(), run.code) == (False, 130)
