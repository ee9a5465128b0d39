"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "impactive_async"

ONLY_IN = {
    "backoff": {"_http/retry.py"},
    "aiolimiter": {"_http/limits.py"},
    "cattrs": {"_http/codec.py", "_http/exact.py", "_http/results.py", "_http/hooks.py"},
    "msgspec": {"_http/structs.py"},
    "orjson": {"_http/json_bytes.py", "sandbox/_json.py"},
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
    """Sessions are opened, and requests made, in the transport alone; the sandbox has aiohttp's server."""
    users = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "aiohttp" in imports(path)}
    outside = {user for user in users if not user.startswith("sandbox/")}
    assert outside == {"_http/transport.py", "client.py"}  # the client names aiohttp's types in its signature
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
