"""Sphinx builds the documentation without a warning, and it is complete."""

from __future__ import annotations

import fcntl
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import impactive_async
from tests.docs.pages import ROOT
from tests.support import PATIENCE

PUBLIC = ("impactive_async", "impactive_async.models", "impactive_async.errors", "impactive_async.sandbox",
          "impactive_async.hub")  # fmt: skip


pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built pages; what Sphinx complains of fails the build. The processes of pytest-xdist share one site."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "html").exists():
            _build(folder)
    return folder / "html"


def _build(folder: Path) -> None:
    """Build into the folder `html`, which is there only when all went well."""
    made = folder / "made"
    options = ("--fail-on-warning", "--keep-going", "-q", "-E", "-d", str(folder / "trees"))
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(made)],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    made.rename(folder / "html")


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """Whatever can be imported by contract is described, under that name or as the very thing under another."""
    reference = "".join(page.read_text(encoding="utf-8") for page in (site / "api").glob("*.html"))
    described = set(re.findall(r'<dt [^>]*id="([\w.]+)"', reference))
    things = [thing for thing in map(_found, described) if callable(thing)]
    missing = [
        f"{module}.{name}"
        for module in PUBLIC
        for name in importlib.import_module(module).__all__
        if f"{module}.{name}" not in described
        and not any(thing is getattr(importlib.import_module(module), name) for thing in things)
    ]
    assert missing == []


def _found(path: str) -> object:
    """What an id of the reference stands for; `None` if it is no name of a module."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def test_defaults_are_readable(site: Path) -> None:
    """A signature shows what one would write, not how attrs made it, nor how Python prints a function."""
    for page in (site / "api").glob("*.html"):
        text = re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))
        assert "attr_dict" not in text, page
        assert "*args, **kwargs" not in " ".join(text.split()), page
        assert not re.search(r"\bNOTHING\b|&lt;(built-in |)function", text), page


def test_attributes_are_described(site: Path) -> None:
    """Docstrings of attributes are on the page, not only their names."""
    page = (site / "api" / "models.html").read_text(encoding="utf-8")
    assert "once the contact is unenrolled" in page


def test_the_tree_of_errors_is_drawn(site: Path) -> None:
    """Line by line, as in the docstring, and what follows is in its order."""
    page = (site / "api" / "errors.html").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
    lines = re.sub(r"<[^>]+>", "", drawing).splitlines()
    assert len(lines) == len(impactive_async.errors.__all__)
    assert lines[1].startswith("├── ConfigurationError")
    order = re.findall(r'<dt [^>]*id="impactive_async\.errors\.(\w+)"', page)
    assert order[:4] == ["ImpactiveError", "ConfigurationError", "APIError", "APIConnectionError"]


def test_the_version_is_the_package_s(site: Path) -> None:
    """The pages say which version they are of."""
    assert impactive_async.__version__ in (site / "index.html").read_text(encoding="utf-8")


def test_the_site_tells_agents_where_everything_is(site: Path) -> None:
    """`llms.txt` stands in its root, every page that it names is there, and Markdown as it was written."""
    told = (site / "llms.txt").read_text(encoding="utf-8")
    named = re.findall(r"\(https://impactive-async\.readthedocs\.io/en/latest/([^)]+)\)", told)
    assert [name for name in named if not (site / name).is_file()] == []
    assert (site / "agents.md").read_text() == (ROOT / "docs" / "agents.md").read_text()
    assert (ROOT / "CHANGELOG.md").read_text() in (site / "changelog.md").read_text()
