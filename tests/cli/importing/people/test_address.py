"""Addresses: cleaned at their edges, checked, and proposals for what is none."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.cli.importing.people.address import Address, NoAddress, read_address, same_address


@pytest.mark.parametrize(
    ("cell", "address", "change"),
    [
        ("ada@x.example", "ada@x.example", None),
        ("Ada.L+tag@X.Example", "Ada.L+tag@X.Example", None),
        ("o'brien@x.example", "o'brien@x.example", None),
        ("ada@müller.example", "ada@müller.example", None),
        ("mailto:ada@x.example", "ada@x.example", "`mailto:`"),
        ("MailTo: ada@x.example?subject=Hi", "ada@x.example", "`mailto:`"),
        ("SMTP:ada@x.example", "ada@x.example", "`mailto:`"),
        ("<mailto:ada@x.example>", "ada@x.example", "`mailto:`"),
        ("\u200bada@x\u200b.example\ufeff", "ada@x.example", "invisible"),
        ("ada\u00ad@x.example", "ada@x.example", "invisible"),
        ("\u202aada@x.example\u202c", "ada@x.example", "invisible"),
        ("'ada@x.example", "ada@x.example", "marks"),
        ("'ada@x.example'", "ada@x.example", "marks"),
        ("[ada@x.example]", "ada@x.example", "marks"),
        ("(ada@x.example)", "ada@x.example", "marks"),
        ("<ada@x.example>", "ada@x.example", "marks"),
        ("ada@x.example/", "ada@x.example", "marks"),
        ("ada@x.example;", "ada@x.example", "marks"),
        ("ada@x.example.", "ada@x.example", "marks"),
        ("ada@x.example,", "ada@x.example", "marks"),
        ("Ada Lovelace <ada@x.example>", "ada@x.example", "a name"),
        ('"Lovelace, Ada" <ada@x.example>', "ada@x.example", "a name"),
        ("ada@x.example ::: ada@home.example", "ada@x.example", "further"),
    ],
)
def test_what_stands_around_an_address_is_taken_off(cell: str, address: str, change: str | None) -> None:
    """And what it was is told; an address as it is stays as it is, in its own letters."""
    found = read_address(cell)
    assert isinstance(found, Address), found
    assert found.text == address
    assert (found.change is None) is (change is None)
    assert (change or "") in (found.change or "")


@pytest.mark.parametrize(
    ("cell", "proposal"),
    [
        ("a..b@x.example", "a.b@x.example"),
        ("a@-x.example", "a@x.example"),
        ("a@x-.example", "a@x.example"),
        ("a@x..example", "a@x.example"),
        ("a@@x.example", "a@x.example"),
        ("a.@x.example", "a@x.example"),
        ("a@x,example", "a@x.example"),
        ("a @x.example", "a@x.example"),
        ("a@ x.example", "a@x.example"),
        ("a(at)x.example", "a@x.example"),
        ("a [at] x [dot] example", "a@x.example"),
        ("a at x dot example", "a@x.example"),
        ("a%40x.example", "a@x.example"),
        ("a@x_y.example", "a@x-y.example"),
        ("\uff41@x.example\uff0ccom", None),
        ("a@x.example; b@x.example", "a@x.example"),
        ("a@x.example, b@x.example", "a@x.example"),
        ("a@x.example b@x.example", "a@x.example"),
        ("a@localhost", None),
        ("ada", None),
        ("N/A", None),
        ("@x.example", None),
        ("a@", None),
        ("a@1.2.3.4", None),
        ("a@x.local", None),
        ("x" * 300 + "@x.example", None),
    ],
)
def test_what_is_no_address_is_told_with_what_was_meant(cell: str, proposal: str | None) -> None:
    """It is not sent in a corrected form unasked; the message is short."""
    found = read_address(cell)
    assert isinstance(found, NoAddress), found
    assert "is no email address" in found.reason
    if proposal:
        assert f"did you mean '{proposal}'?" in found.reason
    assert len(found.reason) < 300


@given(
    st.from_regex(r"[A-Za-z0-9_+.\-]{1,12}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9.\-_]{1,12}\.[a-z]{1,5}", fullmatch=True),
)
def test_the_short_way_takes_nothing_that_email_validator_refuses(local: str, domain: str) -> None:
    """An address that is taken as it stands is one by the whole check, too; and nothing that is one is refused."""
    cell = f"{local}@{domain}"
    try:
        validate_email(cell, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        assert read_address(cell) != Address(cell)
    else:
        assert read_address(cell) == Address(cell)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada@x.example", "ADA@X.EXAMPLE", True),
        ("ada@müller.example", "ada@xn--mller-kva.example", True),
        ("ada@x.example", "ada@y.example", False),
        ("ada+a@x.example", "ada@x.example", False),
    ],
)
def test_spellings_of_one_address(one: str, other: str, same: bool) -> None:
    """Case does not matter, nor how a domain with umlauts is written."""
    assert (same_address(one) == same_address(other)) is same
