"""Moments as they are printed."""

from __future__ import annotations

import pytest

from impactive_async.cli.doctor.stamps import Stamp, read_stamp

NINE = 1_777_626_000_000_000


@pytest.mark.parametrize(
    ("printed", "stamp"),
    [
        ("2026-05-01T09:00:00Z", Stamp(NINE, "iso", "seconds", "UTC")),
        ("2026-05-01 09:00:00+00", Stamp(NINE, "postgres", "seconds", "UTC")),
        ("1777626000000", Stamp(NINE, "epoch", "milliseconds", "UTC")),
        ("2026-05-01 09:00:00 UTC", Stamp(NINE, "iso", "seconds", "UTC")),
        ("2026-05-01t09:00:00z", Stamp(NINE, "iso", "seconds", "UTC")),
        ("2026-05-01T11:00:00+02:00[Europe/Berlin]", Stamp(NINE, "iso", "seconds", "+02:00")),
        ("1st of May", None),
    ],
)
def test_doctor_reads_what_the_client_reads(printed: str, stamp: Stamp | None) -> None:
    """So that it does not say that a list breaks of which feeds deliver the rows."""
    assert read_stamp(printed) == stamp
