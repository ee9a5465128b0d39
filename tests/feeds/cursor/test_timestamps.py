"""Reading many timestamps at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async._codec.shapes import many
from impactive_async._codec.tolerant.notes import Notes, noting
from impactive_async.feeds.cursor import page, timestamps
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.seen_versions import SeenVersions
from impactive_async.models import Contact

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC) | offsets)


@settings(derandomize=True, deadline=None)
@given(st.lists(moments.map(datetime.isoformat), max_size=5))
def test_all_are_read_as_each_is(raws: list[str]) -> None:
    """To the microsecond, whatever their offsets."""
    assert timestamps.parse_all(raws) == [timestamps.parse(raw) for raw in raws]


@settings(derandomize=True, deadline=None)
@given(moments.map(lambda at: at.astimezone(UTC)), st.lists(st.integers(0, 3 * 24 * 3600 * 1000), min_size=1))
def test_a_page_in_order_is_read_as_each_is(oldest: datetime, later: list[int]) -> None:
    """Newest first, as pages are, within a day or over several."""
    stamps = [oldest + timedelta(milliseconds=by) for by in sorted(later, reverse=True) if by < 10**8]
    raws = [at.isoformat(timespec="milliseconds").replace("+00:00", "Z") for at in stamps]
    read = page.read([{"id": "a", "at": raw} for raw in raws], Rules(timestamp="at", overlap=0), SeenVersions())
    assert [at for at, *_ in read.arrivals] == sorted(map(timestamps.parse, raws))
    assert (read.oldest_if_in_order is not None) == bool(raws)


@pytest.mark.parametrize("raw", ["2026-01-01T00:00:00", "2026-01-01"])
def test_a_timestamp_without_offset_is_read_alone(raw: str) -> None:
    """It is UTC, which reading many at once leaves to reading one by one; so does a page that has both kinds."""
    with pytest.raises(TypeError):
        timestamps.parse_all([raw])
    rows = [{"id": "a", "at": "2026-01-01T00:00:00Z"}, {"id": "b", "at": raw}]
    read = page.read(rows, Rules(timestamp="at", overlap=0), SeenVersions())
    assert [at for at, *_ in read.arrivals] == [timestamps.parse("2026-01-01T00:00:00Z")] * 2
    assert read.bad == []


OTHER_FORMS = {
    "milliseconds in text": ("1712010212345", "2024-04-01T22:23:32.345Z", timestamps.MILLISECOND),
    "seconds in text": ("1712010212", "2024-04-01T22:23:32Z", timestamps.SECOND),
    "seconds with a fraction": ("1712010212.25", "2024-04-01T22:23:32.25Z", timestamps.SECOND // 100),
    "microseconds in text": ("1712010212345678", "2024-04-01T22:23:32.345678Z", 1),
    "lower case": ("2024-04-01t22:23:32z", "2024-04-01T22:23:32Z", timestamps.SECOND),
    "Ruby's": ("2024-04-01 22:23:32 UTC", "2024-04-01T22:23:32Z", timestamps.SECOND),
    "Ruby's with an offset": ("2024-04-01 22:23:32 +0200", "2024-04-01T20:23:32Z", timestamps.SECOND),
    "with a zone": ("2024-04-01T22:23:32+02:00[Europe/Berlin]", "2024-04-01T20:23:32Z", timestamps.SECOND),
    "a date": ("20240401", "2024-04-01", timestamps.DAY),
}


@pytest.mark.parametrize(("raw", "iso", "precision"), OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_a_feed_reads_every_form_that_a_list_reads(raw: str, iso: str, precision: int) -> None:
    """As the same moment, alone and beside others; 1712010212345 is no minute of the year 1712."""
    assert timestamps.precision(raw) == precision
    assert timestamps.parse(raw) == timestamps.parse(iso)
    rows = [{"id": "a", "at": "2027-01-01T00:00:00Z"}, {"id": "b", "at": raw}]
    read = page.read(rows, Rules(timestamp="at", overlap=0), SeenVersions())
    assert [at for at, *_ in read.arrivals] == [timestamps.parse(iso), timestamps.parse("2027-01-01T00:00:00Z")]
    with noting(Notes(lambda _: None)):
        contact = many(Contact)(json.dumps([{"id": "c", "firstName": "A", "updatedAt": raw}]).encode())[0]
    assert contact.updated_at == timestamps.moment(timestamps.parse(iso))


@pytest.mark.parametrize("raw", ["5", "1712", "2024-04-01T22:23:32 XYZ", "9" * 30, ""])
def test_what_is_no_timestamp_stays_none(raw: str) -> None:
    """A number that counts nothing since 1970, and a zone that nobody knows, are a bad row."""
    with pytest.raises(ValueError, match=r"."):
        timestamps.parse(raw)
