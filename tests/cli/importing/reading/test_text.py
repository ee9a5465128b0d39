"""Lines and cells have a limit, which is told where it is passed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import Person
from impactive_async.cli.importing.reading.text import LIMIT
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import people_of, sheet_of

HEADER = "First Name,Last Name,Notes\n"


@pytest.mark.parametrize("size", [131_073, 1_000_000, LIMIT - 100])
def test_a_long_cell_is_read(tmp_path: Path, size: int) -> None:
    """Far beyond what the csv module takes by itself."""
    text = f"{HEADER}Ada,Lovelace,{'x' * size}\nBob,M,\n"
    people = people_of(sheet_of(tmp_path, text))
    assert [type(person) for person in people] == [Person, Person]


@pytest.mark.parametrize(
    ("cell", "what"),
    [("x" * (LIMIT + 1), "a line"), ('"' + "x\n" * (LIMIT // 2 + 1) + '"', "a cell")],
    ids=["in one line", "in many lines"],
)
def test_a_cell_beyond_the_limit_is_told_as_such(tmp_path: Path, cell: str, what: str) -> None:
    """With its line and the limit; it is not called a bug of this program."""
    with pytest.raises(UsageError, match=f"line 3: {what} of more than 8 MB, which is the limit"):
        people_of(sheet_of(tmp_path, f"{HEADER}Ada,Lovelace,\nBob,M,{cell}\n"))


def test_json_in_one_line_is_called_json(tmp_path: Path) -> None:
    """However long it is."""
    rows = [{"first": "Ada", "last": f"Number {n}"} for n in range(10_000)]
    with pytest.raises(UsageError, match="is JSON"):
        sheet_of(tmp_path, json.dumps(rows))
