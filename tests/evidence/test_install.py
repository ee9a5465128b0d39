"""The script that fetches the foreign parts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.evidence.parts import PARTS
from tests.support import PATIENCE

INSTALL = Path(__file__).parent / "install"
FETCHERS = ("npm", "apt-get", "dpkg-deb")


def install(into: Path, stubs: Path) -> tuple[list[str], str]:
    """Run the script where nothing can be fetched: who was asked to fetch, and what was said."""
    stubs.mkdir()
    for name in FETCHERS:
        (stubs / name).write_text(f"#!/bin/sh\necho {name} >> {stubs}/asked\nexit 1\n")
        (stubs / name).chmod(0o755)
    environment = {"PATH": f"{stubs}:/usr/bin:/bin"}
    done = subprocess.run(
        [INSTALL, into], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    asked = stubs / "asked"
    return (asked.read_text().split() if asked.exists() else []), done.stderr


def test_what_is_absent_is_fetched_and_a_failure_is_said(tmp_path: Path) -> None:
    """Each part that is not there is asked for; that it cannot be had is said, and is not the script's failure."""
    asked, said = install(tmp_path / "parts", tmp_path / "stubs")
    assert "npm" in asked
    assert "npm could not install Prism" in said
    for program in ("nginx", "promtool", "pgbouncer"):
        if not shutil.which(program, path="/usr/sbin:/usr/bin:/bin"):
            assert "apt-get" in asked
            assert f"apt-get fetched no {program} that runs here" in said


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """A second run asks nobody, and says nothing."""
    if not all((PARTS / part).exists() for part in ("node_modules/.bin/prism", "nginx", "pgbouncer")):
        pytest.skip("`make evidence` has not fetched the parts on this machine")
    assert install(PARTS, tmp_path / "stubs") == ([], "")
