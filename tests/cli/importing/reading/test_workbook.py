"""Excel workbooks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import Person
from impactive_async.cli.importing.reading.sheet import Asked, Sheet
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import names_of, people_of, sheet_of

WORKBOOK = (Path(__file__).parents[2] / "files" / "workbook.xlsx").read_bytes()


def book(tmp_path: Path, asked: Asked | None = None) -> Sheet:
    return sheet_of(tmp_path, WORKBOOK, name="leads.xlsx", asked=asked)


def test_the_first_sheet_that_can_be_seen_is_read(tmp_path: Path) -> None:
    """A hidden one before it is passed over; the numbers of lines are those of its rows, and others are told."""
    sheet = book(tmp_path)
    assert (sheet.header_line, [person.line for person in people_of(sheet)]) == (3, [4, 6, 7])
    assert sheet.notes[0] == "Read: the sheet 'Leads'. There is also 'Archive': --sheet reads another one."


@pytest.mark.parametrize("name", ["Archive", "archive ", "3"])
def test_a_sheet_of_ones_own(tmp_path: Path, name: str) -> None:
    """By its name or its number among all."""
    assert names_of(book(tmp_path, Asked(sheet=name))) == ["Alan"]


def test_values_are_what_the_sheet_shows(tmp_path: Path) -> None:
    """Whole numbers have no fraction, dates are ISO 8601, and a cell that is missing is empty."""
    ada, zoe, grace = people_of(book(tmp_path), "Met on=extra.met", "Budget=extra.budget", "Customer=extra.c")
    assert isinstance(ada, Person)
    assert isinstance(zoe, Person)
    assert isinstance(grace, Person)
    assert (ada.draft.phone, ada.draft.extra) == (
        "442079460101",
        {"met": "2026-05-04", "budget": 1200.5, "c": "TRUE"},
    )
    assert zoe.draft.extra["met"] == "2026-05-04 09:30:00"
    assert (grace.draft.email, grace.draft.phone) == (None, None)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Asked(sheet="Leeds"), r"has no sheet 'Leeds'; it has 'Notes', 'Leads', 'Archive'"),
        (Asked(sheet="0"), "has no sheet '0'"),
        (Asked(encoding="cp1252"), "which has no encoding and no delimiter"),
        (Asked(delimiter=";"), "which has no encoding and no delimiter"),
    ],
)
def test_what_a_workbook_has_not(tmp_path: Path, asked: Asked, reason: str) -> None:
    """Options that cannot be meant are refused."""
    with pytest.raises(UsageError, match=reason):
        book(tmp_path, asked)


def test_a_sheet_of_a_csv_file(tmp_path: Path) -> None:
    """CSV has none."""
    with pytest.raises(UsageError, match="is no workbook"):
        sheet_of(tmp_path, "First,Last\n", asked=Asked(sheet="1"))


def test_a_workbook_that_is_damaged(tmp_path: Path) -> None:
    """Half of one is told as such, however it is cut."""
    for size in (len(WORKBOOK) // 2, len(WORKBOOK) - 30):
        with pytest.raises(UsageError, match=r"a ZIP archive or a workbook|cannot be read"):
            people_of(sheet_of(tmp_path, WORKBOOK[:size], name="leads.xlsx"))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook needs a library that CSV does not need."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=r"pip install 'impactive-async\[xlsx\]'"):
        book(tmp_path)
