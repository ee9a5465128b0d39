"""What is published: wheel and sdist, in clean environments, on each Python, with old and new dependencies."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.evidence.parts import ROOT, interpreter, new_environment, run, succeed

VERSIONS = ("3.11", "3.12", "3.13")
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SUITE = (
    *("tests/http", "tests/models", "tests/stores/test_stores.py", "tests/resources", "tests/test_client.py"),
    *("tests/feeds/test_feed.py", "tests/feeds/test_cursor_laws.py", "tests/feeds/test_workspace.py"),
    *("tests/bulk/test_create_many.py", "tests/bulk/test_enroll_many.py", "tests/test_pytest_plugin.py"),
)
# orjson before 3.12 writes 1e16 where later ones, and the standard library, write 1e+16: the same number.
SPELT_DIFFERENTLY = "tests/http/test_json_bytes.py::test_both_write_the_same[orjson-1e+16-1e+16]"
TOOLS = ("anyio", "pytest", "pytest-asyncio", "pytest-xdist", "aioresponses", "hypothesis", "trustme")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist, and the source they are made of: a copy of what git would commit, as of one moment."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = succeed(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT)
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    succeed([sys.executable, "-m", "build", "--outdir", out, source], cwd=out)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return {"source": source, "wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The interpreters of two environments that have the package and what it needs, each from one form of it."""
    folder = tmp_path_factory.mktemp("installed")
    return {form: new_environment(folder / form, str(built[form])) for form in ("wheel", "sdist")}


def test_twine_has_nothing_to_say(built: dict[str, Path]) -> None:
    """Metadata and README are as PyPI wants them, without a warning."""
    succeed([sys.executable, "-m", "twine", "check", "--strict", built["wheel"], built["sdist"]], cwd=ROOT)


def test_the_wheel_has_the_package_and_nothing_else(built: dict[str, Path]) -> None:
    """No tests, docs, examples; every module, the data files, the marker of typing, the licence."""
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    info = f"impactive_async-{built['wheel'].name.split('-')[1]}.dist-info/"
    package = {name for name in names if not name.startswith(info)}
    source = {str(path.relative_to(built["source"])) for path in built["source"].rglob("*") if path.is_file()}
    assert package == {name for name in source if name.startswith("impactive_async/")}
    assert {"impactive_async/py.typed", "impactive_async/sandbox/openapi.json", f"{info}licenses/LICENSE"} <= names


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_the_quick_start_runs_without_extras(installed: dict[str, Path], form: str, tmp_path: Path) -> None:
    """Installed alone, into an empty environment, the README's first program prints what it should."""
    program, expected = _quick_start()
    assert succeed([installed[form], "-W", "error", "-c", program], cwd=tmp_path) == expected
    code, said = run([installed[form].parent / "impactive", "demo"], cwd=tmp_path)
    assert code != 0
    assert "impactive-async[cli]" in said  # what to do about it, rather than a traceback
    assert "Traceback" not in said


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != THIS])
def test_newest_dependencies_on_other_pythons(built: dict[str, Path], version: str, tmp_path: Path) -> None:
    """The core passes its tests on each supported Python, with whatever is newest for it."""
    python = new_environment(tmp_path / "venv", str(built["wheel"]), *TOOLS, python=interpreter(version))
    _pass_the_core_tests(python, built["source"], tmp_path)


def test_oldest_dependencies(built: dict[str, Path], tmp_path: Path) -> None:
    """The core passes its tests with the lower bound of each dependency."""
    oldest = [re.sub(r"[>]=\s*", "==", requirement) for requirement in PROJECT["dependencies"]]
    python = new_environment(tmp_path / "venv", str(built["wheel"]), *oldest, *TOOLS)
    _pass_the_core_tests(python, built["source"], tmp_path, f"--deselect={SPELT_DIFFERENTLY}")


def test_no_dependency_is_known_to_be_vulnerable(installed: dict[str, Path], tmp_path: Path) -> None:
    """pip-audit finds nothing in what the package brings along; skipped where it cannot reach its database."""
    frozen = succeed([installed["wheel"], "-m", "pip", "freeze", "--exclude", "impactive-async"], cwd=tmp_path)
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


def _pass_the_core_tests(python: Path, source: Path, folder: Path, *options: str) -> None:
    """Run them against the installed package: from a folder that has the tests, and not the package's source."""
    shutil.copytree(source / "tests", folder / "tests")
    shutil.copy(source / "pyproject.toml", folder)
    said = succeed(
        [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *SUITE, *options],
        cwd=folder,
        patience=300,
    )
    assert re.search(r"\d{3,} passed", said), said
