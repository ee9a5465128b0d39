"""Rows from wire values: strict, complete, and precise about what is wrong."""

import traceback
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from impactive_async._codec import codec
from impactive_async._codec.codec import decode_row, decode_rows, dumps, read_result, to_wire
from impactive_async._codec.json_bytes import JsonBackend, json_backend
from impactive_async.errors import DecodeError
from impactive_async.models import (
    Booking,
    Contact,
    Deal,
    EnrolledContact,
    Enrollment,
    EnrollmentCounts,
    EnrollmentStatus,
    EnrollResult,
    PauseResult,
    Send,
    SendingAccount,
    Sequence,
    SequenceStatus,
    SkipReason,
)

ENROLLMENT: dict[str, Any] = {
    "id": "en_1",
    "contactId": "ct_1",
    "contact": {"id": "ct_1", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"},
    "status": "active",
    "currentStep": 1,
    "startedAt": "2026-01-02T03:04:05Z",
    "nextSendAt": "2026-01-03T03:04:05.25+02:00",
    "completedAt": None,
    "pausedAt": None,
    "pauseReason": None,
    "lastSendError": None,
    "lastSendErrorAt": None,
    "consecutiveFailures": 0,
    "updatedAt": "2026-01-02T03:04:05.123456Z",
}
SEND: dict[str, Any] = {"id": "sd_1", "contactId": "ct_1", "emailDate": "2026-01-02T03:04:05Z"}
NO_OBJECTS: list[object] = [None, [], "row", 7, True, 1.5]
CONTACT: dict[str, Any] = {"id": "ct_1", "firstName": "Ada", "lastName": "Lovelace"}


@pytest.fixture(params=[orjson, None], ids=["orjson", "stdlib"])
def backend(request: pytest.FixtureRequest) -> JsonBackend:
    """Both ways from bytes to values."""
    return json_backend(request.param)


def misfit(cls: type[Any], raw: object) -> DecodeError:
    """The error that `raw` is refused with, in a page as on its own."""
    with pytest.raises(DecodeError) as alone:
        decode_row(cls, raw)
    with pytest.raises(DecodeError) as paged:
        decode_rows(cls, [raw])
    assert paged.value.json_path == alone.value.json_path.replace("$", "$[0]", 1)
    assert paged.value.snippet == alone.value.snippet
    return alone.value


def did(cls: type[Any], raw: object) -> Any:
    """What a bulk endpoint that answered so has done."""
    return read_result(cls, dumps(raw))


def both(cls: type[Any], raw: object) -> Any:
    """The row that `raw` is, in a page as on its own."""
    row = decode_row(cls, raw)
    assert decode_rows(cls, [raw, raw]) == [row, row]
    return row


def test_every_field_arrives_with_its_type(backend: JsonBackend) -> None:
    """Every field of the contract arrives under its snake_case name with its type."""
    row = both(Enrollment, backend.loads(backend.dumps(ENROLLMENT)))
    assert row == Enrollment(
        id="en_1",
        contact_id="ct_1",
        status=EnrollmentStatus.ACTIVE,
        updated_at=datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC),
        contact=EnrolledContact(id="ct_1", first_name="Ada", last_name="Lovelace", email="ada@example.com"),
        current_step=1,
        started_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        next_send_at=datetime(2026, 1, 3, 1, 4, 5, 250_000, tzinfo=UTC),
        consecutive_failures=0,
    )
    assert row.status is EnrollmentStatus.ACTIVE
    assert row.next_send_at.tzinfo is row.updated_at.tzinfo is UTC


def test_a_bare_row_has_its_defaults() -> None:
    """An absent optional field is its default, however many are absent."""
    bare = {key: ENROLLMENT[key] for key in ("id", "contactId", "status", "updatedAt")}
    row = both(Enrollment, bare)
    assert row.contact is row.current_step is row.started_at is row.pause_reason is None
    assert row.extra == {}
    assert both(Send, SEND).to_addresses == ()


def test_null_is_as_absent_where_the_default_is_not_none() -> None:
    """A null count or array is the default, for it can mean nothing else."""
    assert both(Send, SEND | {"toAddresses": None}).to_addresses == ()
    assert both(EnrollmentCounts, {"total": None, "active": 3}) == EnrollmentCounts(active=3)
    assert did(EnrollResult, {"enrolled": 1, "skipped": None}).skipped == ()


@pytest.mark.parametrize(
    ("cls", "raw", "path", "message"),
    [
        (Enrollment, ENROLLMENT | {"id": 7}, "$.id", "expected a string; found 7"),
        (Enrollment, ENROLLMENT | {"id": ""}, "$.id", "expected a non-empty id; found ''"),
        (Enrollment, ENROLLMENT | {"id": None}, "$.id", "null, but required; found {"),
        (Enrollment, ENROLLMENT | {"contactId": None}, "$.contactId", "null, but required; found {"),
        (Enrollment, {"id": "1"}, "$.contactId", "missing; found {id: text}"),
        (Enrollment, ENROLLMENT | {"status": 3}, "$.status", "expected a string; found 3"),
        (Enrollment, ENROLLMENT | {"status": []}, "$.status", "expected a string; found []"),
        (Enrollment, ENROLLMENT | {"updatedAt": 1767323045}, "$.updatedAt", "date-time string; found 1767323045"),
        (Enrollment, ENROLLMENT | {"updatedAt": "soon"}, "$.updatedAt", "not a readable ISO 8601"),
        (Enrollment, ENROLLMENT | {"pausedAt": ""}, "$.pausedAt", "not a readable ISO 8601"),
        (Enrollment, ENROLLMENT | {"pausedAt": "0001-01-01T00:00:00+01:00"}, "$.pausedAt", "not a readable"),
        (Enrollment, ENROLLMENT | {"pausedAt": 1.5}, "$.pausedAt", "date-time string; found 1.5"),
        (Enrollment, ENROLLMENT | {"contact": {}}, "$.contact.id", "missing"),
        (Enrollment, ENROLLMENT | {"contact": {"id": 3}}, "$.contact.id", "expected a string; found 3"),
        (Enrollment, ENROLLMENT | {"contact": "ct_1"}, "$.contact", "expected an object; found 'ct_1'"),
        (Enrollment, ENROLLMENT | {"currentStep": True}, "$.currentStep", "expected an integer; found True"),
        (Enrollment, ENROLLMENT | {"currentStep": 1.0}, "$.currentStep", "expected an integer; found 1.0"),
        (Enrollment, ENROLLMENT | {"currentStep": "1"}, "$.currentStep", "expected an integer; found '1'"),
        (Enrollment, ENROLLMENT | {"pauseReason": 1}, "$.pauseReason", "expected a string; found 1"),
        (SendingAccount, {"id": "1", "syncEnabled": "false"}, "$.syncEnabled", "true or false; found 'false'"),
        (SendingAccount, {"id": "1", "syncEnabled": 0}, "$.syncEnabled", "true or false; found 0"),
        (Deal, {"id": "1", "name": "n", "value": True}, "$.value", "expected a number; found True"),
        (Deal, {"id": "1", "name": "n", "value": "12 €"}, "$.value", "expected a number; found '12 €'"),
        (Deal, {"id": "1", "name": "n", "value": "NaN"}, "$.value", "expected a number; found 'NaN'"),
        (Deal, {"id": "1", "name": "n", "value": float("nan")}, "$.value", "expected a number; found nan"),
        (Deal, {"id": "1", "name": "n", "value": float("inf")}, "$.value", "expected a number; found inf"),
        (Deal, {"id": "1", "name": "n", "value": "1_000"}, "$.value", "expected a number; found '1_000'"),
        (Deal, {"id": "1", "name": "n", "value": "\u0661"}, "$.value", "expected a number; found"),
        (Deal, {"id": "1", "name": "n", "value": "1e" + "9" * 30}, "$.value", "the exponent is beyond reason"),
        (Deal, {"id": "1", "name": "n", "value": {}}, "$.value", "expected a number; found {}"),
        (Send, SEND | {"toAddresses": ["a", 1]}, "$.toAddresses[1]", "expected a string; found 1"),
        (Send, SEND | {"toAddresses": [None]}, "$.toAddresses[0]", "expected a string; found None"),
        (Send, SEND | {"toAddresses": {}}, "$.toAddresses", "expected an array; found {}"),
        (Sequence, {"id": "1", "name": "n", "steps": {}}, "$.steps", "expected an array; found {}"),
        (Sequence, {"id": "1", "name": "n", "steps": "a"}, "$.steps", "expected an array; found 'a'"),
        (Sequence, {"id": "1", "name": "n", "steps": [None]}, "$.steps[0]", "expected an object; found None"),
        (
            Sequence,
            {"id": "1", "name": "n", "steps": [{"id": "s"}, {"id": "t", "delayDays": "2"}]},
            "$.steps[1].delayDays",
            "expected an integer; found '2'",
        ),
        (EnrollmentCounts, {"total": "3"}, "$.total", "expected an integer; found '3'"),
        *[(Contact, value, "$", "expected an object") for value in NO_OBJECTS],
    ],
)
def test_a_misfit_is_named_by_path_and_value(cls: type[Any], raw: object, path: str, message: str) -> None:
    """A value that does not fit is never coerced; the error names its place, shows it and says what was due."""
    error = misfit(cls, raw)
    assert error.json_path == path
    assert f"unreadable {cls.__name__} at {path}: " in str(error)
    assert message in str(error)


def test_the_first_misfit_of_a_page_is_named() -> None:
    """A page is refused for its first bad row, by index."""
    bad = ENROLLMENT | {"updatedAt": None}
    with pytest.raises(DecodeError, match=r"at \$\[2\]\.updatedAt"):
        decode_rows(Enrollment, [ENROLLMENT, ENROLLMENT, bad, bad, {}])


def test_the_place_of_a_row_can_be_given() -> None:
    """The path starts where the caller says the row stands."""
    with pytest.raises(DecodeError) as caught:
        decode_row(Enrollment, ENROLLMENT | {"contact": {}}, "$.data[7]")
    assert caught.value.json_path == "$.data[7].contact.id"


@pytest.mark.parametrize(
    "value", ["x" * 10_000, list(range(10_000)), [[["deep"] * 99] * 99] * 99, {"k": "v" * 999}]
)
def test_a_snippet_is_short(value: object) -> None:
    """However large the offending value, the error shows a bounded piece of it."""
    error = misfit(Enrollment, ENROLLMENT | {"currentStep": value})
    assert 0 < len(error.snippet) <= 80
    assert len(str(error)) < 200


def test_a_long_snippet_is_marked_as_cut() -> None:
    """A cut snippet shows that it is cut."""
    error = misfit(Enrollment, {f"key {number:030}": "x" * 40 for number in range(10)})
    assert len(error.snippet) == 80
    assert error.snippet.endswith("…")


def test_a_snippet_does_not_go_deep() -> None:
    """Of a nested value only the outermost levels are shown: no page of values is printed just to be cut."""
    assert misfit(Enrollment, ENROLLMENT | {"currentStep": [[[[1]]]]}).snippet == "[[[...]]]"


def test_unknown_fields_are_kept(backend: JsonBackend) -> None:
    """What the contract does not name stays in `extra`, under its wire name, undecoded."""
    unknown = {"leadScore": {"last_seen": [1, 2.5, None]}, "first_name": "not ours", "createdat": "2026-01-01"}
    raw = backend.loads(backend.dumps(CONTACT | unknown))
    row = both(Contact, raw)
    assert row.extra == unknown
    full = both(Enrollment, ENROLLMENT | {"score": 1, "contact": ENROLLMENT["contact"] | {"vip": True}})
    assert (full.extra, full.contact.extra) == ({"score": 1}, {"vip": True})


def test_unknown_counts_are_kept() -> None:
    """A status the contract does not name keeps its count in `extra`."""
    raw = {"id": "1", "name": "n", "enrollmentCounts": {"total": 3, "active": 2, "bounced": 1}}
    assert both(Sequence, raw).enrollment_counts == EnrollmentCounts(total=3, active=2, extra={"bounced": 1})


def test_rows_share_no_extra() -> None:
    """A row's `extra` is its own, also when it is empty."""
    one, other = decode_rows(Contact, [CONTACT, CONTACT])
    assert one.extra is not other.extra
    assert decode_row(Contact, CONTACT).extra is not one.extra


@pytest.mark.parametrize(
    ("cls", "raw", "status"),
    [
        (Enrollment, ENROLLMENT | {"status": "bounced"}, "bounced"),
        (Sequence, {"id": "1", "name": "n", "status": "archived"}, SequenceStatus.ARCHIVED),
        (Sequence, {"id": "1", "name": "n", "status": "Archived"}, "Archived"),
        (Sequence, {"id": "1", "name": "n", "status": None}, None),
    ],
)
def test_statuses_are_open(cls: type[Any], raw: object, status: object) -> None:
    """A known status is its member, and an unknown one survives as the string it was."""
    row = both(cls, raw)
    assert row.status == status
    assert type(row.status) is type(status)


def test_skip_reasons_are_open() -> None:
    """Whoever was skipped is there with the reason, known or not."""
    raw = {
        "enrolled": 0,
        "skipped": [{"contactId": "1", "reason": "not_found"}, {"contactId": "2", "reason": "new"}],
    }
    known, new = did(EnrollResult, raw).skipped
    assert known.reason is SkipReason.NOT_FOUND
    assert new.reason == "new"


@pytest.mark.parametrize(("given", "read"), [(["a", "b"], ("a", "b")), ("a", ("a",)), (None, ()), ([], ())])
def test_addresses_come_in_three_shapes(given: object, read: tuple[str, ...]) -> None:
    """Addresses come as an array, as a lone string, or not at all."""
    assert both(Send, SEND | {"toAddresses": given}).to_addresses == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (0.1, "0.1"),
        (3, "3"),
        ("12.50", "12.50"),
        (1e22, "1E+22"),
        (-0.0, "-0.0"),
        ("-.5", "-0.5"),
        (2**64 - 1, None),
    ],
)
def test_money_is_exact(given: object, read: str | None) -> None:
    """An amount is what its text says, not the binary fraction next to it."""
    assert str(both(Deal, {"id": "1", "name": "n", "value": given}).value) == (read or str(given))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05-00:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+05:30", datetime(2026, 1, 1, 21, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.9999999Z", datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)),
    ],
)
def test_moments_are_utc(text: str, moment: datetime) -> None:
    """Whatever its offset and precision, a moment becomes an aware UTC datetime, never a later one."""
    row = both(Booking, {"id": "1", "startTime": text, "createdAt": text})
    assert row.start_time == row.created_at == moment
    assert row.start_time.tzinfo is UTC


@pytest.mark.parametrize(
    ("raw", "count", "extra"),
    [
        ({"enrolled": 3}, 3, {}),
        ({"enrolledCount": 3}, 3, {}),
        ({"enrolled": None, "enrolledCount": 3}, 3, {"enrolled": None}),
        ({"enrolled": 3, "enrolledCount": None}, 3, {}),
        ({"enrolled": [{"id": "1"}]}, 1, {"enrolled": [{"id": "1"}]}),
        ({"enrolled": [{"id": "1"}], "enrolledCount": 7}, 7, {"enrolled": [{"id": "1"}]}),
        ({"enrolled": 2, "attempts": 9, "skipped": []}, 2, {"attempts": 9}),
    ],
)
def test_enrolled_is_a_count_or_rows(raw: object, count: int, extra: object) -> None:
    """Rows are counted and kept; `attempts` is ours, and a server's field of that name just an unknown one."""
    row = did(EnrollResult, raw)
    assert row == EnrollResult(enrolled_count=count, extra=extra)  # type: ignore[arg-type]
    assert row.attempts == 1
    assert decode_row(EnrollResult, to_wire(row)) == row


@pytest.mark.parametrize(
    ("raw", "count", "extra"),
    [
        ({}, None, {}),
        ({"paused": 2}, 2, {}),
        ({"paused": 2, "pausedCount": None}, 2, {}),
        ({"pausedCount": 2}, 2, {}),
        ({"paused": ["1", "2"]}, 2, {"paused": ["1", "2"]}),
        ({"paused": True}, None, {"paused": True}),
    ],
)
def test_pause_may_say_nothing(raw: object, count: int | None, extra: object) -> None:
    """Where the server gives no count there is none, and what it gave instead is kept."""
    assert did(PauseResult, raw) == PauseResult(paused_count=count, extra=extra)  # type: ignore[arg-type]


def test_any_mapping_is_an_object() -> None:
    """A row may come as any mapping, not only as a dict."""
    assert both(Contact, MappingProxyType(CONTACT)) == decode_row(Contact, CONTACT)


def test_a_row_that_lacks_nested_fields_is_read_in_a_page() -> None:
    """Rows of different shapes in one page do not disturb each other."""
    lean = {key: ENROLLMENT[key] for key in ("id", "contactId", "status", "updatedAt")} | {"contact": {"id": "c"}}
    rows = decode_rows(Enrollment, [ENROLLMENT, lean, ENROLLMENT])
    assert rows == [decode_row(Enrollment, raw) for raw in (ENROLLMENT, lean, ENROLLMENT)]
    assert rows[1].contact == EnrolledContact(id="c")


def test_an_empty_page_is_no_rows() -> None:
    """An empty page is an empty list."""
    assert decode_rows(Enrollment, []) == []


def test_decoding_does_not_touch_the_raw_row() -> None:
    """Raw rows are read, never changed: a feed still needs them."""
    raw = {**CONTACT, "leadScore": [1]}
    before = dict(raw)
    both(Contact, raw)
    assert raw == before


def test_an_error_stands_alone() -> None:
    """A decode error drags no chain of internal signals into the user's traceback."""
    error = misfit(Enrollment, ENROLLMENT | {"pausedAt": "soon"})
    assert error.__suppress_context__
    assert "Misfit" not in "".join(traceback.format_exception(error))


def test_the_interface_is_all_there() -> None:
    """What the other modules import is exported."""
    assert set(codec.__all__) >= {"loads", "dumps", "decode_row", "decode_rows", "encode_fields", "to_wire"}
    assert Decimal(codec.loads(codec.dumps(1))) == 1
