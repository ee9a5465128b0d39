"""Which tests `make check` runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.project.changed import ALWAYS, belonging_to, changed_files

FILES = (
    "tests/test_client.py",
    "tests/test_errors.py",
    "tests/support.py",
    "tests/feeds/test_feed.py",
    "tests/feeds/cursor/test_gaps.py",
    "tests/feeds/cursor/test_laws.py",
    "tests/feeds/cursor/lists.py",
    "tests/http/test_retry.py",
    "tests/evidence/test_nginx.py",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with these tests, all committed on main."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "Add files")


CURSOR = {"tests/feeds/cursor/test_gaps.py", "tests/feeds/cursor/test_laws.py"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("impactive_async/feeds/cursor/gaps.py", CURSOR),
        ("impactive_async/_http/retry.py", {"tests/http/test_retry.py"}),
        ("impactive_async/feeds/pacing/pace.py", {"tests/feeds/test_feed.py"}),
        ("impactive_async/client.py", {"tests/test_client.py"}),
        ("impactive_async/_version.py", set()),
        ("tests/feeds/cursor/test_laws.py", {"tests/feeds/cursor/test_laws.py"}),
        ("tests/feeds/cursor/lists.py", CURSOR),
        ("tests/support.py", {"tests/test_client.py", "tests/test_errors.py"}),
        ("tests/feeds/test_deleted.py", set()),
        ("tests/evidence/test_nginx.py", set()),
        ("README.md", {"tests/docs/test_blocks.py", "tests/docs/test_readme.py"}),
        ("docs/polling.md", {"tests/docs"}),
        ("Makefile", {"tests/project"}),
    ],
)
def test_a_changed_file_names_its_tests(project: Path, changed: str, expected: set[str]) -> None:
    """The folder of the same name has its tests, or the next one above; the house rules always run."""
    assert set(belonging_to([changed], project)) == expected | ALWAYS


def test_changes_since_main_are_found_whatever_git_knows_of_them(project: Path) -> None:
    """A committed, an edited and a new file of a branch count; what main has gained since then does not."""
    git(project, "checkout", "-q", "-b", "topic")
    (project / "committed.py").touch()
    commit(project)
    git(project, "checkout", "-q", "main")
    (project / "theirs.py").touch()
    commit(project)
    git(project, "checkout", "-q", "topic")
    (project / "tests/support.py").write_text("edited")
    (project / "new.py").touch()
    assert sorted(changed_files(project)) == ["committed.py", "new.py", "tests/support.py"]


def test_without_a_main_branch_only_what_is_not_committed_counts(project: Path) -> None:
    """A clone of another branch alone has nothing else to compare with."""
    git(project, "branch", "-m", "main", "other")
    (project / "tests/support.py").write_text("edited")
    assert changed_files(project) == ["tests/support.py"]
