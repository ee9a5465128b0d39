"""What the Makefile says where it cannot go on; what it does is seen by whoever runs it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]


def make_environment(folder: Path, python: str) -> tuple[int, str]:
    """Have make create the virtual environment in `folder` with such a Python: exit code, and all it said."""
    stub = folder / "python"
    stub.write_text(f"#!/bin/sh\n{python}\n")
    stub.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", ROOT, f"PYTHON={stub}", f"VENV={folder}/venv", f"{folder}/venv/bin/python"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def test_help_names_what_there_is() -> None:
    """Every target for people is listed with what it is for."""
    done = subprocess.run(
        ["make", "-C", ROOT, "help"], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    listed = re.findall(r"^make (\S+) +\S", done.stdout, re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    parts_of_test = {"lint", "types", "layers", "changed", "unit"}
    assert set(listed) == set(phony.split()) - parts_of_test


def test_an_old_python_is_told_which_is_needed(tmp_path: Path) -> None:
    """Before anything is made, and with the way to name another."""
    code, said = make_environment(tmp_path, "exit 1")
    assert code != 0
    assert "needs Python 3.11 or newer; try: make PYTHON=python3.12" in said
    assert not (tmp_path / "venv").exists()


def test_half_an_environment_is_not_left(tmp_path: Path) -> None:
    """Where `venv` fails half-way, as without Debian's python3-venv, the next try begins anew."""
    code, _ = make_environment(
        tmp_path,
        f'[ "$1" = -c ] && exit 0; mkdir -p {tmp_path}/venv/bin; touch {tmp_path}/venv/bin/python; exit 1',
    )
    assert code != 0
    assert not (tmp_path / "venv").exists()
