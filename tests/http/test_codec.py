"""Rows from wire values: strict, complete, and precise about what is wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from impactive_async._http.codec import decode_row, decode_rows, to_wire
from impactive_async.errors import DecodeError
from impactive_async.models import (
    Contact,
    Deal,
    Enrollment,
    EnrollmentStatus,
    EnrollResult,
    PauseResult,
    Send,
    Sequence,
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


def test_a_row_is_decoded_field_by_field() -> None:
    """Every field of the contract arrives under its snake_case name with its type."""
    row = decode_row(Enrollment, ENROLLMENT)
    assert row.status is EnrollmentStatus.ACTIVE
    assert row.contact is not None
    assert row.contact.first_name == "Ada"
    assert row.next_send_at == datetime(2026, 1, 3, 1, 4, 5, 250_000, tzinfo=UTC)
    assert row.updated_at.tzinfo is UTC
    assert row.extra == {}
    assert decode_row(Enrollment, to_wire(row)) == row


@pytest.mark.parametrize(
    ("cls", "change", "path"),
    [
        (Enrollment, {"id": 7}, "$[1].id"),
        (Enrollment, {"id": ""}, "$[1].id"),
        (Enrollment, {"updatedAt": 1767323045}, "$[1].updatedAt"),
        (Enrollment, {"updatedAt": "soon"}, "$[1].updatedAt"),
        (Enrollment, {"updatedAt": None}, "$[1].updatedAt"),
        (Enrollment, {"contact": {}}, "$[1].contact.id"),
        (Enrollment, {"contact": "ct_1"}, "$[1].contact"),
        (Enrollment, {"currentStep": True}, "$[1].currentStep"),
        (Enrollment, {"currentStep": 1.0}, "$[1].currentStep"),
    ],
)
def test_a_misfit_is_named_by_index_and_path(cls: type, change: dict[str, Any], path: str) -> None:
    """The first bad value of a page is named by its way through the document."""
    with pytest.raises(DecodeError) as caught:
        decode_rows(cls, [ENROLLMENT, ENROLLMENT | change])
    assert caught.value.path == path
    assert path in str(caught.value)
    assert len(caught.value.snippet) <= 80


def test_unknown_fields_are_kept() -> None:
    """What the contract does not name stays in `extra`, under its wire name, as it came."""
    row = decode_row(Contact, {"id": "1", "firstName": "A", "lastName": "B", "leadScore": {"x": [1]}})
    assert row.extra == {"leadScore": {"x": [1]}}


@pytest.mark.parametrize(("given", "read"), [(["a", "b"], ("a", "b")), ("a", ("a",)), (None, ()), ([], ())])
def test_addresses_are_a_tuple(given: object, read: tuple[str, ...]) -> None:
    """Addresses come as a list, alone, or not at all."""
    send = decode_row(Send, {"id": "1", "contactId": "2", "emailDate": "2026-01-02", "toAddresses": given})
    assert send.to_addresses == read
    assert send.email_date == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(("given", "read"), [(0.1, "0.1"), (3, "3"), ("12.50", "12.50"), (1e22, "1E+22")])
def test_money_is_exact(given: object, read: str) -> None:
    """An amount is what its text says."""
    assert str(decode_row(Deal, {"id": "1", "name": "n", "value": given}).value) == read
    assert Decimal(read) == decode_row(Deal, {"id": "1", "name": "n", "value": given}).value


def test_a_nested_path_is_exact() -> None:
    """Errors in nested rows carry the whole path."""
    with pytest.raises(DecodeError) as caught:
        decode_row(Sequence, {"id": "1", "name": "n", "steps": [{"id": "s", "delayDays": "2"}]})
    assert caught.value.path == "$.steps[0].delayDays"


@pytest.mark.parametrize(
    ("raw", "count", "extra"),
    [
        ({"enrolled": 3}, 3, {}),
        ({"enrolledCount": 3}, 3, {}),
        ({"enrolled": [{"id": "1"}]}, 1, {"enrolled": [{"id": "1"}]}),
    ],
)
def test_enrolled_is_a_count_or_rows(raw: object, count: int, extra: object) -> None:
    """Rows are counted, and kept."""
    row = decode_row(EnrollResult, raw)
    assert (row.enrolled_count, row.extra) == (count, extra)
    assert decode_row(EnrollResult, to_wire(row)) == row


def test_pause_may_say_nothing() -> None:
    """Without a count the count is `None`."""
    assert decode_row(PauseResult, {}) == PauseResult()
    assert decode_row(PauseResult, {"paused": 2}).paused_count == 2
