"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "impactive_async"

ONLY_IN = {
    "backoff": {"_http/retry.py"},
    "cattrs": {"_codec/exact.py", "sandbox/snapshot/values.py"},
    "mcp": {
        *("agents/http.py", "agents/running.py", "agents/server.py", "agents/calling.py", "agents/notices.py"),
        *("agents/resources.py", "agents/prompts.py", "agents/tools/tool.py", "cli/agents/mcp.py"),
        *("agents/tools/writing/consent.py", "agents/tools/writing/flow.py"),
    },
    "msgspec": {"_codec/fast/structs.py"},
    "opentelemetry": {"otel.py"},
    "prometheus_client": {"operations/metrics.py"},
    "pygal": {"reports/charts.py"},
    "pyarrow": {"frames/arrow.py", "frames/tables.py"},  # the latter names types
    "pydantic_core": {"_codec/interchange/pydantic_hooks.py"},
    "orjson": {"_codec/json_bytes.py", "sandbox/http/_json.py"},
}
"""What is behind one module, so that it can be exchanged there (docs/design)."""


def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports at run time, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def all_tests() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path, node


@pytest.mark.parametrize(("library", "places"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_is_behind_one_module(library: str, places: set[str]) -> None:
    """Nobody else imports it."""
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if library in imports(path)}
    assert found <= places


def test_aiohttps_client_is_used_in_one_module() -> None:
    """Requests to the API are made in the transport alone, webhooks in one module; the sandbox has the server."""
    session = "connections failures headers options reading resends"
    wire = {"_http/transport.py", *(f"_http/session/{name}.py" for name in session.split())}
    users = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "aiohttp" in imports(path)}
    outside = {user for user in users if not user.startswith("sandbox/")}
    assert outside == {
        "cli/demo/operations.py",  # its receiver
        *wire,
        "client.py",
        "forward/senders/http.py",
        *("operations/server.py", "operations/steering.py", "streaming/server_sent.py"),  # aiohttp's server
    }  # the client names aiohttp's types in its signature
    assert "ClientSession(" not in (PACKAGE / "client.py").read_text()


def test_every_test_states_its_law() -> None:
    """A test without a docstring says what it does, but not what for."""
    assert [f"{path.name}::{test.name}" for path, test in all_tests() if not ast.get_docstring(test)] == []


def test_no_test_has_a_name_that_another_of_its_file_has() -> None:
    """The second would silently replace the first."""
    seen: set[tuple[Path, str]] = set()
    doubles = []
    for path, test in all_tests():
        if (path, test.name) in seen:
            doubles.append(f"{path.name}::{test.name}")
        seen.add((path, test.name))
    assert doubles == []


def folders(root: Path) -> list[Path]:
    return [root, *sorted(path for path in root.rglob("*") if path.is_dir() and list(path.glob("*.py")))]


def functions() -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods of the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def test_a_class_name_means_one_class() -> None:
    """No two modules of the package define a class of the same name."""
    modules: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                modules[node.name].append(path.relative_to(PACKAGE).as_posix())
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}


@pytest.mark.parametrize("folder", folders(PACKAGE), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_folder_says_in_one_sentence_what_it_is_for(folder: Path) -> None:
    """The docstring of its `__init__` begins with a line that is a whole sentence, and docs/design.md names it."""
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert said.partition("\n")[0].endswith(".")
    name = folder.relative_to(PACKAGE).as_posix()
    assert folder == PACKAGE or f"`{name}/`" in (ROOT / "docs" / "design.md").read_text()


@pytest.mark.parametrize("root", [PACKAGE, ROOT / "tests"], ids=["package", "tests"])
def test_a_folder_has_few_files(root: Path) -> None:
    """At most 14 beside its `__init__`: more is two folders."""
    sizes = {
        path: sum(file.is_file() and file.name != "__init__.py" for file in path.iterdir())
        for path in folders(root)
    }
    assert {path.relative_to(ROOT).as_posix(): size for path, size in sizes.items() if size > 14} == {}


def test_modules_are_short() -> None:
    """None has more than 350 lines: a longer one is two things."""
    modules = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}
    lengths = {name: len(text.splitlines()) for name, text in modules.items()}
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def test_functions_are_short() -> None:
    """Half of them have at most 6 lines and nine tenths at most 16, signature and docstring included."""
    lengths = sorted(function.end_lineno - function.lineno + 1 for function in functions() if function.end_lineno)
    assert statistics.median(lengths) <= 6
    assert lengths[len(lengths) * 9 // 10] <= 16
