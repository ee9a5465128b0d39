"""Where the names of the columns stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import Person
from impactive_async.cli.importing.reading.sheet import Asked
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import ADA, people_of, sheet_of

HEADER = "First Name,Last Name,Email"


@pytest.mark.parametrize(
    "above",
    [
        "Leads of the fair\n",
        "Leads of the fair,,\n,,\n",
        "# a comment\n# another, with a comma\n\n",
        'Notes:\n"Two lines,\nof which one; and so on"\n\n',
        'Report "VIP", printed\n',
        '"a quote that nobody closes\n',
        "\n\n\n",
        "".join(f"line {n}\n" for n in range(19)),
    ],
)
def test_a_header_below_something_else(tmp_path: Path, above: str) -> None:
    """A title, notes, comments and stray quotes above it do not matter; its line is told."""
    sheet = sheet_of(tmp_path, f"{above}{HEADER}\n{ADA}\n")
    line = above.count("\n") + 1
    assert (sheet.header_line, list(sheet.header)) == (line, HEADER.split(","))
    assert [row.line for row in people_of(sheet)] == [line + 1]
    assert bool(sheet.notes) is bool(above.strip())
    assert all(f"The header is line {line}" in note for note in sheet.notes)


def test_a_header_beyond_the_first_twenty_records(tmp_path: Path) -> None:
    """It is not looked for further; `--header-line` says where it is."""
    text = "".join(f"line {n}\n" for n in range(40)) + f"{HEADER}\n{ADA}\n"
    with pytest.raises(UsageError, match="--header-line N"):
        people_of(sheet_of(tmp_path, text))
    sheet = sheet_of(tmp_path, text, asked=Asked(header_line=41))
    assert [row.line for row in people_of(sheet)] == [42]


def test_a_header_line_of_ones_own(tmp_path: Path) -> None:
    """What the user says goes before what looks like a header, and may hold an address."""
    text = f"{HEADER}\nVorname,Nachname,ada@x.example\n{ADA}\n"
    sheet = sheet_of(tmp_path, text, asked=Asked(header_line=2))
    assert sheet.header == ("Vorname", "Nachname", "ada@x.example")
    assert len(people_of(sheet, "Vorname=first_name", "Nachname=last_name")) == 1


def test_a_header_line_that_is_blank(tmp_path: Path) -> None:
    """The next line is not taken for it in silence."""
    with pytest.raises(UsageError, match=r"--header-line 2: that line of .* is blank"):
        sheet_of(tmp_path, f"title\n\n{HEADER}\n{ADA}\n", asked=Asked(header_line=2))


@pytest.mark.parametrize(
    "first", ["Ada,Lovelace,ada@x.example", "Ada,Lovelace,+44 20 7946 0101", "Ada <ada@x.example>,x,y"]
)
def test_a_header_with_a_value_in_it_is_refused(tmp_path: Path, first: str) -> None:
    """It is the first person, who would be lost: the way out has the numbers of the columns."""
    with pytest.raises(UsageError, match=r"line 1, would be the header.*--no-header.*--map '#\d=first_name'"):
        sheet_of(tmp_path, f"{first}\nBob,M,b@x.example\n")


def test_a_header_of_which_nothing_is_known_may_be_a_person(tmp_path: Path) -> None:
    """The hint says so before anybody maps a person's name to a field."""
    with pytest.raises(UsageError, match=r"if that line is somebody's, they would be lost.*--no-header"):
        people_of(sheet_of(tmp_path, "Ada,Lovelace\nBob,M\n"))


def test_a_file_without_a_header(tmp_path: Path) -> None:
    """Its first line is somebody's, and columns go by their numbers."""
    sheet = sheet_of(tmp_path, f"{ADA}\nBob,M\n", asked=Asked(no_header=True))
    people = people_of(sheet, "#1=first_name", "#2=last_name", "#3=email")
    assert [(row.line, row.draft.first_name) for row in people if isinstance(row, Person)] == [
        (1, "Ada"),
        (2, "Bob"),
    ]


def test_a_file_without_a_header_has_as_many_columns_as_its_widest_line(tmp_path: Path) -> None:
    """A short first line does not make a bad line of the others."""
    sheet = sheet_of(tmp_path, f"Bob,M\n{ADA}\n", asked=Asked(no_header=True))
    assert len(sheet.header) == 3


def test_no_header_and_a_line_for_it_cannot_go_together(tmp_path: Path) -> None:
    """One of them is a mistake."""
    with pytest.raises(UsageError, match="cannot go together"):
        sheet_of(tmp_path, HEADER, asked=Asked(no_header=True, header_line=2))


def test_a_header_that_comes_again_is_nobody(tmp_path: Path) -> None:
    """Where two exports were put together, the second header is a bad line."""
    good, again, other = people_of(sheet_of(tmp_path, f"{HEADER}\n{ADA}\n{HEADER}\nBob,M,b@x.example\n"))
    assert isinstance(good, Person)
    assert isinstance(other, Person)
    assert getattr(again, "reason", "") == "this is the header again"
