"""How a dialect prints moments and reads `since`."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.dialect.times import moment_printer, read_since
from impactive_async.sandbox.world.times import PRECISIONS, floor

SECONDS = {"since_precision": "seconds"}
MOMENT = datetime(2026, 5, 1, 22, 30, 15, 120450, UTC)


def printed(moment: datetime = MOMENT, **settings: Any) -> Any:
    return moment_printer(OperationSettings(**settings))(moment)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "2026-05-01T22:30:15.120Z"),
        ({"time_precision": "microseconds"}, "2026-05-01T22:30:15.120450Z"),
        ({"time_precision": "seconds"}, "2026-05-01T22:30:15Z"),
        ({"time_precision": "minutes"}, "2026-05-01T22:30Z"),
        ({"time_precision": "days"}, "2026-05-01"),
        ({"time_precision": "days", "time_zone": "+02:00"}, "2026-05-02"),
        ({"time_zone": "+02:00"}, "2026-05-02T00:30:15.120+02:00"),
        ({"time_zone": "-05:30"}, "2026-05-01T17:00:15.120-05:30"),
        ({"time_zone": "America/New_York"}, "2026-05-01T18:30:15.120-04:00"),
        ({"time_zone": "Europe/London", "time_precision": "minutes"}, "2026-05-01T23:30+01:00"),
        ({"time_offset": False}, "2026-05-01T22:30:15.120"),
        ({"time_offset": False, "time_zone": "America/New_York"}, "2026-05-01T18:30:15.120"),
        ({"time_style": "postgres"}, "2026-05-01 22:30:15.12045+00"),
        ({"time_style": "postgres", "time_precision": "milliseconds"}, "2026-05-01 22:30:15.12+00"),
        ({"time_style": "postgres", "time_precision": "seconds"}, "2026-05-01 22:30:15+00"),
        ({"time_style": "postgres", "time_precision": "minutes"}, "2026-05-01 22:30:00+00"),
        ({"time_style": "postgres", "time_precision": "days"}, "2026-05-01"),
        ({"time_style": "postgres", "time_zone": "+05:30"}, "2026-05-02 04:00:15.12045+05:30"),
        ({"time_style": "postgres", "time_zone": "America/New_York"}, "2026-05-01 18:30:15.12045-04"),
        ({"time_style": "postgres", "time_offset": False}, "2026-05-01 22:30:15.12045"),
        ({"time_style": "epoch"}, 1777674615120),
        ({"time_style": "epoch", "time_precision": "seconds"}, 1777674615),
        ({"time_style": "epoch", "time_precision": "microseconds"}, 1777674615120450),
        ({"time_style": "epoch", "time_precision": "days"}, 1777593600),
    ],
)
def test_a_moment_is_printed_as_the_settings_say(settings: dict[str, Any], text: Any) -> None:
    """Style, precision, zone and offset are independent of each other."""
    assert printed(**settings) == text


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    """What is stored with an offset is printed in the zone of the dialect."""
    assert printed(datetime.fromisoformat("2026-05-02T00:30:15.120450+02:00")) == "2026-05-01T22:30:15.120Z"


def test_the_repeated_hour_has_both_offsets() -> None:
    """When clocks go back, the first 01:30 and the second are printed with their own offsets."""
    moments = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6)]
    shown = [printed(at, time_style="postgres", time_zone="America/New_York") for at in moments]
    assert shown == ["2026-11-01 01:30:00-04", "2026-11-01 01:30:00-05"]


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(PRECISIONS),
    st.sampled_from(["UTC", "+02:00", "-09:30"]),
    st.sampled_from(["iso", "postgres"]),
)
def test_print_never_rounds_up(moment: datetime, precision: Any, zone: str, style: str) -> None:
    """What is printed is the moment, cut by less than one step of the precision."""
    text = printed(moment, time_precision=precision, time_zone=zone, time_style=style)
    if precision == "days":
        return
    read = datetime.fromisoformat(text)
    assert read <= moment
    assert read == floor(moment, precision)


@pytest.mark.parametrize(
    ("settings", "text", "moment"),
    [
        ({}, "2026-05-01T22:30:15.120450Z", "2026-05-01T22:30:15.120450+00:00"),
        ({"since_zone": "-04:00"}, "2026-05-01T22:30:15.120Z", "2026-05-01T22:30:15.120-04:00"),
        ({"since_zone": "-04:00"}, "2026-05-01T22:30:15+02:00", "2026-05-01T22:30:15-04:00"),
        ({"since_zone": "America/New_York"}, "2026-05-01T22:30:15", "2026-05-01T22:30:15-04:00"),
        (SECONDS, "2026-05-01T22:30:15.9Z", "2026-05-01T22:30:15+00:00"),
        ({**SECONDS, "since_rounding": "up"}, "2026-05-01T22:30:15.1Z", "2026-05-01T22:30:16+00:00"),
        ({**SECONDS, "since_rounding": "up"}, "2026-05-01T22:30:15Z", "2026-05-01T22:30:15+00:00"),
        ({**SECONDS, "since_rounding": "round"}, "2026-05-01T22:30:15.5Z", "2026-05-01T22:30:16+00:00"),
        ({**SECONDS, "since_rounding": "round"}, "2026-05-01T22:30:15.4Z", "2026-05-01T22:30:15+00:00"),
        ({"time_style": "epoch"}, "1777674615", "2026-05-01T22:30:15+00:00"),
        ({"time_style": "epoch"}, "1777674615120", "2026-05-01T22:30:15.120+00:00"),
        ({"time_style": "epoch"}, "2026-05-01T22:30:15Z", "2026-05-01T22:30:15+00:00"),
        ({"time_style": "postgres"}, "2026-05-01 22:30:15.12+00", "2026-05-01T22:30:15.120+00:00"),
        ({"time_offset": False, "time_zone": "+02:00"}, "2026-05-01T22:30:15", "2026-05-01T20:30:15+00:00"),
        ({"time_offset": False, "time_zone": "+02:00"}, "2026-05-01T22:30:15Z", "2026-05-01T22:30:15+00:00"),
    ],
)  # fmt: skip
def test_since_is_read_as_the_service_reads_it(settings: dict[str, Any], text: str, moment: str) -> None:
    """In its zone, with its digits; a service reads its own print, and RFC 3339 in any case."""
    assert read_since(OperationSettings(**settings), text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["2026-05-01T22:30:15", "2026-05-01 22:30:15+00", "1777674615", "", "now"])
def test_the_contract_reads_nothing_but_rfc_3339(text: str) -> None:
    """Only a dialect that prints times in another way reads them in that way."""
    with pytest.raises(ValueError, match="not an ISO 8601 timestamp"):
        read_since(OperationSettings(), text)
