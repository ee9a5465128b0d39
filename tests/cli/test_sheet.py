"""CSV files as people have them, and what is said of those that cannot be read for sure."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli._errors import UsageError
from impactive_async.cli.importing.columns import is_known, map_columns
from impactive_async.cli.importing.people import BadLine, Person, read_people
from impactive_async.cli.importing.sheet import Sheet, open_sheet

ADA = "Ada,Lovelace,ada@x.example"


def sheet_of(
    tmp_path: Path, data: str | bytes, *, encoding: str | None = None, delimiter: str | None = None
) -> Sheet:
    file = tmp_path / "people.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return open_sheet(file, encoding=encoding, delimiter=delimiter, known=is_known)


def people_of(sheet: Sheet, *pairs: str) -> list[Person | BadLine]:
    return list(read_people(sheet, map_columns(sheet.header, pairs)))


def names_of(sheet: Sheet, *pairs: str) -> list[str]:
    people = people_of(sheet, *pairs)
    assert all(isinstance(person, Person) for person in people), people
    return [person.draft.first_name for person in people if isinstance(person, Person)]


@pytest.mark.parametrize(
    "header",
    [
        "First Name,Last Name,Email",
        "first_name,last_name,email",
        "firstName,lastName,E-mail",
        "FIRSTNAME,SURNAME,Email Address",
        "Given name,Family name,Mail",
        '"First","Last","Work e-mail"',
    ],
)
def test_headers_in_all_common_spellings(tmp_path: Path, header: str) -> None:
    """Case, spaces and punctuation do not matter, and fields have several names."""
    sheet = sheet_of(tmp_path, f"{header}\n{ADA}\n")
    columns = map_columns(sheet.header, ())
    assert columns.fields == {"first_name": 0, "last_name": 1, "email": 2}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Comma, Excel's semicolon, tab and bar, also where a header has another one in it."""
    header = delimiter.join(["First Name", '"Last Name, or; names"', "Email"])
    sheet = sheet_of(tmp_path, f"{header}\n{delimiter.join(ADA.split(','))}\n")
    assert sheet.delimiter == delimiter
    assert names_of(sheet, "Last Name, or; names=last_name") == ["Ada"]


def test_excels_sep_line(tmp_path: Path) -> None:
    """A `sep=` line says the delimiter, and counts as a line."""
    sheet = sheet_of(tmp_path, f"sep=;\r\nfirst;last;email\r\n{ADA.replace(',', ';')}\r\n;x;\r\n")
    assert [row.line for row in people_of(sheet)] == [3, 4]


def test_a_delimiter_of_ones_own(tmp_path: Path) -> None:
    """`--delimiter` goes before what would be found."""
    sheet = sheet_of(tmp_path, "first:last\nAda:Lovelace\n", delimiter=":")
    assert names_of(sheet) == ["Ada"]


@pytest.mark.parametrize(
    ("codec", "option"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252")],
)
def test_encodings(tmp_path: Path, codec: str, option: str | None) -> None:
    """UTF-8 with and without a BOM and UTF-16 are found; others are named."""
    sheet = sheet_of(tmp_path, "first,last\nZoë,Müller\n".encode(codec), encoding=option)
    assert names_of(sheet) == ["Zoë"]


def test_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused with the number of their line and what to do."""
    data = b"first,last\n" + b"Ada,Lovelace\n" * 5000 + "Zoë,M\n".encode("cp1252")
    with pytest.raises(UsageError, match=r"line 5002: not UTF-8.*--encoding cp1252"):
        people_of(sheet_of(tmp_path, data))


def test_no_such_encoding(tmp_path: Path) -> None:
    """A misspelt encoding is a mistake of the command line, not of the file."""
    with pytest.raises(UsageError, match="no encoding called 'latin0'"):
        sheet_of(tmp_path, "first,last\n", encoding="latin0")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"PK\x03\x04rest", "Excel workbook"),
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
    """What cannot be read twice is refused."""
    with pytest.raises(UsageError, match="no regular file"):
        open_sheet(tmp_path, encoding=None, delimiter=None, known=is_known)


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


def test_mapping_by_hand(tmp_path: Path) -> None:
    """`--map` names columns, leaves them out, and sends fields this program does not know."""
    sheet = sheet_of(
        tmp_path, "Vorname,Nachname,Email,Second mail,Colour,Shoe\nAda,Lovelace,a@x.example,b@x.example,red,9\n"
    )
    pairs = (
        "Vorname=firstName",
        "nachname=last_name",
        "Email=-",
        "Second mail=email",
        "Colour=extra.favouriteColour",
    )
    columns = map_columns(sheet.header, pairs)
    (person,) = read_people(sheet, columns)
    assert isinstance(person, Person)
    assert person.draft.email == "b@x.example"
    assert person.draft.extra == {"favouriteColour": "red"}
    assert columns.unused == ("'Shoe'",)


def test_a_choice_goes_before_a_guess(tmp_path: Path) -> None:
    """A field that is mapped by hand is not also taken from a column that looks like it, wherever that is."""
    header = ["First", "Last", "Email", "Private mail"]
    for columns in (header, header[::-1]):
        found = map_columns(columns, ["Private mail=email"])
        assert columns[found.fields["email"]] == "Private mail"
        assert found.unused == ("'Email'",)


def test_columns_of_one_name(tmp_path: Path) -> None:
    """Several of one name are told by their numbers, each of which can be mapped, or left out."""
    header = ["First", "Last", "Email", "Phone", "Email", ""]
    with pytest.raises(UsageError, match=r"'Email' \(#3\) and 'Email' \(#5\) are both email.*--map '#5=email'"):
        map_columns(header, ())
    with pytest.raises(UsageError, match=r"several columns are called 'Email'; say which one: #3 or #5"):
        map_columns(header, ["Email=email"])
    second, without = map_columns(header, ["#5=email"]), map_columns(header, ["#3=-"])
    assert second.fields["email"] == without.fields["email"] == 4
    assert (second.unused, without.unused) == (("'Email' (#3)",), ())
    assert map_columns(header, ["#5=-", "#6=extra.note"]).extra == {"note": 5}
    assert second.nameless == (5,)


def test_a_name_that_looks_like_a_number() -> None:
    """A column that is called #1 is meant by that."""
    assert map_columns(["First", "Last", "#1"], ["#1=phone"]).fields["phone"] == 2


@pytest.mark.parametrize(
    ("header", "pairs", "reason"),
    [
        ("first,last,mail", ("#4=email",), "no column is called '#4'.*#1 is the first one"),
        ("first,last,mail", ("#0=email",), "no column is called '#0'"),
        ("first,last,mail", ("mail=email", "#3=phone"), "'mail' is mapped twice"),
        ("first,last,a,b", ("a=email", "b=email"), "'a' and 'b' are both email"),
        ("first,last", ("vorname=first_name",), "no column is called 'vorname'"),
        ("first,last", ("first=firstish",), "'firstish' is no field"),
        ("first,last", ("first=extra.",), "is no field"),
        ("first,last", ("first",), "COLUMN=FIELD"),
        ("first,First Name,last", (), "say which one is: --map '#2=first_name'"),
        ("first,last,x,x", ("x=phone",), "several columns are called 'x'"),
        ("Vorname,Nachname", (), "--map COLUMN=first_name"),
        ("Full name,Email", (), "split the column 'Full name'"),
    ],
)
def test_columns_that_cannot_be_told(header: str, pairs: tuple[str, ...], reason: str) -> None:
    """What is unclear about columns is asked, not guessed."""
    with pytest.raises(UsageError, match=reason):
        map_columns(header.split(","), pairs)
