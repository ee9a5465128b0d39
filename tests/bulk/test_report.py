"""Reports and the errors that carry them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from impactive_async.bulk.report import CreateReport, EnrollReport, RowFailure, stopped
from impactive_async.errors import AuthenticationError, BulkError
from impactive_async.models import SkippedContact

FAILURE = RowFailure(index=7, row={"email": "ada@example.com"}, reason="last_name is missing")
CREATED = CreateReport(rows=10, created=10, already_created=0, found=0, failed=(), unknown=())
ENROLLED = EnrollReport(
    rows=10,
    enrolled=4,
    already_enrolled=3,
    perhaps_enrolled_now=2,
    duplicates=1,
    unaccounted=0,
    skipped=(),
    failed=(),
)


@pytest.mark.parametrize(
    ("report", "change"),
    [
        (CREATED, {"failed": (FAILURE,)}),
        (CREATED, {"unknown": (FAILURE,)}),
        (ENROLLED, {"failed": (FAILURE,)}),
        (ENROLLED, {"skipped": (SkippedContact(contact_id="con_1", reason="not_found"),)}),
        (ENROLLED, {"unaccounted": 1}),
    ],
)
def test_a_report_is_ok_only_if_everything_is(report: Any, change: dict[str, Any]) -> None:
    """Whatever did not end as asked makes it not ok, and `raise_for_failures` raise."""
    assert report.ok
    report.raise_for_failures()
    worse = attrs.evolve(report, **change)
    assert not worse.ok
    with pytest.raises(BulkError) as caught:
        worse.raise_for_failures()
    assert caught.value.report is worse


def test_a_message_says_how_many_and_what_first() -> None:
    """The counts, and the first three failures with their reasons."""
    failures = tuple(attrs.evolve(FAILURE, index=index) for index in range(5))
    with pytest.raises(BulkError) as caught:
        attrs.evolve(CREATED, rows=15, failed=failures).raise_for_failures()
    assert str(caught.value) == (
        "15 rows: 10 created, 0 already created, 5 failed, 0 unknown. "
        "Row 0: last_name is missing Row 1: last_name is missing Row 2: last_name is missing"
    )
    assert str(ENROLLED) == (
        "10 contacts: 4 enrolled, 5 already on the sequence, 1 duplicates, 0 skipped, 0 unaccounted for, 0 failed."
    )


def test_skipped_by_reason_counts_every_reason() -> None:
    """The server's own words, `already_enrolled` among them."""
    skipped = tuple(
        SkippedContact(contact_id=f"con_{n}", reason=r) for n, r in enumerate(["not_found", "odd", "odd"])
    )
    assert attrs.evolve(ENROLLED, skipped=skipped).skipped_by_reason == {
        "already_enrolled": 3,
        "not_found": 1,
        "odd": 2,
    }


def test_rows_do_not_show_in_a_failure() -> None:
    """People's data stays out of logs."""
    assert "ada@example.com" not in repr(attrs.evolve(CREATED, failed=(FAILURE,)))


def test_a_call_that_did_nothing_raises_what_stopped_it() -> None:
    """There is nothing to report then; otherwise the report comes along, and the cause is chained."""
    cause = AuthenticationError("HTTP 401.", status=401)
    assert stopped(cause, CREATED, acted=False) is cause
    error = stopped(cause, CREATED, acted=True)
    assert isinstance(error, BulkError)
    assert error.__cause__ is cause
    assert str(error).startswith("Stopped early by HTTP 401. Until then, of 10 rows: 10 created")


def test_the_error_travels_between_processes() -> None:
    """Pickled or copied, it still has its report, and the report its errors."""
    failure = attrs.evolve(FAILURE, error=AuthenticationError("HTTP 401.", status=401))
    error = BulkError("no", report=attrs.evolve(CREATED, failed=(failure,)))
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        (again,) = other.report.failed
        assert isinstance(again.error, AuthenticationError)
        assert (again.error.status, str(other)) == (401, "no")
