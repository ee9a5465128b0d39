"""Rows in order of a timestamp, against a plain sort of all of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.sandbox.world.timeline import Timeline

START = datetime(2026, 1, 1, tzinfo=UTC)

# Few keys and few moments, so that ties, updates and removals of the same row are common.
keys = st.sampled_from("abcd")
moments = st.integers(0, 5).map(lambda minutes: START + timedelta(minutes=minutes))
puts = st.tuples(keys, moments, st.none() | moments)
changes = st.lists(puts | keys | st.none(), max_size=200)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(changes, st.none() | moments, st.booleans())
def test_a_page_is_what_sorting_everything_would_give(
    changes: list[tuple[str, datetime, datetime | None] | str | None],
    since: datetime | None,
    inclusive: bool,
) -> None:
    """For any puts (late ones too), removals and minutes passing, a page is what is visible, in order."""
    timeline: Timeline[int] = Timeline()
    model: dict[str, list[tuple[datetime, int, datetime | None]]] = {}
    now = START
    for number, change in enumerate(changes):
        if change is None:
            now += timedelta(minutes=1)
        elif isinstance(change, str):
            timeline.remove(change)
            model.pop(change, None)
        else:
            key, stamp, visible_at = change
            timeline.put(key, stamp, number, now=now, visible_at=visible_at)
            model.setdefault(key, []).append((stamp, number, visible_at))
    shown = {key: [one for one in versions if one[2] is None or one[2] <= now] for key, versions in model.items()}
    expected = sorted((versions[-1][:2] for versions in shown.values() if versions), reverse=True)
    kept = [
        number for stamp, number in expected if since is None or stamp > since or (inclusive and stamp == since)
    ]
    assert list(timeline.newest_first(now, since, inclusive=inclusive)) == kept
    assert {key: timeline.get(key) for key in timeline} == {key: rows[-1][1] for key, rows in model.items()}


def test_it_stays_small_under_updates() -> None:
    """Superseded versions are swept out: what is kept grows with the rows, not with their updates."""
    timeline: Timeline[int] = Timeline()
    for number in range(10_000):
        now = START + timedelta(seconds=number)
        timeline.put(str(number % 10), now, number, now=now, visible_at=now + timedelta(seconds=30))
    assert len(timeline) == 10
    assert len(timeline._entries) < 300
    assert list(timeline.newest_first(now)) == list(range(9969, 9959, -1))


def test_amending_makes_nothing_newer() -> None:
    """An amended row stays where it was."""
    timeline: Timeline[str] = Timeline()
    timeline.put("a", START, "first", now=START)
    timeline.put("b", START + timedelta(1), "second", now=START)
    timeline.amend("a", "amended")
    assert list(timeline.newest_first(START)) == ["second", "amended"]
    assert "a" in timeline
    assert timeline.get("c") is None
