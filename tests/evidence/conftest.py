"""Evidence by parts that this project did not write: slow, and run only when asked for by `make evidence`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.evidence.parts import ROOT, new_environment, succeed

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Stay out of runs of the whole suite: only a path into this folder asks for it."""
    asked = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return None if any(path.resolve().is_relative_to(HERE) for path in asked) else True


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git would commit, as of one moment."""
    source = tmp_path_factory.mktemp("source")
    listed = succeed(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT)
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    return source


@pytest.fixture(scope="session")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist: those in the folder that `DIST` names, or new ones."""
    if "DIST" in os.environ:
        out = ROOT / os.environ["DIST"]
    else:
        out = tmp_path_factory.mktemp("dist")
        succeed([sys.executable, "-m", "build", "--outdir", out, source], cwd=out)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="session")
def installed(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The interpreters of two environments that have the package and what it needs, each from one form of it."""
    folder = tmp_path_factory.mktemp("installed")
    return {form: new_environment(folder / form, str(built[form])) for form in ("wheel", "sdist")}
