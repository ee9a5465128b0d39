"""How cells are delimited and quoted, judged on whole records."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import BadLine, Person
from tests.cli.importing.sheets import people_of, sheet_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header",
    [
        ["First Name", "Last Name", "Email"],
        ['"First\nName"', "Last Name", '"E-\nmail"'],
        ['"First; Name, given"', '"Last, or; family"', "Email"],
    ],
    ids=["plain", "line breaks", "delimiters in it"],
)
@pytest.mark.parametrize("before", ["", "\n", "\r\n\r\n"], ids=["at once", "a blank line", "blank lines"])
def test_the_delimiter_is_judged_on_whole_records(
    tmp_path: Path, delimiter: str, header: list[str], before: str
) -> None:
    """A blank first line, or a header cell with a line break or another delimiter in it, changes nothing."""
    row = delimiter.join(["Ada", '"Love;lace, or"', "a@x.example"])
    sheet = sheet_of(tmp_path, before + "\n".join([delimiter.join(header), row, row]) + "\n")
    people = people_of(sheet, "#1=first_name", "#2=last_name", "#3=email")
    assert sheet.dialect.delimiter == delimiter
    assert [person.draft.last_name for person in people if isinstance(person, Person)] == ["Love;lace, or"] * 2


def test_a_delimiter_is_told_by_the_rows_where_no_header_is_known(tmp_path: Path) -> None:
    """Most lines have as many cells as each other with the right one."""
    text = "Vorname;Nachname, akad.;Ort\n" + "Ada;Lovelace;London, England\n" * 3
    assert sheet_of(tmp_path, text).dialect.delimiter == ";"


@pytest.mark.parametrize(
    ("line", "last_name"),
    [
        ('Ada, "Lovelace, Countess", x@x.example', "Lovelace, Countess"),
        ('Ada,"Love""lace""",x@x.example', 'Love"lace"'),
        ('Ada,  "Lovelace",x@x.example', "Lovelace"),
        ("Ada,“Lovelace”,x@x.example", "Lovelace"),
        ("Ada,'Lovelace',x@x.example", "Lovelace"),
        ("Ada,«Lovelace»,x@x.example", "Lovelace"),
        ("Ada,'t Hooft,x@x.example", "'t Hooft"),
        ("Ada,O'Brien,x@x.example", "O'Brien"),
        ('Ada,"=""0815""",x@x.example', "0815"),
    ],
)
def test_quotes_are_understood(tmp_path: Path, line: str, last_name: str) -> None:
    """Those around a value are no part of it, whatever stands before them; those within it are."""
    (person,) = people_of(sheet_of(tmp_path, f"First Name,Last Name,Email\n{line}\n"))
    assert isinstance(person, Person), person
    assert person.draft.last_name == last_name


@pytest.mark.parametrize(
    "line",
    [
        'Ada,"Lovelace" x,x@x.example',
        'Ada,Love"lace,x@x.example',
        'Ada,\t"Love,x@x.example',
        'Ada,""Love"",x@x.example',
    ],
)
def test_quotes_that_are_not_understood_make_a_bad_line(tmp_path: Path, line: str) -> None:
    """No name with half a pair of quotes is sent."""
    rows = people_of(sheet_of(tmp_path, f"First Name,Last Name,Email\n{line}\n"))
    assert [type(row) for row in rows] == [BadLine]


def test_single_quotes_around_all_cells(tmp_path: Path) -> None:
    """Delimiters and doubled quotes within them are text, as in double quotes."""
    rows = ("'Ada','Lovelace, Countess','a@x.example'", "'Gerard','''t Hooft','g@x.example'")
    text = "\n".join(["'First Name','Last Name','Email'", *rows])
    people = people_of(sheet_of(tmp_path, text))
    names = [person.draft.last_name for person in people if isinstance(person, Person)]
    assert names == ["Lovelace, Countess", "'t Hooft"]


def test_a_file_of_one_column(tmp_path: Path) -> None:
    """Commas in it do not make columns of a header without any."""
    sheet = sheet_of(tmp_path, "Name\nAda Lovelace\nGrace Hopper\n")
    assert sheet.header == ("Name",)
