"""Answers in shapes other than the contract's, as neighbouring services give them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec import codec
from impactive_async._codec.codec import read_rows
from impactive_async._codec.fast import reader
from impactive_async._codec.page import page, plain_page, value_of
from impactive_async._codec.shapes import many, many_exactly, one, result
from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async._codec.tolerant.refusals import Refusal, meaning_of
from impactive_async.errors import DecodeError
from impactive_async.models import Contact, Deal, EnrollResult, PauseResult, Send, Sequence, Step, Workspace

ADA = {"id": "c1", "firstName": "Ada", "lastName": "Lovelace"}
SEQUENCE = {"id": "s1", "name": "Welcome"}
STEPS = [{"id": "p1", "subject": "Hi"}]
LAWFUL = settings(derandomize=True, database=None, deadline=None, max_examples=150)


@pytest.fixture(params=["fast", "exact"], autouse=True)
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers: with msgspec, and with the exact reader alone."""
    if request.param == "exact":
        monkeypatch.setattr(codec, "fast_reader", lambda _: None)
    else:
        assert vars(codec)["fast_reader"] is reader.fast_reader


def read(shape: Callable[[bytes], Any], document: Any) -> tuple[Any, list[str]]:
    """What a shape makes of a document, and the deviations that it told of."""
    told: list[str] = []
    with noting(Notes(told.append)):
        value = shape(document if isinstance(document, bytes) else json.dumps(document).encode())
    return value, told


ROWS: dict[str, tuple[Any, list[str]]] = {
    "the noun": ({"contact": ADA}, ["row.envelope"]),
    "data": ({"data": ADA}, ["row.envelope"]),
    "success and data": ({"success": True, "data": ADA}, ["row.envelope"]),
    "two levels": ({"success": True, "data": {"contact": ADA}}, ["row.envelope", "row.envelope"]),
    "result": ({"result": ADA}, ["row.envelope"]),
    "an array of one": ([ADA], ["row.array"]),
    "an array within": ({"data": [ADA]}, ["row.envelope", "row.array"]),
    "another noun": ({"success": True, "lead": ADA, "message": "made"}, ["row.envelope"]),
    "a number for an id": (ADA | {"id": 7}, ["id.number"]),
}


@pytest.mark.parametrize(("document", "deviations"), ROWS.values(), ids=ROWS)
def test_a_row_is_found(document: Any, deviations: list[str]) -> None:
    """Wherever it stands, up to two levels down, and what differs is told."""
    row, told = read(one(Contact), document)
    assert (row.first_name, row.last_name) == ("Ada", "Lovelace")
    assert row.id in ("c1", "7")
    assert told == deviations


def test_what_stands_beside_a_row_is_merged() -> None:
    """Steps and counts beside a sequence are its own; what is unknown is kept in `extra`."""
    beside = {"steps": STEPS, "stepCount": 1, "enrollmentCounts": {"total": "3"}, "traceId": "t"}
    row, told = read(one(Sequence), {"sequence": SEQUENCE, **beside})
    assert [step.id for step in row.steps] == ["p1"]
    assert (row.step_count, row.enrollment_counts.total, row.extra) == (1, 3, {"traceId": "t"})
    assert told == ["row.envelope", "count.text"]


@pytest.mark.parametrize(
    "document",
    [{"contact": ADA, "deal": {"id": "d1"}}, [ADA, ADA], {"a": {"b": {"c": ADA}}}, {}, "c1", 7, None, []],
)
def test_nobody_guesses_a_row(document: Any) -> None:
    """Two candidates, or none: the error says what was tried, and shows structure but no values."""
    with pytest.raises(DecodeError, match=r"no contact found: expected an object with an id") as caught:
        read(one(Contact), document)
    assert "Lovelace" not in str(caught.value)
    assert "impactive doctor" in str(caught.value)


@pytest.mark.parametrize(
    "document", [{"success": True, "contactId": "c9"}, {"data": {"contactId": "c9"}}, {"id": "c9"}]
)
def test_a_created_row_is_known_by_its_id(document: Any) -> None:
    """The server says that it has created somebody: an id is enough, and nothing else is invented."""
    row, _ = read(one(Contact), document)
    assert (row.id, row.first_name, row.email) == ("c9", "", None)


LISTS: dict[str, Any] = {
    "data": {"data": [ADA]},
    "the plural": {"contacts": [ADA]},
    "beside another array": {"contacts": [ADA], "warnings": []},
    "two levels": {"success": True, "data": {"contacts": [ADA], "tags": []}},
    "items": {"items": [ADA], "page": 1},
    "the only one": {"people": [ADA]},
    "HAL": {"_embedded": {"contacts": [ADA]}, "_links": {"self": {"href": "/contacts"}}},
    "a page of several": {"items": [ADA], "page": 1, "pages": 3},
    "a flag that all went well": {"ok": True, "contacts": [ADA]},
    "a status that all went well": {"status": "success", "data": [ADA]},
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps({"data": [ADA]}).encode(),
    "after white space": b'  {"data": [' + json.dumps(ADA).encode() + b"]}",
}


@pytest.mark.parametrize("document", LISTS.values(), ids=LISTS)
def test_a_list_is_found(document: Any) -> None:
    """Under its noun or one of the usual names, however many other arrays stand beside it."""
    rows, told = read(many(Contact), document)
    assert [row.id for row in rows] == ["c1"]
    assert told == ["list.envelope"]


MARKERS: list[tuple[dict[str, Any], bool]] = [
    ({"hasMore": True}, True),
    ({"has_more": False}, False),
    ({"nextCursor": "abc"}, True),
    ({"next": None}, False),
    ({"total": 2}, True),
    ({"total": "2"}, True),
    ({"total": 1}, False),
    ({"pagination": {"hasNextPage": True}}, True),
    ({"meta": {"total_count": 1}}, False),
    ({"page": 1, "pages": 3}, True),
    ({"page": 1, "pages": 1}, False),
    ({"pages": 3}, True),
    ({"page": 0, "totalPages": 1}, False),
    ({"page": 0, "totalPages": 2}, True),
    ({"meta": {"current_page": "1", "last_page": "2"}}, True),
    ({"pagination": {"page": 2, "pageCount": 2}}, False),
    ({"_links": {"self": {"href": "/a"}, "next": {"href": "/b"}}}, True),
    ({"_links": {"self": {"href": "/a"}}}, False),
    ({"pageInfo": {"hasNextPage": True, "endCursor": "x"}}, True),
    ({"hasMore": "true"}, True),
    ({"hasMore": "false"}, False),
    ({"has_more": 1}, True),
    ({"isTruncated": True}, True),
    ({"nextPageUrl": "/b"}, True),
    ({"@odata.nextLink": "/b"}, True),
    ({"totalItems": 2}, True),
    ({"page": {"totalElements": 1}}, False),
    ({"page": {"totalElements": 2}}, True),
    ({"links": {"next": {"href": None}}}, False),
    ({"cursor": {"next": None, "previous": None}}, False),
    ({"cursor": {"next": "abc"}}, True),
    ({"next": []}, False),
]
"""What stands beside one row, and whether that says that there are more."""


@pytest.mark.parametrize(("beside", "more"), MARKERS)
def test_markers_of_more_are_handed_on(beside: dict[str, Any], more: bool) -> None:
    """What the answer says of rows that it does not show reaches whoever reads the list."""
    notes = Notes(lambda _: None)
    with noting(notes):
        many(Contact)(json.dumps({"data": [ADA], **beside}).encode())
    assert notes.more is more


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"success": False, "error": "firstName is required"}, None),
        ({"success": False, "message": "Contact not found"}, 404),
        ({"success": False, "error": {"code": 429, "message": "slow down"}}, 429),
        ({"ok": False, "error": "invalid api key"}, 401),
        ({"error": "no"}, None),
        ({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No such contact"}, 404),
        ({"type": "about:blank", "title": "Conflict"}, 409),
        ({"statusCode": 403, "message": "no"}, 403),
        ({"errors": [{"status": "409", "title": "Conflict"}]}, 409),
        ({"errors": [{"message": "Not found", "path": ["contact"]}]}, 404),
        ({"status": "error", "message": "database is down"}, None),
        ({"status": "fail", "data": {"email": "already exists"}}, 409),
        ({"code": 401, "msg": "no", "data": None}, 401),
        ({"data": None, "error": {"message": "no such row", "code": "22P02"}}, 404),
        ({"error": "no", "timestamp": "2026-05-01T09:00:00Z", "path": "/api", "data": {}}, None),
        ({"success": "false", "message": "no"}, None),
    ],
)
def test_a_refusal_in_a_success_is_one(body: dict[str, Any], status: int | None) -> None:
    """Of a row, a list or a result: the server refused, and its words or code say how."""
    for shape in (one(Contact), many(Contact), result(EnrollResult)):
        with pytest.raises(Refusal) as caught:
            read(shape, body)
        assert meaning_of(caught.value.json) == status


@pytest.mark.parametrize(
    "document",
    [
        {"id": "w", "name": "W"},
        {"workspace": {"id": "w", "name": "W"}},
        {"data": {"id": "w", "name": "W"}},
        {"success": True, "user": {"id": "w", "email": "a@b.c"}, "message": "fine"},
        {"account": {"id": "w"}},
        {"workspaceId": "w", "workspaceName": "W"},
        {"id": 12, "name": "W"},
    ],
)
def test_a_workspace_is_found(document: Any) -> None:
    """Its id is what feeds, journals and workers know it by."""
    workspace, _ = read(one(Workspace), document)
    assert workspace.id in ("w", "12")
    assert workspace.name in ("W", None)


@pytest.mark.parametrize("form", [list, json.dumps])
def test_what_else_an_address_says_is_kept(form: Callable[[Any], Any]) -> None:
    """Whose it is stands in `extra`, as it came."""
    objects = [{"address": "a@b.c", "name": "Ada"}]
    row, _ = read(one(Send), MAIL | {"toAddresses": form(objects)})
    assert (row.to_addresses, row.extra) == (("a@b.c",), {"toAddresses.objects": form(objects)})
    row, _ = read(one(Send), MAIL | {"toAddresses": form([{"address": "a@b.c"}])})
    assert row.extra == {}


@pytest.mark.parametrize("title", [{"title": "Mr"}, {"title": "Mr", "status": "active"}, {"status": 300}])
def test_what_a_row_says_of_itself_is_no_refusal(title: dict[str, Any]) -> None:
    """A row has an id, and may have any words beside it."""
    row, _ = read(one(Workspace), {"id": "w"} | title)
    assert row.extra == title


def test_a_list_of_nothing_is_empty() -> None:
    """Services of some languages print an empty list as `null`, under the list's own name."""
    for document in ({"contacts": None}, {"success": True, "data": None}, {"data": {"contacts": None}}):
        rows, told = read(many(Contact), document)
        assert rows == []
        assert "list.null" in told
    for nothing in (None, {}, {"pagination": None}):
        with pytest.raises(DecodeError):
            read(many(Contact), nothing)


def test_a_sequence_is_no_step_of_its_own() -> None:
    """An answer that is the sequence with its steps does not tell which of them was made."""
    with pytest.raises(DecodeError, match="no step found"):
        read(one(Step), SEQUENCE | {"steps": [*STEPS, {"id": "p2", "subject": "Again"}]})


def test_rows_within_a_row_may_stand_in_an_envelope() -> None:
    """With nothing beside them but markers; what would be lost is not opened."""
    row, told = read(one(Sequence), SEQUENCE | {"steps": {"data": STEPS, "total": 1}})
    assert [step.id for step in row.steps] == ["p1"]
    assert told == ["list.envelope"]
    with pytest.raises(DecodeError, match="expected an array"):
        read(one(Sequence), SEQUENCE | {"steps": {"data": STEPS, "note": "mine"}})


def test_a_workspace_stands_beside_the_user_of_the_key() -> None:
    """What is called the workspace is it, whoever else has an id."""
    workspace, _ = read(one(Workspace), {"user": {"id": "u"}, "workspace": {"id": "w", "name": "W"}})
    assert workspace.id == "w"


@pytest.mark.parametrize(
    "document", [["c1", "c2"], {"ids": ["c1", "c2"]}, {"created": 2, "ids": ["c1", "c2"]}, {"data": [7, 8]}]
)
def test_a_batch_may_tell_ids_alone(document: Any) -> None:
    """The rows have nothing but those; another number of them is refused as it is of rows."""
    rows, told = read(many_exactly(Contact, 2), document)
    assert [(row.id, row.first_name) for row in rows] in ([("c1", ""), ("c2", "")], [("7", ""), ("8", "")])
    assert "row.id_alone" in told
    with pytest.raises(DecodeError, match="3 drafts"):
        read(many_exactly(Contact, 3), document)
    with pytest.raises(DecodeError):
        read(many(Contact), document)


def test_the_only_id_of_an_answer_is_the_rows() -> None:
    """Under `ids`, if there is one."""
    row, told = read(one(Contact), {"inserted": 1, "ids": ["c1"]})
    assert (row.id, row.extra["inserted"]) == ("c1", 1)
    assert "row.id_alone" in told


NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)
MAIL = {"id": "m", "contactId": "c", "emailDate": "2026-05-01T09:00:00Z"}
SCALARS: dict[str, tuple[type, dict[str, Any], str, Any, list[str]]] = {
    "an id as a number": (Send, MAIL | {"contactId": 7}, "contact_id", "7", ["id.number"]),
    "a count as text": (Sequence, SEQUENCE | {"stepCount": "3"}, "step_count", 3, ["count.text"]),
    "no last name": (Contact, ADA | {"lastName": None}, "last_name", "", ["field.null"]),
    "a missing name": (Contact, {"id": "c", "firstName": "A"}, "last_name", "", ["field.missing"]),
    "an empty moment": (Contact, ADA | {"updatedAt": ""}, "updated_at", None, ["field.empty"]),
    "an empty number": (Deal, {"id": "d", "name": "D", "value": ""}, "value", None, ["field.empty"]),
    "money as text": (Deal, {"id": "d", "name": "D", "value": "10.50"}, "value", Decimal("10.50"), []),
    "money with its sign": (
        Deal, {"id": "d", "name": "D", "value": "$1,234.50"}, "value", Decimal("1234.50"), ["money.decorated"],
    ),
    "money with thousands": (
        Deal, {"id": "d", "name": "D", "value": "1,234,567.8"}, "value", Decimal("1234567.8"), ["money.decorated"],
    ),
    "one address": (Send, MAIL | {"toAddresses": "a@b.c"}, "to_addresses", ("a@b.c",), []),
    "addresses in a text": (
        Send, MAIL | {"toAddresses": "a@b.c, d@e.f"}, "to_addresses", ("a@b.c", "d@e.f"), ["addresses.text"],
    ),
    "addresses with names": (
        Send, MAIL | {"toAddresses": '"Doe, J" <a@b.c>,d@e.f'},
        "to_addresses", ('"Doe, J" <a@b.c>', "d@e.f"), ["addresses.text"],
    ),
    "addresses as JSON": (
        Send, MAIL | {"toAddresses": '["a@b.c"]'}, "to_addresses", ("a@b.c",), ["addresses.json_text"],
    ),
    "addresses as objects in JSON": (
        Send, MAIL | {"toAddresses": '[{"address": "a@b.c"}]'},
        "to_addresses", ("a@b.c",), ["addresses.json_text", "addresses.objects"],
    ),
    "no address": (Send, MAIL | {"toAddresses": ""}, "to_addresses", (), ["field.empty"]),
    "addresses as objects": (
        Send, MAIL | {"toAddresses": [{"address": "a@b.c", "name": "A"}]},
        "to_addresses", ("a@b.c",), ["addresses.objects"],
    ),
    "seconds as text": (Contact, ADA | {"updatedAt": "1777626000.0"}, "updated_at", NINE, ["time.epoch"]),
    "seconds": (Contact, ADA | {"updatedAt": 1777626000}, "updated_at", NINE, ["time.epoch"]),
    "milliseconds": (
        Contact, ADA | {"updatedAt": 1777626000000}, "updated_at", NINE, ["time.epoch"],
    ),
    "milliseconds as text, like a date and a minute": (
        Contact, ADA | {"updatedAt": "1712010212345"},
        "updated_at", datetime(2024, 4, 1, 22, 23, 32, 345_000, tzinfo=UTC), ["time.epoch"],
    ),
    "Ruby's print": (
        Contact, ADA | {"updatedAt": "2026-05-01 09:00:00 UTC"}, "updated_at", NINE, ["time.text"],
    ),
    "a moment in lower case": (
        Contact, ADA | {"updatedAt": "2026-05-01t09:00:00z"}, "updated_at", NINE, ["time.text"],
    ),
    "a moment with its zone": (
        Contact, ADA | {"updatedAt": "2026-05-01T11:00:00+02:00[Europe/Berlin]"},
        "updated_at", NINE, ["time.text"],
    ),
    "PostgreSQL's print": (
        Contact, ADA | {"updatedAt": "2026-05-01 09:00:00.5+00"},
        "updated_at", datetime(2026, 5, 1, 9, 0, 0, 500_000, tzinfo=UTC), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cls", "row", "name", "value", "deviations"), SCALARS.values(), ids=SCALARS)
def test_a_value_is_read_in_another_form(
    cls: type, row: dict[str, Any], name: str, value: Any, deviations: list[str]
) -> None:
    """Ids, counts, moments, money and addresses mean the same in each form; alone and in a list."""
    for document, shape in ((row, one(cls)), ([row], many(cls)), ({"data": [row]}, many(cls))):
        read_value, told = read(shape, document)
        found = read_value[0] if isinstance(read_value, list) else read_value
        assert getattr(found, name) == value
        assert [one for one in told if one != "list.envelope"] == deviations


@pytest.mark.parametrize("value", ["€1.234,56", "$1,5", "1,234", "12,34.5"])
def test_money_that_could_mean_several_amounts_is_refused(value: str) -> None:
    """A comma is left out only where it can be nothing but a mark between thousands."""
    with pytest.raises(DecodeError, match="expected a number"):
        read(many(Deal), [{"id": "d", "name": "D", "value": value}])


ENROLLED: dict[str, tuple[Any, int | None, int]] = {
    "nothing": (b"", None, 0),
    "an empty object": ({}, None, 0),
    "within data": ({"data": {"enrolled": 8, "skipped_already_enrolled": 2}}, 8, 0),
    "a summary": ({"enrollment": {"id": "e"}, "summary": {"processed": 3, "successful": 2, "failed": 1}}, 2, 0),
    "rows": (
        {"summary": {"added": 1}, "added": [{"contactId": "a"}], "skipped": [{"id": "b", "reason": "taken"}]},
        1, 1,
    ),
    "digits": ({"enrolled": "8"}, 8, 0),
    "a list": ([{"id": "e"}], None, 0),
    "words": (b"OK", None, 0),
    "a flag": ({"success": True, "message": "done"}, None, 0),
}  # fmt: skip


@pytest.mark.parametrize(("document", "count", "skipped"), ENROLLED.values(), ids=ENROLLED)
def test_an_enroll_that_succeeded_never_fails(document: Any, count: int | None, skipped: int) -> None:
    """Everybody is enrolled by then: what the server does not say is `None`, and what it says beside is kept."""
    done, _ = read(result(EnrollResult), document)
    assert (done.enrolled_count, len(done.skipped)) == (count, skipped)
    if isinstance(document, dict):
        assert set(done.extra) | {"enrolled", "skipped"} >= set(document)


def test_a_pause_is_read_as_an_enroll_is() -> None:
    """Both are bulk endpoints."""
    assert read(result(PauseResult), {"data": {"paused": 2}})[0].paused_count == 2
    assert read(result(PauseResult), b"")[0] == PauseResult()


def test_an_html_page_is_no_success() -> None:
    """A captive portal answers 200 to anything: nobody was enrolled by it."""
    with pytest.raises(DecodeError):
        read(result(EnrollResult), b"<html>Sign in to the network</html>")


@LAWFUL
@given(
    st.lists(st.sampled_from(["data", "result", "item", "record", "contact"]), max_size=2),
    st.dictionaries(st.sampled_from(["success", "message", "traceId"]), st.booleans() | st.text(), max_size=2),
)
def test_any_nesting_of_a_row_is_the_same_row(ways: list[str], beside: dict[str, Any]) -> None:
    """Up to two levels of envelopes, with anything beside."""
    document: Any = ADA
    for way in ways:
        document = {way: document, **{key: value for key, value in beside.items() if value is not False}}
    row, _ = read(one(Contact), document)
    assert (row.id, row.first_name, row.last_name) == ("c1", "Ada", "Lovelace")


DEALS = b"""[{"id":"a","updatedAt":"2026-05-01T09:00:00Z"},
            {"id":"b","updatedAt":"2026-05-01T09:00:01Z","n":[1,{"x":[]}]}]"""
FRAMES: dict[str, bytes] = {
    "one level": b'{"data":%b}',
    "two levels": b'{"success":true,"data":{"deals":%b},"message":"ok"}',
    "another array beside it": b'{"errors":[],"deals":%b,"stages":["new"]}',
    "arrays around it": b'{"meta":{"tags":["x"]},"data":%b,"links":[]}',
    "brackets in texts": b'{"note":"[1] and ]","deals":%b,"end":"[]"}',
    "an escaped bracket": b'{"note":"\\"[","data":%b}',
    "a mark before it": b'\xef\xbb\xbf {"data":%b} ',
    "a large frame": b'{"note":"' + b"x" * 30_000 + b'","data":%b}',
    "a name twice": b'{"data":5,"data":%b}',
    "an empty array over it": b'{"data":{"deals":%b},"links":[]}',
    "objects over it": b'{"links":[{"rel":"self"}],"data":{"items":%b}}',
    "in its noun": b'{"deals":{"rows":%b,"total":2},"stages":[{"id":"s1"}]}',
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_rows_are_the_same_in_every_frame(frame: bytes) -> None:
    """By a call and by a feed, with and without msgspec, whatever stands around them."""
    body = frame % DEALS
    for shape in (page("id", "updatedAt", "deals"), plain_page("id", "updatedAt", "deals")):
        with noting(Notes(lambda _: None)):
            shown = shape(body)
        assert (list(shown.ids), len(shown.pick([0, 1]))) == (["a", "b"], 2)
        assert value_of(shown.pick([1])[0])["n"] == [1, {"x": []}]
    with noting(Notes(lambda _: None)):
        assert [deal.id for deal in read_rows(Deal, body)] == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"note":"[1]"}',
        b'{"data":5,"text":"[]"}',
        b'{"a":[1],"b":[2]}',
        b'{"data":[1}',
        b'{"id":"d1","name":"Deal","tags":[]}',
        b'{"data":{"id":"d1","tags":[]}}',
        b'{"_id":"s1","steps":[{"id":"p1"}]}',
        b'{"payload":{"deals":[{"id":"d1"}]},"links":[]}',
        b'{"data":{"d1":{"id":"d1"},"d2":{"id":"d2"}},"included":[]}',
        b'{"deals":{"list":[{"id":"d1"}]},"stages":[ ]}',
        b'{"data":{"id":"d1"},"links":[]}',
    ],
)
def test_what_only_looks_like_rows_is_none(body: bytes) -> None:
    """A text is no array, of two arrays none is taken, and none that is a part of a row or stands beside rows."""
    for shape in (page("id", "updatedAt", "deals"), plain_page("id", "updatedAt", "deals"), many(Deal)):
        with noting(Notes(lambda _: None)), pytest.raises(DecodeError):
            shape(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"entries":[],"meta":{"page":{"size":20},"sort":["name"]}}',
        b'{"data":{},"selected":[ ]}',
        b'{"data":{"deals":null},"links":[]}',
    ],
)
def test_an_only_array_that_is_empty_is_an_empty_list(body: bytes) -> None:
    """Where nothing else in the answer could be rows."""
    for shape in (page("id", "updatedAt", "deals"), plain_page("id", "updatedAt", "deals")):
        with noting(Notes(lambda _: None)):
            assert list(shape(body).ids) == []
    assert read(many(Deal), body)[0] == []


@pytest.mark.parametrize("more", [b'"hasMore":true', b'"pagination":{"total":9}', b'"next":"c"'])
def test_a_frame_says_whether_there_is_more(more: bytes) -> None:
    """The marks of the outer and of the inner level count."""
    for body in (b'{%b,"data":%b}' % (more, DEALS), b'{"data":{"deals":%b,%b}}' % (DEALS, more)):
        for shape in (page("id", "updatedAt", "deals"), plain_page("id", "updatedAt", "deals")):
            with noting(Notes(lambda _: None)):
                assert shape(body).more


def test_a_refusal_beside_rows_is_one_in_every_frame() -> None:
    """The rows may not be all."""
    with noting(Notes(lambda _: None)), pytest.raises(Refusal):
        page("id", "updatedAt", "deals")(b'{"success":false,"deals":%b}' % DEALS)
