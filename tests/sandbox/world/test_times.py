"""How the emulated server reads, cuts and prints timestamps."""

from datetime import UTC, date, datetime

import pytest

from impactive_async.sandbox.world.times import floor, http_date, parse_day_or_moment, parse_moment, print_moment

MOMENT = datetime(2026, 5, 1, 7, 0, 0, 123999, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T07:00:00.123999Z",
        "2026-05-01t07:00:00.123999z",
        "2026-05-01T09:00:00.123999+02:00",
        "2026-05-01T01:30:00.123999-05:30",
        "2026-05-01T07:00:00.1239990-00:00",
    ],
)
def test_every_spelling_of_rfc_3339_is_read(text: str) -> None:
    """Any offset, either case and any number of digits is the same moment."""
    assert parse_moment(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    ["", "2026-05-01", "2026-05-01T07:00:00", "2026-05-01 07:00:00Z", "20260501T070000Z", "2026-W18-5T07:00:00Z",
     "2026-05-01T07:00Z", "2026-05-01T25:00:00Z", "٢٠٢٦-05-01T07:00:00Z", "2026-05-01T07:00:00 00:00"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """A timestamp without offset, or in another spelling, is an error."""
    with pytest.raises(ValueError):
        parse_moment(text)


def test_a_day_is_a_day() -> None:
    """Where days are allowed, both forms are."""
    assert parse_day_or_moment("2026-05-01") == date(2026, 5, 1)
    assert parse_day_or_moment("2026-05-01T07:00:00.123999Z") == MOMENT


def test_cutting_never_rounds_up() -> None:
    """Digits that do not fit are dropped, in print and in store."""
    assert print_moment(MOMENT) == "2026-05-01T07:00:00.123Z"
    assert print_moment(MOMENT, "microseconds") == "2026-05-01T07:00:00.123999Z"
    assert floor(MOMENT, "milliseconds").microsecond == 123000
    assert floor(MOMENT, "microseconds") == MOMENT


def test_dates_of_headers() -> None:
    """Headers have the date form of HTTP, in GMT."""
    assert http_date(datetime.fromisoformat("2026-10-21T09:28:00+02:00")) == "Wed, 21 Oct 2026 07:28:00 GMT"
