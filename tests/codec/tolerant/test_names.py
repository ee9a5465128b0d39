"""Fields under other names than the contract's: `first_name`, `first-name`, or below `attributes`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec import codec
from impactive_async._codec.codec import to_wire
from impactive_async._codec.fast import reader
from impactive_async._codec.page import page, plain_page
from impactive_async._codec.shapes import many, one
from impactive_async._codec.tolerant.names import other_names
from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async.errors import DecodeError
from impactive_async.models import Company, Contact, Deal, Enrollment, Send, Sequence, Workspace
from tests.codec.rows import LAWFUL, ROWS, rows_of

WHOLE = [cls for cls in ROWS if any(name == "id" for name in cls.__annotations__)]
"""The rows that an answer may consist of."""


@pytest.fixture(params=["fast", "exact"], autouse=True)
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers: with msgspec, and with the exact reader alone."""
    if request.param == "exact":
        monkeypatch.setattr(codec, "fast_reader", lambda _: None)
    else:
        assert vars(codec)["fast_reader"] is reader.fast_reader


def read(shape: Callable[[bytes], Any], document: Any, *, strict: bool = False) -> tuple[Any, set[str]]:
    """What a shape makes of a document, and the deviations that it told of."""
    told: list[str] = []

    def refuse(name: str) -> None:
        raise DecodeError(name)

    with noting(Notes(refuse if strict else told.append)):
        value = shape(json.dumps(document).encode())
    return value, {*told}


def snake(document: Any, separator: str = "_") -> Any:
    """A document with every key written with a separator."""
    if isinstance(document, list):
        return [snake(one, separator) for one in document]
    if not isinstance(document, Mapping):
        return document
    return {
        re.sub("[A-Z]", lambda letter: separator + letter[0].lower(), key): snake(value, separator)
        for key, value in document.items()
    }


@pytest.mark.parametrize("separator", ["_", "-", ""])
@pytest.mark.parametrize("cls", WHOLE, ids=lambda cls: cls.__name__)
@given(data=st.data())
@settings(parent=LAWFUL)
def test_a_row_is_the_same_whatever_separates_the_words_of_its_names(
    cls: type[Any], separator: str, data: st.DataObject
) -> None:
    """Alone, in a list, and in an envelope; nested rows too. Nothing of it is left in `extra`."""
    row = data.draw(rows_of(cls, plain=True))
    wire = to_wire(row)
    for document in (wire, {"data": wire}):
        assert read(one(cls), snake(document, separator))[0] == row
    assert read(many(cls), snake([wire, wire], separator))[0] == [row, row]


@pytest.mark.parametrize("holder", ["attributes", "properties", "fields"])
@pytest.mark.parametrize("cls", WHOLE, ids=lambda cls: cls.__name__)
@given(data=st.data())
@settings(parent=LAWFUL)
def test_a_row_of_json_api_is_the_same(cls: type[Any], holder: str, data: st.DataObject) -> None:
    """Its fields stand below `attributes`, beside id and type; the type is kept in `extra`."""
    row = data.draw(rows_of(cls, plain=True))
    attributes = to_wire(row)
    resource = {"type": "rows", "id": attributes.pop("id"), holder: attributes}
    alone, _ = read(one(cls), {"data": resource, "links": {"self": "…"}})
    (listed,), _ = read(many(cls), {"data": [resource], "links": {}})
    fields = [name for name in cls.__annotations__ if name != "extra"]
    for found in (alone, listed):
        assert [getattr(found, name) for name in fields] == [getattr(row, name) for name in fields]
        assert found.extra["type"] == "rows"


def test_a_name_is_moved_only_where_the_contracts_own_is_absent() -> None:
    """Both are kept where an answer has both, and neither is chosen."""
    deal = {"id": "d1", "name": "A", "stage_id": "s2", "stage-id": "s3"}
    row, told = read(one(Deal), deal | {"stageId": "s1"})
    assert (row.stage_id, row.extra) == ("s1", {"stage_id": "s2", "stage-id": "s3"})
    assert told == set()
    row, told = read(one(Deal), deal)
    assert (row.stage_id, row.extra, told) == ("s2", {"stage-id": "s3"}, {"field.name"})


def test_what_sounds_like_a_field_and_is_none_costs_nothing() -> None:
    """A row that can be read without it is read without it."""
    row, _ = read(one(Deal), {"id": "d1", "name": "A", "stage_id": {"of": "mine"}})
    assert (row.stage_id, row.extra) == (None, {"stage_id": {"of": "mine"}})


def test_attributes_that_stand_beside_are_kept_below() -> None:
    """An attribute with the name of a member beside it is not chosen over that."""
    resource = {"id": "c1", "type": "contacts", "attributes": {"id": 7, "firstName": "Ada", "lastName": "L"}}
    row, told = read(one(Contact), {"data": resource})
    assert (row.id, row.first_name, row.extra) == ("c1", "Ada", {"type": "contacts", "attributes": {"id": 7}})
    assert told == {"row.envelope", "row.attributes"}


def test_attributes_that_are_a_field_of_the_services_own_are_kept() -> None:
    """Nothing in them is the contract's: they stand in `extra` as they came."""
    row, _ = read(one(Company), {"id": "c1", "name": "Acme", "attributes": {"colour": "red"}})
    assert row.extra == {"attributes": {"colour": "red"}}


def test_custom_fields_are_not_those_of_the_row() -> None:
    """An object of a service's own beside fields of the contract is left alone, whatever is in it."""
    custom = {"title": "of ours", "colour": "red"}
    row, told = read(one(Contact), {"id": "c1", "firstName": "Ada", "lastName": "L", "fields": custom})
    assert (row.title, row.extra, told) == (None, {"fields": custom}, set())


def test_a_row_inside_another_is_understood_too() -> None:
    """Also where the outer one has the contract's names."""
    contact = {"id": "c1", "first_name": "Ada", "last_name": "L"}
    outer = {"id": "e1", "contactId": "c1", "status": "active", "updatedAt": "2026-01-01T00:00:00Z"}
    row, told = read(one(Enrollment), outer | {"contact": contact})
    assert row.contact is not None
    assert (row.contact.first_name, row.contact.extra, told) == ("Ada", {}, {"field.name"})


def test_what_stands_beside_a_row_is_understood_too() -> None:
    """Steps and counts that are merged into a sequence."""
    row, _ = read(one(Sequence), {"sequence": {"id": "s1", "name": "A"}, "step_count": 3})
    assert (row.step_count, row.extra) == (3, {})


def test_a_workspace_of_its_own_names() -> None:
    """`workspace_id` and `workspace_name`, as elsewhere `workspaceId`."""
    row, _ = read(one(Workspace), {"workspace_id": 7, "workspace_name": "Acme"})
    assert (row.id, row.name) == ("7", "Acme")


@pytest.mark.parametrize("name", ["_id", "uuid"])
def test_an_id_may_have_another_name(name: str) -> None:
    """Of a row, of one in an envelope beside another object with such a name, and of those of a list."""
    ada = {name: "c1", "firstName": "Ada", "lastName": "L"}
    trace = {"request": {"uuid": "r1"}}
    for shape, document in (
        (one(Contact), ada),
        (one(Contact), {"contact": {"id": "c1", "firstName": "Ada", "lastName": "L"}} | trace),
        (many(Contact), [ada]),
        (many(Contact), {"data": [ada]}),
    ):
        found, _ = read(shape, document)
        row = found[0] if isinstance(found, list) else found
        assert (row.id, row.first_name) == ("c1", "Ada")


@pytest.mark.parametrize("make", [page, plain_page])
def test_a_feed_finds_the_moments_of_rows(make: Any) -> None:
    """Ids and moments are read of every row, and the row that is handed on decodes."""
    sends = [
        {"id": "s1", "email_date": "2026-01-02T00:00:00.000Z", "to_addresses": ["a@example.com"]},
        {"id": "s2", "type": "send", "attributes": {"emailDate": "2026-01-01T00:00:00.000Z"}},
        {"_id": "s3", "email_date": 1767225600},
    ]
    found, told = read(make("id", "emailDate"), sends)
    assert found.ids == ["s1", "s2", "s3"]
    assert found.stamps == ["2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"]
    assert told == {"field.name", "row.attributes", "time.epoch"}
    with noting(Notes(told.add)):
        rows = [codec.decode_row(Send, raw) for raw in found.pick(range(3))]
    assert rows[0].to_addresses == ("a@example.com",)
    assert all(row.email_date is not None for row in rows)


@pytest.mark.parametrize(
    "document", [{"id": "d1", "stage_id": "s"}, {"id": "d1", "type": "deals", "attributes": {"name": "A"}}]
)
def test_a_strict_client_refuses_other_names(document: Any) -> None:
    """Also where the row could be read without them."""
    with pytest.raises(DecodeError, match=r"field\.name|row\.attributes"):
        read(one(Deal), document, strict=True)


@pytest.mark.parametrize(
    ("wire", "names"),
    [
        ("firstName", ("first_name", "first-name", "firstname")),
        ("lastSendErrorAt", ("last_send_error_at", "last-send-error-at", "lastsenderrorat")),
        ("name", ()),
        ("id", ("_id", "uuid")),
    ],
)
def test_the_other_names_of_a_field(wire: str, names: tuple[str, ...]) -> None:
    """A field of one word has none."""
    assert other_names(wire) == names
