"""Which column is which field."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.people.person import Person, read_people
from impactive_async.cli.kit.errors import UsageError
from tests.cli.importing.sheets import ADA, sheet_of


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
    assert columns.fields == {"first_name": (0,), "last_name": (1,), "email": (2,)}


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
    assert columns.unused == (5,)


def test_a_choice_goes_before_a_guess(tmp_path: Path) -> None:
    """A field that is mapped by hand is not also taken from a column that looks like it, wherever that is."""
    header = ["First", "Last", "Email", "Private mail"]
    for columns in (header, header[::-1]):
        found = map_columns(columns, ["Private mail=email"])
        assert [columns[place] for place in found.fields["email"]] == ["Private mail"]
        assert [columns[place] for place in found.unused] == ["Email"]


def test_columns_of_one_name(tmp_path: Path) -> None:
    """Several of one name are told by their numbers, each of which can be mapped, or left out."""
    header = ["First", "Last", "Email", "Phone", "Email", ""]
    with pytest.raises(UsageError, match=r"'Email' \(#3\) and 'Email' \(#5\) are both email.*--map '#5=email'"):
        map_columns(header, ())
    with pytest.raises(UsageError, match=r"several columns are called 'Email'; say which one: #3 or #5"):
        map_columns(header, ["Email=email"])
    second, without = map_columns(header, ["#5=email"]), map_columns(header, ["#3=-"])
    assert second.fields["email"] == without.fields["email"] == (4,)
    assert (second.unused, without.unused) == ((2,), ())
    assert map_columns(header, ["#5=-", "#6=extra.note"]).extra == {"note": 5}
    assert second.nameless == (5,)


def test_a_name_that_looks_like_a_number() -> None:
    """A column that is called #1 is meant by that."""
    assert map_columns(["First", "Last", "#1"], ["#1=phone"]).fields["phone"] == (2,)


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
        ("Etunimi,Sukunimi", (), "--map COLUMN=first_name"),
        ("Full name,Email", (), "--split-name 'Full name'"),
    ],
)
def test_columns_that_cannot_be_told(header: str, pairs: tuple[str, ...], reason: str) -> None:
    """What is unclear about columns is asked, not guessed."""
    with pytest.raises(UsageError, match=reason):
        map_columns(header.split(","), pairs)


@pytest.mark.parametrize(
    ("cells", "found"),
    [(("Müller", "Jürgen"), "Müller"), (("Jürgen Müller", "Jürgen"), None), (("jürgen müller", "JÜRGEN"), None)],
)
def test_a_name_beside_a_first_name(cells: tuple[str, str], found: str | None) -> None:
    """It is the last name, unless the first one stands in it too."""
    if found is None:
        with pytest.raises(UsageError, match="--split-name 'Name'"):
            map_columns(("Name", "Vorname"), (), first=cells)
    else:
        columns = map_columns(("Name", "Vorname"), (), first=cells)
        assert cells[columns.fields["last_name"][0]] == found


@pytest.mark.parametrize("header", ["Contact Owner", "Lead Source", "Contact", "Person", "Customer ID"])
def test_what_only_sounds_like_somebodys_field(header: str) -> None:
    """A column of whoever the contact belongs to is no field of the contact."""
    columns = map_columns(("First Name", "Last Name", header), ())
    assert columns.unused == (2,)
