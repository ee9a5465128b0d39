"""A mapping that is kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impactive_async.cli.importing.columns.mapfile import fitting, load_map, save_map
from impactive_async.cli.importing.columns.mapping import Columns, map_columns
from impactive_async.cli.kit.errors import UsageError
from tests.cli.support import Live

HEADER = ["Vorname", "Last", "Phone 1 - Value", "Home Phone", "Note", "x", "x", ""]
PAIRS = ("Vorname=first_name", "Note=extra.note", "#6=email")


def again(file: Path, header: list[str]) -> Columns:
    return map_columns(header, (), fitting(load_map(file), header)[0])


def test_a_mapping_comes_back(tmp_path: Path) -> None:
    """Fields, undocumented fields, the order of columns that stand in for each other, and what is left out."""
    file, columns = tmp_path / "map.json", map_columns(HEADER, PAIRS)
    save_map(file, HEADER, columns)
    found = again(file, HEADER)
    assert (found.fields, found.extra) == (columns.fields, columns.extra)
    assert found.unused == ()


def test_a_file_with_other_columns(tmp_path: Path) -> None:
    """Columns that are missing are named, new ones are told as ever, and a name may stand elsewhere."""
    file = tmp_path / "map.json"
    save_map(file, HEADER[:5], map_columns(HEADER[:5], PAIRS[:2]))
    header = ["Last", "New", "Vorname"]
    assert fitting(load_map(file), header)[1] == ["Phone 1 - Value", "Home Phone", "Note"]
    found = again(file, header)
    assert (found.fields, found.unused) == ({"first_name": (2,), "last_name": (0,)}, (1,))


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    """A field, or a column, that `--map` decides is not decided by the file."""
    file, header = tmp_path / "map.json", ["First", "Last", "Mail", "Other"]
    save_map(file, header, map_columns(header, ()))
    found = map_columns(header, ["Other=email"], fitting(load_map(file), header)[0])
    assert found.fields["email"] == (3,)
    assert map_columns(header, ["Mail=-"], fitting(load_map(file), header)[0]).fields.keys() == {
        "first_name",
        "last_name",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is no mapping of columns"),
        ("[]", "is no mapping of columns"),
        ('{"columns": {}}', "is no mapping of columns"),
        ('{"version": 1, "columns": {"a": 7}}', "each column is mapped to the name of a field"),
        ('{"version": 2, "columns": {}}', "is a mapping of version 2, and this program reads version 1"),
    ],
)
def test_what_is_no_mapping(tmp_path: Path, content: str, reason: str) -> None:
    """Each is named for what it is."""
    file = tmp_path / "map.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=reason):
        load_map(file)


def test_a_mapping_serves_the_next_export(live: Live, tmp_path: Path) -> None:
    """`--save-map` and `--map-file`, from one command to another; what is missing is told."""
    first, second, kept = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "map.json"
    first.write_text("Vorname,Nachname,Ort\nAda,L,London\n")
    second.write_text("# exported today\nNachname,Vorname\nM,Bob\n")
    pairs = ("--map", "Vorname=first_name", "--map", "Nachname=last_name", "--map", "Ort=extra.city")
    assert live.cli("contacts", "import", str(first), *pairs, "--dry-run", "--save-map", str(kept)).code == 0
    assert json.loads(kept.read_text())["columns"]["Ort"] == "extra.city"
    outcome = live.cli("contacts", "import", str(second), "--map-file", str(kept), "--dry-run")
    assert [(row["line"], row["first_name"], row["last_name"]) for row in outcome.rows] == [(3, "Bob", "M")]
    assert "also maps 'Ort': no such columns here." in outcome.err
