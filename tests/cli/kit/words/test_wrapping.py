"""Long notes are broken between words where somebody reads them, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios

PATH = "/home/ada/" + "x" * 60 + "/leads.csv"
NOTE = (
    f"3 lines to correct: {PATH} has them with their reasons. Correct that file, and import it  by itself.\nShort."
)
PROGRAM = f"from impactive_async.cli.kit.streams import write_err; write_err({NOTE!r})"


def on_a_terminal(columns: int) -> str:
    """What the program shows on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    try:
        subprocess.run([sys.executable, "-c", PROGRAM], stderr=theirs, check=True)
        return os.read(ours, 10_000).decode().replace("\r\n", "\n")
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_gets_whole_words() -> None:
    """A path that is longer than a line stays whole, so that it can be copied; what is short stays as it is."""
    shown = on_a_terminal(40)
    assert shown.split() == NOTE.split()
    assert all(len(line) <= 40 or line == PATH for line in shown.splitlines())
    assert shown.splitlines()[-1] == "Short."
    assert "import it  by itself." in shown.replace("\n", " ")


def test_a_wide_terminal_gets_the_text_as_it_is() -> None:
    """And so does one that does not say how wide it is."""
    for columns in (400, 0):
        assert on_a_terminal(columns) == f"{NOTE}\n"


def test_a_pipe_gets_one_line_a_note() -> None:
    """Programs that read notes find each of them on its line."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr == f"{NOTE}\n"
