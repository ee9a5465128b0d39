"""Small invented files in the shapes that people have, and what must arrive of each, row by row."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Live

FILES = Path(__file__).parents[1] / "files"
CASES = sorted(FILES.glob("*.toml"))


def table_of(case: Path) -> Path:
    """The file that a case is about: the one of its name."""
    (table,) = (file for file in FILES.glob(f"{case.stem}*") if file.suffix != ".toml")
    return table


def with_ids(body: Mapping[str, Any], companies: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a case, with the id of a company in the place of its name."""
    return {key: companies[value] if key == "companyId" else value for key, value in body.items()}


@pytest.fixture
def companies(live: Live, dialect: str) -> dict[str, Any]:
    """The ids of companies by name, as they are sent: the workspace lists one of those in the files."""
    made = live.state.add("companies", {"name": "Difference Works"}).id
    return {"Difference Works": int(made) if dialect == "numbers" else made}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_arrives_of_a_file(live: Live, companies: dict[str, Any], tmp_path: Path, case: Path) -> None:
    """Each row is sent as its case says, from the line that it says, with what it says to its user."""
    expected = tomllib.loads(case.read_text(encoding="utf-8"))
    file = tmp_path / table_of(case).name
    shutil.copy(table_of(case), file)
    arguments = ("contacts", "import", str(file), "--concurrency", "1", *expected.get("arguments", ()))
    outcome = live.cli(*arguments, "--results", str(tmp_path / "results.csv"))
    assert outcome.code == expected.get("code", 0), outcome.err
    bodies = [row for request in live.sandbox.requests_to("POST /api/agent/contacts") for row in request.body]
    assert bodies == [with_ids(row["body"], companies) for row in expected["contact"]]
    told = live.cli("contacts", "imported", str(file)).rows
    assert [row["line"] for row in told if row["outcome"] == "created"] == [
        row["line"] for row in expected["contact"]
    ]
    for words in expected.get("said", ()):
        assert words in outcome.err


def test_every_file_has_a_case() -> None:
    """No file lies there that nothing is said of."""
    assert sorted(map(table_of, CASES)) == sorted(file for file in FILES.iterdir() if file.suffix != ".toml")
