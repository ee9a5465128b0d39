"""Creates whose answer tells the new id in its `Location` header alone."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from impactive_async._codec.shapes import many_exactly, one
from impactive_async._http.decipher import decipher
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.wire import Response, build_request, create, get
from impactive_async.errors import APIStatusError, DecodeError
from impactive_async.models import Contact

CREATE = build_request(create("/api/agent/contacts"), (), body={"firstName": "Ada", "lastName": "Lovelace"})
PLACE = "https://crm.example.com/api/agent/contacts/c%209"


def answer(body: bytes, location: str = PLACE) -> Response:
    return Response(201, CIMultiDict({"Location": location}), body)


@pytest.mark.parametrize(
    ("body", "extra"),
    [(b"", {}), (b"Created", {"body": "Created"}), (b'{"success": true, "queued": 1}', {"queued": 1})],
)
def test_the_location_tells_the_id(body: bytes, extra: dict[str, object]) -> None:
    """The row has the id, nothing else is invented, and what the body holds is kept."""
    met = Deviations()
    row = decipher(CREATE, answer(body), one(Contact), met)
    assert (row.id, row.first_name, row.email) == ("c 9", "", None)
    assert extra.items() <= row.extra.items()
    assert met.counts["row.location"] == 1


def test_the_body_goes_first() -> None:
    """A row that has an id is read as it is."""
    met = Deviations()
    row = decipher(CREATE, answer(b'{"id": "c1", "firstName": "Ada", "lastName": "L"}'), one(Contact), met)
    assert (row.id, met.counts) == ("c1", {})


@pytest.mark.parametrize("location", ["/login", "/api/agent/contacts/", "/api/agent/deals/d1", ""])
def test_another_place_is_no_row(location: str) -> None:
    """An id is taken only from below the list that was posted to."""
    with pytest.raises(DecodeError, match="no contact found"):
        decipher(CREATE, answer(b"", location), one(Contact), Deviations())


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": false, "error": "No such company"}',
        b'{"error": {"code": "invalid", "message": "No"}}',
        b'{"errors": [{"message": "No", "field": "email"}]}',
    ],
)
def test_a_refusal_is_one_wherever_it_points(body: bytes) -> None:
    """A body that says no is no success, though the header names a row."""
    met = Deviations()
    with pytest.raises(APIStatusError, match="the server refused"):
        decipher(CREATE, answer(body), one(Contact), met)
    assert "row.location" not in met.counts


def test_neither_pages_nor_batches_nor_reads_have_a_location() -> None:
    """An HTML page is no success, a batch has more than one row, and a GET creates nothing."""
    read = build_request(get("/api/agent/contacts"), ())
    for request, body, shape in ((CREATE, b"<html>", one(Contact)), (read, b"", one(Contact))):
        with pytest.raises(DecodeError):
            decipher(request, answer(body), shape, Deviations())
    with pytest.raises(DecodeError):
        decipher(CREATE, answer(b""), many_exactly(Contact, 1), Deviations())


def test_a_strict_client_refuses_it() -> None:
    """It reads the contract's own shape alone."""
    with pytest.raises(DecodeError, match="no contact found"):
        decipher(CREATE, answer(b""), one(Contact), Deviations(strict=True))


def test_an_unreadable_success_says_that_it_was_one() -> None:
    """Whoever reads the error learns that the server reported success."""
    error = DecodeError("no contact found", method="POST", path="/api/agent/contacts", outcome_unknown=True)
    assert "The server reported success" in str(error)
    assert "look before you repeat it" in str(error)
