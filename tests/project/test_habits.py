"""What contributors are told agrees with what there is."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

from pre_commit.clientlib import load_config  # type: ignore[import-untyped]

from impactive_async import __version__
from tests.docs.pages import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ROOT_FILES = {
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "Makefile", "pyproject.toml"),
    *("impactive_async", "tests", "benchmarks", "docs", "examples"),
    *(".ci", ".github", ".gitignore", ".pre-commit-config.yaml", ".readthedocs.yaml"),
}


def headings() -> list[str]:
    """The versions of the changelog, newest first, as they stand there."""
    return re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def committed() -> set[str]:
    """What git would show in the root; a copy without git has only what was copied."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    return {path.name for path in ROOT.iterdir() if not any(path.match(pattern) for pattern in ignored)} - {".git"}


def test_the_root_has_nothing_that_belongs_elsewhere() -> None:
    """A new file in the root is either one that every project has, or it belongs into a folder."""
    assert committed() <= ROOT_FILES


def test_a_version_under_development_is_not_in_the_changelog_yet() -> None:
    """A `.dev` version comes after the newest dated one; a released one is the newest, with its day."""
    newest, *older = headings()
    if ".dev" in __version__:
        assert newest == "[Unreleased]"
        (newest, *_) = older
    version, day = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", newest).groups()  # type: ignore[union-attr]
    date.fromisoformat(day)
    released = tuple(map(int, version.split(".")))
    ours = tuple(map(int, __version__.partition(".dev")[0].split(".")))
    assert released < ours if ".dev" in __version__ else released == ours


def test_versions_of_the_changelog_descend() -> None:
    """Each released version stands above the ones before it, dates included."""
    dated = [re.findall(r"\d+", heading) for heading in headings() if heading != "[Unreleased]"]
    found = [tuple(map(int, numbers)) for numbers in dated]
    assert found == sorted(found, reverse=True)
    assert [numbers[3:] for numbers in found] == sorted((numbers[3:] for numbers in found), reverse=True)


def test_commands_for_contributors_exist() -> None:
    """Each `make` command that CONTRIBUTING names is a target; each file there, or in the Makefile, exists."""
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", CONTRIBUTING)) <= targets
    paths = re.findall(r"`((?:impactive_async|tests|docs)/[\w/.]+)`", CONTRIBUTING)
    paths += re.findall(r"\btests/[\w/.]+", MAKEFILE)
    assert [path for path in paths if not (ROOT / path).exists() and not path.startswith("docs/_build")] == []


def test_hooks_before_a_commit_are_those_of_make() -> None:
    """The configuration is valid, and every hook runs a tool of `.venv` that `make check` runs too."""
    config = load_config(str(ROOT / ".pre-commit-config.yaml"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        tool, *arguments = shlex.split(hook["entry"])
        name = "pytest" if "pytest" in arguments else Path(tool).name
        assert f"$(BIN)/{name}" in MAKEFILE
        assert all((ROOT / argument).exists() for argument in arguments if argument.startswith("tests/"))


def test_the_hosted_workflow_runs_what_ci_runs() -> None:
    """There is one script for every CI; it may be executed."""
    steps = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"run: (\.\S+)", steps) == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
