"""Sphinx builds the documentation without a warning, and it is complete."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import impactive_async
from tests.docs.pages import ROOT

PUBLIC = ("impactive_async", "impactive_async.models", "impactive_async.errors", "impactive_async.sandbox",
          "impactive_async.hub")  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages; what Sphinx complains of fails the build."""
    out = tmp_path_factory.mktemp("site")
    options = ("--fail-on-warning", "--keep-going", "-q", "-E", "-d", str(out / "trees"))
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(out)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return out


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


def test_the_picture_of_the_layers_is_what_is_enforced() -> None:
    """Its rooms, floor by floor, are those of the import contract."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    enforced = [{room.strip() for room in floor.split("|")} for floor in contract["layers"]]
    floors: dict[str, set[str]] = {}
    for text in ElementTree.parse(ROOT / "docs" / "layers.svg").iter("{http://www.w3.org/2000/svg}text"):
        if text.get("class") == "room":
            floors.setdefault(text.attrib["y"], set()).add(str(text.text).rstrip("/"))
    assert list(floors.values()) == enforced


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
