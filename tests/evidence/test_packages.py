"""The package on each Python, with the oldest and the newest dependencies."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from tests.evidence.parts import ROOT, interpreter, new_environment, succeed

pytestmark = pytest.mark.timeout(1500)  # each test installs the package and runs a suite
VERSIONS = ("3.11", "3.12", "3.13")
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SUITE = (
    *("tests/http", "tests/codec", "tests/models", "tests/stores/test_stores.py", "tests/resources"),
    *("tests/feeds/test_feed.py", "tests/feeds/cursor/test_cursor_laws.py", "tests/feeds/workspace"),
    *("tests/bulk/create/test_create_many.py", "tests/bulk/test_enroll_many.py", "tests/test_pytest_plugin.py"),
    "tests/test_client.py",
)
# What it compares with the registry of lists includes the command line, which is an extra.
NOT_CORE = "--ignore=tests/resources/watching"
# orjson before 3.12 writes 1e16 where later ones, and the standard library, write 1e+16: the same number.
SPELT_DIFFERENTLY = "tests/codec/test_json_bytes.py::test_both_write_the_same[orjson-1e+16-1e+16]"
TOOLS = (
    *("fastapi", "jsonschema", "opentelemetry-sdk", "uvicorn"),  # what rows and calls are handed to
    "anyio",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
    "pytest-xdist",
    "aioresponses",
    "hypothesis",
    "trustme",
)


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != THIS])
def test_newest_dependencies_on_other_pythons(
    built: dict[str, Path], source: Path, version: str, tmp_path: Path
) -> None:
    """The core passes its tests on each supported Python, with whatever is newest for it."""
    python = new_environment(tmp_path / "venv", str(built["wheel"]), *TOOLS, python=interpreter(version))
    _pass_the_core_tests(python, source, tmp_path)


def test_oldest_dependencies(built: dict[str, Path], source: Path, tmp_path: Path) -> None:
    """The core passes its tests with the lower bound of each dependency."""
    oldest = [re.sub(r"[>]=\s*", "==", requirement) for requirement in PROJECT["dependencies"]]
    python = new_environment(tmp_path / "venv", str(built["wheel"]), *oldest, *TOOLS)
    _pass_the_core_tests(python, source, tmp_path, f"--deselect={SPELT_DIFFERENTLY}")


def _pass_the_core_tests(python: Path, source: Path, folder: Path, *options: str) -> None:
    """Run them against the installed package: from a folder that has the tests, and not the package's source."""
    shutil.copytree(source / "tests", folder / "tests")
    shutil.copy(source / "pyproject.toml", folder)
    said = succeed(
        [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *SUITE, NOT_CORE, *options],
        cwd=folder,
        patience=1200,
    )
    assert re.search(r"\d{3,} passed", said), said
