"""Every code block of README and docs does what its page says, typed as written."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import shutil
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import attrs
import pytest

import impactive_async.sandbox
from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
from impactive_async.sandbox.api.routes import ROUTES
from tests.docs.pages import PAGES, ROOT, Block, blocks
from tests.support import KEY, PATIENCE, often

WITH_CODE = [name for name in PAGES if blocks(name)]
WITH_COMMANDS = [
    name for name in WITH_CODE if any("impactive " in one.code for one in blocks(name) if one.language == "sh")
]
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])

# Installing and building are what other tests do; here it is only seen that what is named exists. `impactive demo`
# has tests of its own.
SHELL = """
set -euo pipefail
pip() { [ "$1" = install ] && shift && for name in "$@"; do
    case "$name" in impactive-async|.|"impactive-async["*|".["*) ;; *) echo "pip install $name?"; return 1 ;; esac
done; }
make() { command make --dry-run -C "$ROOT" "$@" >/dev/null; }
"""

_IN_DOCSTRING = re.compile(r"^( *)```python\n\1(.*?)^\1```$", re.MULTILINE | re.DOTALL)

A_PROGRAM = """
from datetime import UTC, datetime

import pytest
from impactive_async import AsyncClient

@pytest.fixture
def my_program():
    async def main():
        async with AsyncClient() as crm:
            await crm.contacts.create(first_name="Ada", last_name="Lovelace")
    return main

@pytest.fixture
def now():
    return datetime.now(UTC)
"""


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE)
async def test_its_code_runs(
    page: str,
    impactive_client: AsyncClient,
    impactive_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The blocks of a page run in order, with the names that the quick start promises, and print what is shown."""
    monkeypatch.chdir(tmp_path)
    names = _names(impactive_client, impactive_sandbox)
    printed = tests = ""
    async with asyncio.timeout(2 * PATIENCE), AsyncExitStack() as servers:
        for block in blocks(page):
            where = f"{page}:{block.line}"
            match block.language:
                case "python" if "asyncio.run(" in block.code or "__main__" in block.code:
                    printed = await _output(
                        impactive_sandbox, where, sys.executable, "-W", "error", "-c", block.code
                    )
                case "python" if "async def test_" in block.code:
                    tests += block.code
                case "python":
                    await _snippet(block, where, names)
                case "sh" if block.note == "background":
                    await servers.enter_async_context(_server(impactive_sandbox, block))
                case "sh":
                    await _output(impactive_sandbox, where, "bash", "-c", SHELL + block.code)
                case "js":
                    if shutil.which("node"):
                        run = ("node", "--input-type=module", "--eval", block.code)
                        await _output(impactive_sandbox, where, *run)
                case "text":
                    assert block.code == printed or _is_picture(block), where
                case "json":
                    json.loads(block.code)
                case "toml":
                    tomllib.loads(block.code)
                case "sql" | "ini" | "yaml" | "none" if page == "hubs.md":
                    pass  # tests/hub/test_least_rights.py and test_services.py try these
                case "yaml" if page == "operations.md":
                    pass  # tests/operations/test_rules.py tries these
                case other:
                    pytest.fail(f"{where}: nobody runs blocks of {other!r}")
        if tests:
            await _tests(impactive_sandbox, page, tmp_path, tests)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("dialect", often(["express"], ["noun", "numbers"]))
@pytest.mark.parametrize("page", WITH_COMMANDS)
async def test_its_commands_work_in_a_dialect(
    page: str, dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page tells to type works with a service that answers otherwise than the contract has it."""
    monkeypatch.chdir(tmp_path)
    ports: dict[str, str] = {}
    async with asyncio.timeout(2 * PATIENCE), Sandbox(dialect=dialect) as sandbox, AsyncExitStack() as servers:
        crm = await servers.enter_async_context(AsyncClient(sandbox.api_key, base_url=sandbox.url))
        names = _names(crm, sandbox)
        for block in (_elsewhere(block, ports) for block in blocks(page)):
            where = f"{page}:{block.line}"
            if block.note == "background":
                await servers.enter_async_context(_server(sandbox, block))
            elif block.language == "sh":
                await _output(sandbox, where, "bash", "-c", SHELL + block.code)
            elif block.language == "python" and page == "webhooks.md":  # it makes the hub that is read
                await _snippet(block, where, names)


def _elsewhere(block: Block, ports: dict[str, str]) -> Block:
    """A block with free ports in the place of those it names, so that a page can be tried twice at a time."""

    def free(match: re.Match[str]) -> str:
        if match[0] not in ports:
            with socket.create_server(("127.0.0.1", 0)) as server:
                ports[match[0]] = str(server.getsockname()[1])
        return ports[match[0]]

    return attrs.evolve(block, code=re.sub(r"(?<=--port )\d{4}|(?<=127\.0\.0\.1:)\d{4}", free, block.code))


async def test_code_in_docstrings_runs(impactive_client: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """What the reference shows from docstrings runs as well, each block for itself."""
    found = 0
    for path in sorted((ROOT / "impactive_async").rglob("*.py")):
        for indent, code in _IN_DOCSTRING.findall(path.read_text(encoding="utf-8")):
            names = {**vars(impactive_async.sandbox), **_names(impactive_client, impactive_sandbox)}
            block = Block(language="python", note=None, code=code.replace(f"\n{indent}", "\n"), line=1)
            await _snippet(block, str(path), names)
            found += 1
    assert found > 0


def test_extras_are_those_that_there_are() -> None:
    """Whatever the docs tell to install with brackets is an extra of the package."""
    named = {
        extra.strip()
        for path in PAGES.values()
        for part in path.read_text().split("impactive-async[")[1:]
        for extra in part.partition("]")[0].split(",")
    }
    assert named <= EXTRAS


@pytest.mark.parametrize("page", PAGES)
def test_files_it_names_exist(page: str) -> None:
    """An example that a page points to is in the repository."""
    words = PAGES[page].read_text().replace("`", " ").split()
    named = {
        word.strip(".,;:()") for word in words if word.startswith("examples/") and len(word) > len("examples/")
    }
    assert [name for name in named if not (ROOT / name).exists()] == []


def _names(crm: AsyncClient, sandbox: Sandbox) -> dict[str, Any]:
    state = sandbox.state
    sequence = state.create_sequence("Welcome", delays=(0, 3))
    contact = state.rows("contacts")[0]
    state.enroll(sequence.id, [contact.id])
    state.add_reply(contact.id)
    return {"crm": crm, "sandbox": sandbox, "sequence_id": sequence.id, "contact_id": contact.id}


async def _snippet(block: Block, where: str, names: dict[str, Any]) -> None:
    """Run a block as a notebook would: it may await, and later ones see its names."""
    code = compile(block.code, where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result


async def _tests(sandbox: Sandbox, page: str, folder: Path, code: str) -> None:
    """Run the tests that a page shows by pytest, in a folder of their own."""
    (folder / "conftest.py").write_text(A_PROGRAM)
    (folder / "test_of_page.py").write_text(code)
    options = (
        "--asyncio-mode=auto",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        "-p",
        "no:cacheprovider",
    )
    out = await _output(sandbox, page, sys.executable, "-W", "error", "-m", "pytest", "--strict-markers", *options)
    assert f"{code.count('async def test_')} passed" in out


def _environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        **os.environ,
        "IMPACTIVE_API_KEY": sandbox.api_key,
        "IMPACTIVE_BASE_URL": sandbox.url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ROOT": str(ROOT),
        "NO_COLOR": "1",
    }


async def _output(sandbox: Sandbox, where: str, *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=_environment(sandbox),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"{where}: {out.decode()}{err.decode()}"
    return out.decode()


@asynccontextmanager
async def _server(sandbox: Sandbox, block: Block) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {block.code}", env=_environment(sandbox), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline(), f"{block.code!r} ended before it was up"
    rest = asyncio.create_task(process.stdout.read())
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        await rest


def _is_picture(block: Block) -> bool:
    return "→" in block.code or "cli/" in block.code


def test_the_assumptions_are_where_the_page_says() -> None:
    """They are numbered without a hole, each names files that exist, and the code refers to no other."""
    rows = re.findall(r"^\| A(\d+) \|(.*)\|$", PAGES["assumptions.md"].read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    package = ROOT / "impactive_async"
    for number, row in rows:
        places = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", row.split("|")[2])
        assert places, number
        assert [place for place in places if not (package / place).exists()] == [], number
    mentioned = {n for path in package.rglob("*.py") for n in re.findall(r"\bA(\d{1,2})\b", path.read_text())}
    assert mentioned <= {number for number, _ in rows}


def test_the_security_page_names_the_dependencies() -> None:
    """What the page says is brought along is what the package requires."""
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = ", ".join(sorted(re.match(r"[\w-]+", requirement)[0] for requirement in required))  # type: ignore[index]
    assert f"Core: {names}." in PAGES["security.md"].read_text()


def test_the_endpoints_are_those_of_the_sandbox_and_have_their_methods() -> None:
    """Each of the contract's rows once, with its verb and path, and methods that the client has."""
    page = PAGES["endpoints.md"].read_text()
    rows = re.findall(r"^\| (\d+) \| (.*?) \| `([A-Z]+) (\S+)` \|", page, re.MULTILINE)
    named = [(int(number), verb, path) for number, _, verb, path in rows]
    assert named == [(route.number, route.method, route.template) for route in ROUTES]
    crm = AsyncClient(KEY)
    for _, methods, _, _ in rows:
        first, *others = re.findall(r"`([\w.]+)`", methods)
        place = first.rpartition(".")[0]
        for name in (first, *(f"{place}.{other}" for other in others)):
            assert callable(attrgetter(name)(crm)), name
