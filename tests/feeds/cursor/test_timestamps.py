"""Reading many timestamps at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.cursor import page, timestamps
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.seen_versions import SeenVersions

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC) | offsets)


@settings(derandomize=True, deadline=None)
@given(st.lists(moments.map(datetime.isoformat), max_size=5))
def test_all_are_read_as_each_is(raws: list[str]) -> None:
    """To the microsecond, whatever their offsets."""
    assert timestamps.parse_all(raws) == [timestamps.parse(raw) for raw in raws]


@pytest.mark.parametrize("raw", ["2026-01-01T00:00:00", "2026-01-01"])
def test_a_timestamp_without_offset_is_read_alone(raw: str) -> None:
    """It is UTC, which reading many at once leaves to reading one by one; so does a page that has both kinds."""
    with pytest.raises(TypeError):
        timestamps.parse_all([raw])
    rows = [{"id": "a", "at": "2026-01-01T00:00:00Z"}, {"id": "b", "at": raw}]
    read = page.read(rows, Rules(timestamp="at", overlap=0), SeenVersions())
    assert [at for at, *_ in read.arrivals] == [timestamps.parse("2026-01-01T00:00:00Z")] * 2
    assert read.bad == []
