"""Updates whose answer has no row."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from impactive_async._codec.shapes import one
from impactive_async._http.decipher import decipher
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.wire import Response, build_request, get, write
from impactive_async.errors import BadRequestError, DecodeError
from impactive_async.models import Contact, Sequence, Step

UPDATES = {verb: write(verb, "/api/agent/contacts/:id") for verb in ("PATCH", "PUT", "POST")}
UPDATE = build_request(UPDATES["PATCH"], ("c 9",), body={"title": "CTO"})
STEP = build_request(
    write("PATCH", "/api/agent/sequences/:id/steps/:stepId"), ("s1", "t1"), body={"subject": "Hi"}
)


def answer(body: bytes) -> Response:
    return Response(200, CIMultiDict(), body)


@pytest.mark.parametrize("verb", UPDATES)
@pytest.mark.parametrize(
    ("body", "extra"),
    [
        (b"", {}),
        (b"OK", {"body": "OK"}),
        (b'{"success": true, "message": "updated"}', {"success": True, "message": "updated"}),
        (b'{"modifiedCount": 1}', {"modifiedCount": 1}),
    ],
)
def test_an_update_is_done_whatever_its_answer_tells(verb: str, body: bytes, extra: dict[str, object]) -> None:
    """The row has the id that was asked for, nothing is invented, and what the body holds is kept."""
    met = Deviations()
    row = decipher(build_request(UPDATES[verb], ("c 9",), body={"title": "CTO"}), answer(body), one(Contact), met)
    assert (row.id, row.title, row.email, row.extra) == ("c 9", None, None, extra)
    assert met.counts["row.of_update"] == 1


def test_each_noun_that_can_be_updated_is_done_so() -> None:
    """Sequences and steps, too."""
    sequence = build_request(write("PATCH", "/api/agent/sequences/:id"), ("s1",), body={"name": "N"})
    assert decipher(sequence, answer(b""), one(Sequence), Deviations()).id == "s1"
    assert decipher(STEP, answer(b""), one(Step), Deviations()).id == "t1"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"id": "c9", "firstName": "A',
        b'{"contact": {"id": "c9"}, "deal": {"id": "d"}}',
        b'{"rows": []}',
    ],
)
def test_an_answer_that_may_hold_a_row_is_not_passed_over(body: bytes) -> None:
    """A page, a body that was cut off, two rows, or none of several are an error."""
    with pytest.raises(DecodeError):
        decipher(UPDATE, answer(body), one(Contact), Deviations())


def test_a_refusal_stays_one() -> None:
    """Also in a 200."""
    with pytest.raises(BadRequestError):
        decipher(UPDATE, answer(b'{"success": false, "error": "No"}'), one(Contact), Deviations())


def test_reads_and_strict_clients_need_a_row() -> None:
    """Who asks for a row wants one, and a strict client reads the contract's own shape alone."""
    read = build_request(get("/api/agent/sequences/:id"), ("s1",))
    with pytest.raises(DecodeError):
        decipher(read, answer(b""), one(Sequence), Deviations())
    with pytest.raises(DecodeError):
        decipher(UPDATE, answer(b""), one(Contact), Deviations(strict=True))


@pytest.mark.parametrize(
    ("body", "other"),
    [(b'{"id": "c 9"}', False), (b'{"data": {"_id": "C 9"}}', False), (b"", False), (b'{"id": "c 8"}', True)],
)
def test_a_row_that_is_not_the_one_updated_is_told(body: bytes, other: bool) -> None:
    """It is counted and warned of once: either the answer or the update was of another row."""
    met = Deviations()
    decipher(UPDATE, answer(body), one(Contact), met)
    assert met.counts.get("row.other", 0) == other
