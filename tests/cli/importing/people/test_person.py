"""A record as a contact, or what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.people.person import BadLine, Person
from tests.cli.importing.sheets import ADA, people_of, sheet_of


@pytest.mark.parametrize("pairs", [(), ("note=extra.note",)], ids=["unmapped", "extra"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_note_of_several_lines(tmp_path: Path, pairs: tuple[str, ...], end: str) -> None:
    """What is not imported may hold line breaks and anything else, and so may a free text."""
    note = end.join(['"Called, twice', "Yes, we can, maybe, ok", 'a, b, c, ""d"""'])
    (person,) = people_of(sheet_of(tmp_path, f"first,last,email,note{end}{ADA},{note}{end}"), *pairs)
    assert isinstance(person, Person), person
    assert person.draft.email == "ada@x.example"
    assert bool(person.draft.extra) is bool(pairs)


def test_a_control_character_that_would_be_sent(tmp_path: Path) -> None:
    """Only what is sent has to be text."""
    sheet = sheet_of(tmp_path, f"first,last,email,note\n{ADA},a\x00b\n")
    assert [isinstance(row, BadLine) for row in people_of(sheet)] == [False]
    assert [isinstance(row, BadLine) for row in people_of(sheet, "note=extra.note")] == [True]


@pytest.mark.parametrize("pairs", [(), ("note=extra.note",)], ids=["unmapped", "extra"])
def test_a_note_that_swallows_somebody(tmp_path: Path, pairs: tuple[str, ...]) -> None:
    """Two stray quotes in a column that nobody imports do not make people vanish."""
    text = f'first,last,email,note\n{ADA},"hm\nBob,M,b@x.example,\nEve,N,e@x.example,fine"\n'
    (bad,) = people_of(sheet_of(tmp_path, text), *pairs)
    assert isinstance(bad, BadLine)
    assert (bad.line, "another line of the file: is a quote missing?" in bad.reason) == (2, True)


def test_a_quote_that_swallows_a_few_lines(tmp_path: Path) -> None:
    """Two stray quotes make one cell of what stands between them: such a cell is told, not imported."""
    sheet = sheet_of(tmp_path, 'first,last,email\n"Ada,L,a@x.example\nBob,M,b@x.example\nEve",N,e@x.example\n')
    (bad,) = people_of(sheet)
    assert isinstance(bad, BadLine)
    assert (bad.line, "is a quote missing?" in bad.reason) == (2, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",Lovelace,ada@x.example", "no first name"),
        ("Ada,  ,ada@x.example", "no last name"),
        ("Ada", "no last name"),
        ("Ada,Lovelace,ada(at)x.example", "'ada(at)x.example' is no email address"),
        ("Ada,Lovelace,ada@localhost", "'ada@localhost' is no email address"),
        ("Ada,Lovelace,a@x.example b@x.example", "is no email address"),
        ("Ada,Lovelace,a@x.example,+1,555", "5 cells, but the header has 3 columns"),
        ("Ada,Love\x00lace,", "control character"),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, reason: str) -> None:
    """What the API would refuse, or would take for something else, is told with line and reason."""
    (bad,) = people_of(sheet_of(tmp_path, f"first,last,email\n{line}\n"))
    assert isinstance(bad, BadLine)
    assert reason in bad.reason


@pytest.mark.parametrize(
    "line", ["Ada,Lovelace", "Ada,Lovelace,,,,", " Ada , Lovelace ,", "Ada,Lovelace,a@é.example"]
)
def test_good_lines(tmp_path: Path, line: str) -> None:
    """Short lines, empty cells beyond the last column and blanks around cells are fine."""
    (person,) = people_of(sheet_of(tmp_path, f"first,last,email\n{line}\n"))
    assert isinstance(person, Person)
    assert (person.draft.first_name, person.draft.last_name) == ("Ada", "Lovelace")
    assert person.draft.email in (None, "a@é.example")
