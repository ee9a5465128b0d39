"""The README's programs run, and print what it says they print."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support import PATIENCE

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_quick_start_prints_what_the_readme_shows() -> None:
    """The first program of the README, run as a file of its own, prints the text block behind it."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", blocks("python")[0]],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == blocks("text")[0]


def test_the_quick_start_is_short() -> None:
    """The quick start is at most twenty lines of code."""
    assert sum(bool(line.strip()) for line in blocks("python")[0].splitlines()) <= 20


def test_every_program_of_the_readme_compiles() -> None:
    """Each Python block is a whole module."""
    for number, block in enumerate(blocks("python")):
        compile(block, f"README block {number}", "exec")
