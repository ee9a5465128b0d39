"""Items of a list that hold a row, and rows that lack their id: calls and feeds read them alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from impactive_async._codec.page import each_row, page, plain_page, value_of
from impactive_async._codec.shapes import many, one
from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async.errors import DecodeError
from impactive_async.feeds.cursor.evidence.contents import read_contents
from impactive_async.models import Booking, Company, Contact, Enrollment

NOON = "2026-05-01T12:00:00Z"
BOOKING = {"id": "b1", "title": "Demo", "updatedAt": NOON}
CONTACT = {"id": "c1", "firstName": "Ada"}
ENROLLMENT = {"contactId": "c1", "status": "active", "updatedAt": NOON, "contact": CONTACT}


def ids_by_call(cls: type[Any], items: list[Any], told: list[str]) -> list[Any]:
    """The ids that a call reads."""
    with noting(Notes(told.append)):
        return [row.id for row in many(cls)(json.dumps(items).encode())]


def ids_by_feed(plural: str, items: list[Any]) -> list[list[Any]]:
    """The ids that feeds read: over columns, over plain values, and by content; `None` for a bad row."""
    body = json.dumps({"data": items}).encode()
    with noting(Notes(lambda _: None)):
        pages = [shape("id", "updatedAt", plural)(body) for shape in (page, plain_page)]
        contents = read_contents(each_row(body, plural), "id", ("updatedAt",), frozenset())
    by_content = [version[0] for *_, (version, _) in contents.arrivals] + [None] * len(contents.bad)
    return [*([*shown.ids] for shown in pages), by_content]


@pytest.mark.parametrize(
    ("item", "deviation"),
    [
        ({"node": BOOKING, "cursor": "x"}, "row.envelope"),
        ({"data": BOOKING}, "row.envelope"),
        ({"booking": BOOKING, "score": 1}, "row.envelope"),
        ({"bookingId": "b1", "title": "Demo", "updatedAt": NOON}, "row.id_alone"),
        ({"booking_id": "b1", "title": "Demo", "updatedAt": NOON}, "row.id_alone"),
    ],
)
def test_an_item_that_holds_a_row_is_that_row(item: dict[str, Any], deviation: str) -> None:
    """As lists of GraphQL and JSON:API have them."""
    told: list[str] = []
    assert ids_by_call(Booking, [item], told) == ["b1"]
    assert deviation in told
    assert ids_by_feed("bookings", [item]) == [["b1"]] * 3


@pytest.mark.parametrize("lacking", [{}, {"id": None}, {"id": ""}])
def test_the_id_of_a_part_is_not_the_rows(lacking: dict[str, Any]) -> None:
    """An enrollment without an id would be taken for another with the id of its contact."""
    with pytest.raises(DecodeError, match=r"\$\[0\]\.id"):
        ids_by_call(Enrollment, [ENROLLMENT | lacking], [])
    for ids in ids_by_feed("enrollments", [ENROLLMENT | lacking]):
        assert [*filter(None, ids)] == []


def test_a_row_of_which_two_could_be_meant_is_none() -> None:
    """Nobody should guess."""
    item = {"data": BOOKING, "record": BOOKING | {"id": "b2"}}
    with pytest.raises(DecodeError):
        ids_by_call(Booking, [item], [])
    assert ids_by_feed("bookings", [item]) == [[None]] * 3


BESIDE = {"company": {"id": "k1", "name": "Acme"}}


@pytest.mark.parametrize(
    ("document", "row_id"),
    [
        ({"contactId": "c1", **BESIDE}, "c1"),
        ({"success": True, "contact_id": "c1", "owner": {"id": "u1"}}, "c1"),
        ({"contactId": "c1", "audit": {"id": "a1"}}, "c1"),
        ({"success": True, **BESIDE}, None),
        ({"firstName": "Ada", **BESIDE}, None),
        ({"data": {"firstName": "Ada", **BESIDE}}, None),
        ({"contact": {"firstName": "Ada"}, "owner": {"id": "u1"}}, None),
    ],
)
def test_the_id_of_what_stands_beside_a_row_is_not_the_rows(document: dict[str, Any], row_id: str | None) -> None:
    """A contact that was made would go by the id of its company, and what is done with it next hit another."""
    with noting(Notes(lambda _: None)):
        if row_id is None:
            with pytest.raises(DecodeError):
                one(Contact)(json.dumps(document).encode())
        else:
            assert one(Contact)(json.dumps(document).encode()).id == row_id


def test_irregular_plurals_have_their_singulars() -> None:
    """A company is no `companie`."""
    item = {"company": {"id": "k1", "name": "Acme", "updatedAt": NOON}}
    assert ids_by_call(Company, [item], []) == ["k1"]
    assert ids_by_feed("companies", [item]) == [["k1"]] * 3


def test_a_row_stays_as_it_came_where_its_id_is_its_own() -> None:
    """What looks like a row within it is a part of it."""
    row = BOOKING | {"data": {"id": "x"}, "booking": {"id": "y"}}
    body = json.dumps([row]).encode()
    with noting(Notes(lambda _: None)):
        (shown,) = page("id", "updatedAt", "bookings")(body).pick([0])
        (listed,) = each_row(body, "bookings")
    assert (value_of(shown), value_of(listed)) == (row, row)
