"""Which tests belong to what was changed: `make check` runs `python -m tests.project.changed`.

Tests mirror modules, so the path of a changed file names its tests: they are in the folder of the same name, or in
the next one above that exists. The import graph would not help: nearly every test imports the client, and with it
nearly every module.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
MAINS = ("origin/main", "main")
"""Where a branch may have left from; the first one that exists counts."""

ALWAYS = frozenset({"tests/test_hygiene.py", "tests/test_import.py", "tests/test_public_names.py"})
BESIDE = {
    "CONTRIBUTING.md": {"tests/docs/test_blocks.py", "tests/project"},
    "README.md": {"tests/docs/test_blocks.py", "tests/docs/test_readme.py"},
    "docs": {"tests/docs"},
    "examples": {"tests/examples"},
    "pyproject.toml": {"tests/docs/test_build.py", "tests/project"},
}
"""Tests of files and folders that no folder of tests mirrors; the others have those in `tests/project`."""


def belonging_to(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """Paths of the tests to run after these files were changed; all paths are relative to `root`."""
    return sorted(ALWAYS.union(*(_belonging_to(PurePosixPath(path), root) for path in changed)))


def _belonging_to(path: PurePosixPath, root: Path) -> set[str]:
    if path.parts[0] == "impactive_async":
        return _mirror(path.relative_to("impactive_async"), root)
    if path.parts[0] == "tests":
        return _touched(path, root)
    return BESIDE.get(path.parts[0], {"tests/project"})


def _touched(path: PurePosixPath, root: Path) -> set[str]:
    """The changed test itself, or the tests that a changed helper stands beside."""
    if path.parts[1] == "evidence" or path.suffix != ".py":
        return set()
    if path.name.startswith("test_"):
        return {str(path)} if (root / path).exists() else set()
    return _in(path.parent, root)


def _mirror(module: PurePosixPath, root: Path) -> set[str]:
    """The tests in the folder of the same name, without leading underscores, or the nearest one above it."""
    folder = PurePosixPath("tests", *(part.lstrip("_") for part in module.parent.parts))
    while not (root / folder).is_dir():
        folder = folder.parent
    alike = {str(path.relative_to(root)) for path in (root / folder).glob(f"test_{module.stem.strip('_')}*.py")}
    return alike if folder.name == "tests" else alike | _in(folder, root)


def _in(folder: PurePosixPath, root: Path) -> set[str]:
    """The test files directly in a folder."""
    return {str(path.relative_to(root)) for path in (root / folder).glob("test_*.py")}


def changed_files(root: Path = ROOT) -> list[str]:
    """What differs from where this branch left the main one, committed or not, and what git does not know yet."""
    new = _git(root, "ls-files", "--others", "--exclude-standard") or []
    return [*(_git(root, "diff", "--name-only", _base(root)) or []), *new]


def _base(root: Path) -> str:
    found = (_git(root, "merge-base", "HEAD", main) for main in MAINS)
    return next((commit for (commit,) in filter(None, found)), "HEAD")


def _git(root: Path, *arguments: str) -> list[str] | None:
    """The lines that git prints; `None` if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


if __name__ == "__main__":
    sys.stdout.write("\n".join(belonging_to(changed_files())) + "\n")
