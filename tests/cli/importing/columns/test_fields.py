"""How the exports of all sorts of programs call their columns."""

from __future__ import annotations

import pytest

from impactive_async.cli.importing.columns.fields import field_of
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.kit.errors import UsageError

NAMES = ["First Name", "Last Name"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("E-mail 1 - Value", "email"),
        ("E-mail 1 - Type", None),
        ("E-mail 1 - Label", None),
        ("E-mail 2 Address", "email"),
        ("Email 3", "email"),
        ("Phone 1 - Value", "phone"),
        ("Phone 1 - Label", None),
        ("Business Phone 2", "phone"),
        ("Business Fax", None),
        ("Mobile Phone Number", "phone"),
        ("Organization 1 - Title", "title"),
        ("Organization 1 - Name", "company"),
        ("Organization 1 - Yomi Name", None),
        ("Company / Account", "company"),
        ("Company Name for Emails", None),
        ("Associated Company", "company"),
        ("Associated Company IDs", None),
        ("Address 1 - Region", None),
        ("FNAME", "first_name"),
        ("Given Name Yomi", None),
        ("First Name 2", None),
        ("Email Status", None),
    ],
)
def test_what_a_header_names(header: str, field: str | None) -> None:
    """Numbers and `Value` do not matter where a field may have several columns; other words do."""
    assert field_of(header) == field


@pytest.mark.parametrize(
    ("header", "field", "columns"),
    [
        (["E-mail 2 - Value", "E-mail 1 - Value"], "email", ["E-mail 1 - Value", "E-mail 2 - Value"]),
        (["Secondary Email", "Email"], "email", ["Email", "Secondary Email"]),
        (
            ["Home Phone", "Mobile Phone", "Business Phone"],
            "phone",
            ["Business Phone", "Mobile Phone", "Home Phone"],
        ),
        (["Title", "Job Title"], "title", ["Job Title"]),
        (["Title"], "title", ["Title"]),
        (["Account", "Company"], "company", ["Company"]),
    ],
)
def test_the_better_column_comes_first(header: list[str], field: str, columns: list[str]) -> None:
    """Addresses and phones stand in for each other; of titles and companies the better name is the one."""
    found = map_columns([*NAMES, *header], ())
    assert [[*NAMES, *header][place] for place in found.fields[field]] == columns


@pytest.mark.parametrize("header", [["Email", "E-Mail"], ["First name", "Given Name"], ["Title", "title"]])
def test_columns_of_which_none_is_better_are_asked_about(header: list[str]) -> None:
    """It is not guessed which of two columns of one name is meant."""
    with pytest.raises(UsageError, match="are both"):
        map_columns([*NAMES, *header], ())


@pytest.mark.parametrize("name", ["firstName", "lastName", "email", "phone", "title", "companyId"])
def test_a_field_of_its_own_is_no_undocumented_one(name: str) -> None:
    """What the run would refuse, the mapping refuses, with the word to write."""
    with pytest.raises(UsageError, match=f"{name} is a field of its own: write "):
        map_columns([*NAMES, "X"], [f"X=extra.{name}"])


def test_a_whole_name_is_split() -> None:
    """`full_name` takes the place of both names, also of columns that look like them."""
    found = map_columns(["Name", "First Name", "Email"], ["Name=full_name"])
    assert (found.full_name, found.fields, found.unused) == (0, {"email": (2,)}, (1,))
