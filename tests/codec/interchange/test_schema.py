"""JSON Schema says of every row what it is."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from impactive_async import (
    AsyncClient,
    Contact,
    Deal,
    Enrollment,
    EnrollResult,
    Gap,
    InvalidArgumentError,
    Sequence,
    json_schema,
    to_dict,
)
from impactive_async._codec.interchange.schema import named_object
from impactive_async.sandbox import Sandbox
from tests.codec.interchange.test_dicts import ALL
from tests.codec.rows import LAWFUL, rows_of

FORMS = pytest.mark.parametrize("wire", [False, True], ids=["named", "wire"])


def validator(cls: type, *, wire: bool = False) -> Draft202012Validator:
    schema = json_schema(cls, wire=wire)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@FORMS
@pytest.mark.parametrize("cls", ALL)
def test_it_describes_every_row(cls: type[Any], wire: bool) -> None:
    """Whatever a row holds, its dict is as the schema of its class says."""
    check = validator(cls, wire=wire)

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        check.validate(to_dict(row, wire=wire))

    law()


async def rows_of_a_workspace(crm: AsyncClient, sequence_id: str, contact_id: str) -> list[Any]:
    """All rows that every list of the API shows, and what the writes answer."""
    zapier = crm.zapier
    lists: list[list[Any]] = [
        await crm.contacts.list(), await crm.sequences.list(), await crm.sending_accounts.list(),
        await crm.bookings.list(), await zapier.companies.list(), await zapier.contacts.list(),
        await zapier.deals.list(), await zapier.invoices.list(), await zapier.projects.list(),
        await crm.sequences.enrollments(sequence_id), await crm.sequences.sends(sequence_id),
        await crm.sequences.replies(sequence_id), await crm.contacts.replies(contact_id),
    ]  # fmt: skip
    assert all(lists)
    single: list[Any] = [
        await crm.sequences.get(sequence_id), await zapier.auth_test(), await crm.sequences.pause(sequence_id),
        await crm.sequences.enroll(sequence_id, contact_ids=[contact_id, "gone"]),
    ]  # fmt: skip
    return [*(row for rows in lists for row in rows), *single]


@FORMS
async def test_it_describes_the_rows_of_the_sandbox(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox, wire: bool
) -> None:
    """Every row of every list, and every answer of a write, is as the schema of its class says."""
    state = impactive_sandbox.state
    sequence = state.create_sequence("Welcome", delays=[0, 3])
    contact = state.create_contact("Ada", "Lovelace", email="ada@example.com")
    state.add("bookings", {"title": "Call", "guestEmail": "ada@example.com", "room": 7})
    state.enroll(sequence.id, [contact.id])
    await impactive_sandbox.clock.advance(days=1)
    state.add_reply(contact.id, body="Tell me more")
    rows = await rows_of_a_workspace(impactive_client, sequence.id, contact.id)
    assert len({type(row) for row in rows}) == 14
    for row in rows:
        validator(type(row), wire=wire).validate(to_dict(row, wire=wire))


@pytest.mark.parametrize("cls", ALL)
def test_with_every_key_it_describes_what_is_put_out(cls: type[Any]) -> None:
    """For answers of a service no key is optional, at any depth, so that typed clients need not ask."""
    schema = named_object(cls, complete=True)
    check = Draft202012Validator(schema)
    assert schema["required"] == list(schema["properties"]) == [field.name for field in attrs.fields(cls)]

    @LAWFUL
    @given(rows_of(cls))
    def law(row: Any) -> None:
        check.validate(to_dict(row))

    law()


@pytest.mark.parametrize(
    ("cls", "change"),
    [
        (Contact, {"first_name": None}), (Contact, {"firstName": "Ada"}), (Contact, {"created_at": 5}),
        (Deal, {"value": "a lot"}), (Deal, {"value": True}), (Enrollment, {"contact": {"id": None}}),
        (Sequence, {"steps": [{}]}), (Sequence, {"step_count": 1.5}), (EnrollResult, {"attempts": None}),
    ],
)  # fmt: skip
def test_what_is_no_row_does_not_fit(cls: type[Any], change: dict[str, Any]) -> None:
    """The schema is no blank cheque: wrong types, missing fields and unknown names are found."""
    moment = "2026-01-02T12:00:00Z"
    whole = {"id": "1", "first_name": "A", "last_name": "L", "name": "n", "status": "active"}
    more = {"contact_id": "2", "updated_at": moment}
    fields = {field.name for field in attrs.fields(cls)}
    data = {key: value for key, value in {**whole, **more}.items() if key in fields}
    check = validator(cls)
    assert check.is_valid(data)
    assert not check.is_valid(data | change)


def test_statuses_are_examples() -> None:
    """A status that the contract does not name may come, so that those it names are no closed list."""
    assert json_schema(Enrollment)["properties"]["status"] == {
        "type": "string",
        "examples": ["active", "paused", "completed", "unsubscribed"],
    }


def test_each_schema_is_the_callers_own() -> None:
    """Changing one changes no other."""
    first = json_schema(Sequence)
    known = copy.deepcopy(first)
    first["properties"]["id"]["type"] = "integer"
    first["properties"]["steps"]["items"]["properties"].clear()
    assert json_schema(Sequence) == known


@pytest.mark.parametrize("cls", [Gap, dict, "Contact", None], ids=str)
def test_only_classes_of_rows_have_one(cls: Any) -> None:
    """The error says what is expected."""
    with pytest.raises(InvalidArgumentError, match="json_schema takes a class of rows, such as Contact"):
        json_schema(cls)
