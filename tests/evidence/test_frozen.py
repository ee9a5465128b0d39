"""PyInstaller freezes programs that use the package, with all that the package reads and imports as it goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import impactive_async
from tests.evidence.parts import ROOT, new_environment, run, succeed

pytestmark = pytest.mark.timeout(900)  # an environment is filled, and a program is frozen

PROGRAM = """
import asyncio
import json
import sys
from contextlib import closing
from importlib.resources import files

import impactive_async
from impactive_async import AsyncClient, to_dict
from impactive_async.cli import main as impactive
from impactive_async.hub import connect, run_worker
from impactive_async.hub.postgres.hub import _scripts
from impactive_async.hub.redis.connection import _source
from impactive_async.sandbox import Sandbox, openapi_document


async def first_event(crm, hub):
    stop = asyncio.Event()
    await hub.init()
    working = asyncio.create_task(run_worker(crm, hub, kinds=["contacts"], stop=stop))
    async for delivery in hub.events("readers"):
        await delivery.ack()
        break
    stop.set()
    await working
    return delivery.event.type


async def everything():
    lua = [path.name.removesuffix(".lua") for path in (files("impactive_async.hub.redis") / "lua").iterdir()]
    async with Sandbox(dialect="express") as sb, AsyncClient(sb.api_key, base_url=sb.url) as crm:
        hub = connect("sqlite:///hub.db")
        told = {
            "contact": to_dict(await crm.contacts.create(first_name="Ada", last_name="L"))["first_name"],
            "event": await first_event(crm, hub),
            "openapi": openapi_document()["openapi"][:2],
            "lua": sorted(name for name in lua if _source(name)),
            "sql": sum(map(len, _scripts(0))) > 1000,
            "names": len([getattr(impactive_async, name) for name in impactive_async.__all__]),
        }
        await hub.aclose()
    print(json.dumps(told))


if sys.argv[1:]:
    impactive()
asyncio.run(everything())
"""


@pytest.fixture(scope="module")
def frozen(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program above, frozen in an environment that has the package's wheel."""
    folder = tmp_path_factory.mktemp("frozen")
    python = new_environment(folder / "env", f"{built['wheel']}[cli,redis,postgres,xlsx]", "pyinstaller>=6.10")
    (folder / "program.py").write_text(PROGRAM)
    succeed([python, "-m", "PyInstaller", "--log-level", "WARN", "program.py"], cwd=folder, patience=600)
    return folder / "dist" / "program" / "program"


def test_a_frozen_program_has_all_it_needs(frozen: Path, tmp_path: Path) -> None:
    """A sandbox in a dialect, a hub on SQLite, the other engines' scripts, and every public name are there."""
    told = json.loads(succeed([frozen], cwd=tmp_path).splitlines()[-1])
    lua = sorted(path.stem for path in (ROOT / "impactive_async" / "hub" / "redis" / "lua").glob("*.lua"))
    assert told.pop("names") == len(vars(impactive_async)["__all__"])
    assert told == {
        "contact": "Ada",
        "event": "com.impactiveai.contact.updated",
        "openapi": "3.",
        "lua": lua,
        "sql": True,
    }


@pytest.mark.parametrize(
    "command", [["--help"], ["contacts", "import", "--help"], ["hub", "--help"]], ids=" ".join
)
def test_a_frozen_command_line_finds_its_commands(frozen: Path, tmp_path: Path, command: list[str]) -> None:
    """They are imported by their names, of which PyInstaller knows nothing by itself."""
    assert "Usage: impactive" in succeed([frozen, *command], cwd=tmp_path)


def test_a_frozen_demo_says_why_not(frozen: Path, tmp_path: Path) -> None:
    """It would start itself instead of Python: that is told before anything is done."""
    code, said = run([frozen, "demo"], cwd=tmp_path)
    assert (code, "frozen" in said) == (2, True)


def test_a_frozen_import_reads_a_file(frozen: Path, tmp_path: Path) -> None:
    """The command line works whole: a file of people is read and checked, and a page of it is made."""
    (tmp_path / "people.csv").write_text("First Name,Last Name,Email\nAda,Lovelace,ada@example.com\n")
    said = succeed([frozen, "contacts", "import", "people.csv", "--dry-run"], cwd=tmp_path)
    assert json.loads(said)["email"] == "ada@example.com"
