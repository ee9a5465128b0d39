"""Strict type checkers have nothing to say of programs that use the package as it is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.evidence.parts import ROOT, new_environment, run, succeed
from tests.support import give_up

pytestmark = pytest.mark.timeout(900)  # an environment is filled
PROGRAMS = (
    "tests/typing/events.py",
    "tests/typing/user_program.py",
    "examples/aiohttp_service.py",
    "examples/fastapi_service.py",
    "examples/nightly_sync.py",
    "examples/reply_triage.py",
    "examples/reply_worker.py",
    "examples/traced.py",
)


@pytest.fixture(scope="module")
def folder(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs, beside an environment that has the package's wheel and what they import."""
    folder = tmp_path_factory.mktemp("typed")
    needed = ("fastapi", "uvicorn", "opentelemetry-sdk", "mypy", "pyright")
    new_environment(folder / "env", f"{built['wheel']}[otel,redis,postgres]", *needed)
    for program in PROGRAMS:
        shutil.copy(ROOT / program, folder)
    return folder


def test_mypy_is_content(folder: Path) -> None:
    """In its strict mode, with no plugin."""
    programs = sorted(path.name for path in folder.glob("*.py"))
    said = succeed([folder / "env" / "bin" / "mypy", "--strict", *programs], cwd=folder)
    assert f"no issues found in {len(PROGRAMS)} source files" in said


def test_pyright_is_content(folder: Path) -> None:
    """In its strict mode, in which nothing may be of an unknown type."""
    if shutil.which("node") is None:
        give_up("pyright needs node")
    settings = {"typeCheckingMode": "strict", "venvPath": ".", "venv": "env", "include": ["*.py"]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    code, said = run([folder / "env" / "bin" / "pyright"], cwd=folder)
    assert code == 0, said
    assert "0 errors, 0 warnings" in said


def test_pyright_sees_mistakes(folder: Path) -> None:
    """A misspelt argument, a wrong type and a field that is not there are errors, each on its line."""
    (folder / "wrong").mkdir(exist_ok=True)
    (folder / "wrong" / "program.py").write_text(
        "from impactive_async import AsyncClient\n"
        "async def main(crm: AsyncClient) -> None:\n"
        "    await crm.contacts.list(limt=5)\n"
        "    await crm.contacts.create(first_name=1, last_name='L')\n"
        "    print((await crm.zapier.deals.list())[0].valeu)\n"
        "    async with crm.watch() as events:\n"
        "        print((await anext(events)).row.nonsense)\n"
    )
    settings = {"venvPath": "..", "venv": "env"}
    (folder / "wrong" / "pyrightconfig.json").write_text(json.dumps(settings))
    if shutil.which("node") is None:
        give_up("pyright needs node")
    code, said = run([folder / "env" / "bin" / "pyright"], cwd=folder / "wrong")
    assert code == 1
    assert [f"program.py:{line}:" in said for line in range(1, 8)] == [*[False] * 2, *[True] * 3, False, True]
