"""CSV files as people have them, and what is said of those that cannot be read for sure."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import BadLine, Person
from impactive_async.cli.importing.reading.origin import opened
from impactive_async.cli.importing.reading.sheet import Asked
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import ADA, names_of, people_of, sheet_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Comma, Excel's semicolon, tab and bar, also where a header has another one in it."""
    header = delimiter.join(["First Name", '"Last Name, or; names"', "Email"])
    sheet = sheet_of(tmp_path, f"{header}\n{delimiter.join(ADA.split(','))}\n")
    assert sheet.dialect.delimiter == delimiter
    assert names_of(sheet, "Last Name, or; names=last_name") == ["Ada"]


def test_excels_sep_line(tmp_path: Path) -> None:
    """A `sep=` line says the delimiter, and counts as a line."""
    sheet = sheet_of(tmp_path, f"sep=;\r\nfirst;last;email\r\n{ADA.replace(',', ';')}\r\n;x;\r\n")
    assert [row.line for row in people_of(sheet)] == [3, 4]


def test_a_delimiter_of_ones_own(tmp_path: Path) -> None:
    """`--delimiter` goes before what would be found."""
    sheet = sheet_of(tmp_path, "first:last\nAda:Lovelace\n", asked=Asked(delimiter=":"))
    assert names_of(sheet) == ["Ada"]


@pytest.mark.parametrize(
    ("codec", "option"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252")],
)
def test_encodings(tmp_path: Path, codec: str, option: str | None) -> None:
    """UTF-8 with and without a BOM and UTF-16 are found; others are named."""
    sheet = sheet_of(tmp_path, "first,last\nZoë,Müller\n".encode(codec), asked=Asked(encoding=option))
    assert names_of(sheet) == ["Zoë"]


def test_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused with the number of their line and what to do."""
    data = b"first,last\n" + b"Ada,Lovelace\n" * 5000 + "Zoë,M\n".encode("cp1252")
    with pytest.raises(UsageError, match=r"line 5002: not UTF-8.*--encoding cp1252"):
        people_of(sheet_of(tmp_path, data))


def test_no_such_encoding(tmp_path: Path) -> None:
    """A misspelt encoding is a mistake of the command line, not of the file."""
    with pytest.raises(UsageError, match="no encoding called 'latin0'"):
        sheet_of(tmp_path, "first,last\n", asked=Asked(encoding="latin0"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"PK\x03\x04rest", "a ZIP archive or a workbook"),
        (b"first,last\nAda,Lovelace\n", None),
    ],
)
def test_what_is_no_sheet(tmp_path: Path, data: bytes, reason: str | None) -> None:
    """An empty file and a workbook are told for what they are."""
    if reason is None:
        assert len(people_of(sheet_of(tmp_path, data))) == 1
    else:
        with pytest.raises(UsageError, match=reason):
            sheet_of(tmp_path, data)


def test_a_directory_is_no_sheet(tmp_path: Path) -> None:
    """It is named for what it is."""
    with pytest.raises(UsageError, match="is a directory"), opened(tmp_path):
        raise AssertionError


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    """Blank lines and cells of several lines count as an editor counts them."""
    sheet = sheet_of(tmp_path, 'first,last,note\n\nAda,L,"two\nlines"\n\n\nBob,M,\n')
    assert [(record.first_line, record.last_line) for record in sheet.records()] == [(3, 4), (7, 7)]


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    """It would swallow all lines behind it: refused, with the line where it opens."""
    sheet = sheet_of(tmp_path, f'first,last,email\n{ADA}\n"Bob,M,\n{ADA}\n{ADA}\n')
    with pytest.raises(UsageError, match="line 3: its quotes do not match"):
        people_of(sheet)


def test_a_quote_too_many_in_one_line(tmp_path: Path) -> None:
    """A record that cannot be read is one bad line, and the next ones are read."""
    sheet = sheet_of(tmp_path, f'first,last,email\n"Bob"x,M,\n{ADA}\n')
    bad, good = people_of(sheet)
    assert isinstance(bad, BadLine)
    assert bad.line == 2
    assert "quotes" in bad.reason
    assert isinstance(good, Person)
