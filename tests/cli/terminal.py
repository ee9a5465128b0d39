"""The command line as a program: on a pseudo-terminal, or with pipes, alive and signalled."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from tests.cli.support import PATIENCE, command_line, environment

_IN_FRONT = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal the controlling one, so that Ctrl-C typed into it becomes a signal."""

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


@attrs.define
class Terminal:
    """A program on a pseudo-terminal."""

    _process: subprocess.Popen[bytes]
    _master: int
    _seen: bytes = b""

    @property
    def raw(self) -> str:
        """All that was ever drawn, without colors and the moves of a cursor."""
        return _ESCAPES.sub(b"", self._seen).decode(errors="replace").replace("\r\n", "\n")

    @property
    def screen(self) -> str:
        """All that was ever drawn, without escape sequences, and as if lines had no end."""
        return " ".join(self.raw.split())

    def wait_for(self, sight: str | Callable[[str], bool]) -> None:
        """Read until something is seen."""
        seen = sight if callable(sight) else lambda screen: sight in screen
        deadline = time.monotonic() + PATIENCE
        while not seen(self.screen):
            assert time.monotonic() < deadline, self.screen
            assert self._read(), self.screen

    @property
    def drawn(self) -> str:
        """All that was ever drawn, as it came."""
        return self._seen.decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def end(self) -> int:
        """Read to the end; returns the exit code."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], PATIENCE)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: everybody at the other side has gone
            return False
        self._seen += data
        return bool(data)


@contextmanager
def on_terminal(*arguments: str, env: Mapping[str, str], columns: int = 100) -> Iterator[Terminal]:
    """Run a command on a pseudo-terminal."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, columns))
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_FRONT, *command_line(*arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**environment(env), "COLUMNS": str(columns)},
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@contextmanager
def on_pipes(*arguments: str, env: Mapping[str, str], before: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a command with pipes, to talk to while it runs; in its process, Python statements may go before."""
    start = (sys.executable, "-c", f"{before}\nfrom impactive_async.cli import main; main()", *arguments)
    process = subprocess.Popen(
        start if before else command_line(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(env),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the kernel knows: it tells nobody, so it is asked again and again."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send a signal and wait; returns the exit code and what was said on stderr."""
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err
