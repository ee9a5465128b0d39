"""From an input row to the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async import UNSET
from impactive_async.bulk.drafts import BadRowError, exact_body, plain_body
from impactive_async.models import ContactDraft

NAMED: dict[str, Any] = {"first_name": "Ada", "last_name": "Lovelace"}


def body_of(row: Any) -> Any:
    """As `cutting` reads it, with the reason in the place of a bad row's body."""
    try:
        return plain_body(row) or exact_body(row)
    except BadRowError as error:
        return str(error)


@pytest.mark.parametrize(
    ("row", "body"),
    [
        (NAMED, {"firstName": "Ada", "lastName": "Lovelace"}),
        ({**NAMED, "email": None, "phone": UNSET}, {"firstName": "Ada", "lastName": "Lovelace"}),
        ({**NAMED, "company_id": "com_1"}, {"firstName": "Ada", "lastName": "Lovelace", "companyId": "com_1"}),
        ({**NAMED, "extra": {"source": 7}}, {"firstName": "Ada", "lastName": "Lovelace", "source": 7}),
        (
            ContactDraft(**NAMED, title="Countess"),
            {"firstName": "Ada", "lastName": "Lovelace", "title": "Countess"},
        ),
    ],
)
def test_a_row_is_a_draft_or_a_mapping_of_its_fields(row: Any, body: Any) -> None:
    """Snake case in, the wire's names out; what is `None` or `UNSET` was not given."""
    assert body_of(row) == body


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"first_name": "Ada"}, "last_name is missing"),
        ({**NAMED, "last_name": None}, "last_name is missing"),
        ({**NAMED, "first_name": "  "}, "first_name is empty"),
        ({**NAMED, "first_name": 7}, "first_name is a string, not int"),
        ({**NAMED, "email": 7}, "email is a string, not int"),
        ({**NAMED, "emial": "ada@example.com"}, "unknown field 'emial'; did you mean 'email'?"),
        ({**NAMED, "firstName": "Ada"}, "unknown field 'firstName'; did you mean 'first_name'?"),
        (
            {**NAMED, "email": float("nan")},
            "email is a string, not NaN, as pandas has for an empty cell: put None there",
        ),
        (dict[Any, Any](NAMED) | {None: ["x"]}, "the row has more cells than its file has columns: ['x']"),
        ({7: "x"}, "unknown field 7; other wire fields go into 'extra'"),
        ({**NAMED, "extra": ["x"]}, "extra is a mapping of wire fields, not list"),
        ({**NAMED, "extra": {"at": object()}}, "cannot be sent as JSON"),
        ({**NAMED, "extra": {"email": "x", "firstName": "y"}}, "'firstName' is given twice"),
        ({**NAMED, "email": "\ud800"}, "not representable as JSON"),
        (["Ada", "Lovelace"], "a row is a ContactDraft or a mapping of its fields, not a list"),
        (None, "a row is a ContactDraft or a mapping of its fields, not a NoneType"),
        (ContactDraft(first_name=None, last_name="L"), "first_name is a string, not null"),  # type: ignore[arg-type]
    ],
)
def test_a_bad_row_says_what_is_wrong_with_it(row: Any, reason: str) -> None:
    """What cannot be sent is refused with the field and the reason, before any request."""
    try:
        body = exact_body(row)
    except BadRowError as error:
        body = {"reason": str(error)}
    assert reason in body.get("reason", "")


NAMES = st.sampled_from(["first_name", "last_name", "email", "phone", "title", "company_id", "extra", "emial"])
VALUES = st.one_of(st.text(max_size=3), st.none(), st.integers(), st.just(" "))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.one_of(st.dictionaries(NAMES, VALUES), st.fixed_dictionaries({name: st.just("x") for name in NAMED})))
def test_what_the_short_way_passes_the_exact_one_passes_alike(row: dict[str, Any]) -> None:
    """A plain row's body is the same by both ways, to the order of its fields."""
    for given_as in (dict, as_draft):
        plain = plain_body(given_as(row))
        if plain is not None:
            assert list(plain.items()) == list(exact_body(given_as(row)).items())


def as_draft(row: dict[str, Any]) -> ContactDraft:
    return ContactDraft(
        **{"first_name": "Ada", "last_name": "Lovelace"} | {n: row[n] for n in row if n != "emial"}
    )


def test_most_rows_take_the_short_way() -> None:
    """A dict or draft of strings is plain, with and without `None` in it; one with `extra` is not."""
    assert plain_body({**NAMED, "email": "a@example.com", "phone": None})
    assert plain_body(ContactDraft(**NAMED, phone=None))
    assert plain_body(ContactDraft(**NAMED, extra={"source": 7})) is None
