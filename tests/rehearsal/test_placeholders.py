"""Placeholders: what is filled in, what stays, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async import Contact, ContactDraft, SendingAccount
from impactive_async.rehearsal.placeholders import Filled, read_template, values_of


def fill(text: str, values: dict[str, str]) -> Filled:
    return read_template(text).fill(values)


ADA = Contact(
    id="con_1",
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.com",
    company_name="Engines",
    extra={"favouriteColour": "red", "score": 7, "tags": ["a"], "vip": True},
)
VALUES = values_of(ADA, SendingAccount(id="acc_1", from_name="Grace", from_email="grace@example.com"))


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{firstName}}", "Ada"),
        ("{{first_name}}", "Ada"),
        ("{{ First Name }}", "Ada"),
        ("{{contact.first_name}} {{contact.lastName}}", "Ada Lovelace"),
        ("{{name}} of {{company}}, {{company.name}}", "Ada Lovelace of Engines, Engines"),
        ("{{{email}}}", "ada@example.com"),
        ("{{senderName}} <{{from_email}}>", "Grace <grace@example.com>"),
        ("{{favourite_colour}} {{contact.score}}", "red 7"),
        ("{{firstName|there}}", "Ada"),
        ("{{title|there}} {{ title | default: 'you' }} {{title||\"x\"}}", "there you x"),
        ("{{title|}}!", "!"),
    ],
)
def test_what_is_known_is_filled_in(text: str, filled: str) -> None:
    """By the usual spellings of a name, and else by the fallback that the text names."""
    assert fill(text, VALUES) == Filled(filled, ())


@pytest.mark.parametrize(
    "text",
    ["{{title}}", "{{nonsense}}", "{{}}", "{{tags}}", "{{vip}}", "{firstName}", "${first_name}", "[First Name]",
     "[name]", "%FIRST_NAME%", "*|FNAME|*", "{% if title %}"],
)  # fmt: skip
def test_what_is_not_known_stays(text: str) -> None:
    """It is told as it stands, also where it is of another form than `{{ }}`."""
    assert fill(f"a {text} b", VALUES) == Filled(f"a {text} b", (text,))


@pytest.mark.parametrize(
    "text",
    ["p {color: red}", "[see below]", "100% sure, 50% off", "if (a) { b }", "{", "{{", "a | b", "[1]", "{ }"],
)
def test_other_brackets_are_no_placeholders(text: str) -> None:
    """Style sheets, footnotes and percentages are left alone, and not told."""
    assert fill(text, VALUES) == Filled(text, ())


def test_people_who_are_not_created_have_values_too() -> None:
    """A draft fills what it has."""
    values = values_of(ContactDraft(first_name="Ben", last_name="Ford", title="Dean"), None)
    assert fill("{{title}} {{last_name}}, {{company}}", values).text == "Dean Ford, {{company}}"


@given(st.text(alphabet="ab{}[]%|* .$", max_size=60))
def test_a_text_without_known_names_is_never_changed(text: str) -> None:
    """Whatever brackets it has: only a fallback is put in the place of a placeholder."""
    assert "|" in text or fill(text, VALUES).text == text


def test_a_hostile_text_takes_no_time() -> None:
    """Brackets that are never closed cost no more than their number."""
    for part in ("{{", "[", "%", "*|", "{%", "${", "{{a|"):
        assert fill(part * 50_000, VALUES).text == part * 50_000
