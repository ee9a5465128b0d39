"""Sphinx builds the documentation without a warning, and it is complete."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

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
    """Whatever can be imported by contract is described."""
    reference = "".join(page.read_text(encoding="utf-8") for page in (site / "api").glob("*.html"))
    described = {name.rpartition(".")[2] for name in re.findall(r'<dt [^>]*id="([\w.]+)"', reference)}
    public = {name for module in PUBLIC for name in importlib.import_module(module).__all__}
    assert public - described == set()


def test_attributes_are_described(site: Path) -> None:
    """Docstrings of attributes are on the page, not only their names."""
    page = (site / "api" / "models.html").read_text(encoding="utf-8")
    assert "once the contact is unenrolled" in page


def test_the_version_is_the_package_s(site: Path) -> None:
    """The pages say which version they are of."""
    assert impactive_async.__version__ in (site / "index.html").read_text(encoding="utf-8")
