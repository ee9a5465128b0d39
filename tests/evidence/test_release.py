"""What would be published, in empty environments: `make release-check` runs this over `dist/`."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from impactive_async import __version__
from tests.docs.pages import blocks
from tests.evidence.parts import ROOT, pip_of, run, succeed


def test_twine_has_nothing_to_say(built: dict[str, Path]) -> None:
    """Metadata and README are as PyPI wants them, without a warning."""
    succeed([sys.executable, "-m", "twine", "check", "--strict", built["wheel"], built["sdist"]], cwd=ROOT)


def test_the_wheel_has_the_package_and_nothing_else(built: dict[str, Path], source: Path) -> None:
    """No tests, docs, examples; every module, the data files, the marker of typing, the licence."""
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    info = f"impactive_async-{built['wheel'].name.split('-')[1]}.dist-info/"
    package = {name for name in names if not name.startswith(info)}
    files = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    assert package == {name for name in files if name.startswith("impactive_async/")}
    assert {
        "impactive_async/py.typed",
        "impactive_async/sandbox/api/openapi.json",
        f"{info}licenses/LICENSE",
    } <= names


def test_both_have_the_version_of_the_source(built: dict[str, Path]) -> None:
    """What lies in `dist/` was built from this version."""
    assert built["wheel"].name.split("-")[1] == __version__
    assert built["sdist"].name == f"impactive_async-{__version__}.tar.gz"


def test_the_sdist_has_what_contributors_are_told_of(built: dict[str, Path], source: Path) -> None:
    """From the sdist alone one can read how to change the package, and run its tests."""
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {str(path.relative_to(source)) for path in (source / "tests").rglob("*") if path.is_file()}
    assert {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", "docs/design.md", *tests} <= names


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_the_quick_start_runs_without_extras(installed: dict[str, Path], form: str, tmp_path: Path) -> None:
    """Installed alone, into an empty environment, the README's first program prints what it should."""
    program, expected = _quick_start()
    assert succeed([installed[form], "-W", "error", "-c", program], cwd=tmp_path) == expected
    code, said = run([installed[form].parent / "impactive", "demo"], cwd=tmp_path)
    assert code != 0
    assert "impactive-async[cli]" in said  # what to do about it, rather than a traceback
    assert "Traceback" not in said


def test_no_dependency_is_known_to_be_vulnerable(installed: dict[str, Path], tmp_path: Path) -> None:
    """pip-audit finds nothing in what the package brings along; skipped where it cannot reach its database."""
    frozen = succeed([*pip_of(installed["wheel"]), "freeze", "--exclude", "impactive-async"], cwd=tmp_path)
    (tmp_path / "frozen.txt").write_text(frozen)
    audit = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    code, said = run([*audit, "--timeout", "10", "-r", tmp_path / "frozen.txt"], cwd=tmp_path)
    if code != 0 and "known vulnerabilit" not in said:
        pytest.skip(f"pip-audit could not run: {said.strip().splitlines()[-1][:200]}")
    assert code == 0, said


def _quick_start() -> tuple[str, str]:
    code, text = (
        next(block.code for block in blocks("README.md") if block.language == language)
        for language in ("python", "text")
    )
    return code, text
