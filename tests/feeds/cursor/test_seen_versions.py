"""The versions of rows that were handled."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.seen_versions import Entry, SeenVersions

STAMPS = [f"2026-01-01T00:00:0{second}.000Z" for second in range(6)]
entries = st.builds(
    lambda row_id, raw: (timestamps.parse(raw), row_id, raw), st.sampled_from("abc"), st.sampled_from(STAMPS)
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(entries, unique=True, max_size=10), st.sampled_from(STAMPS))
def test_what_is_not_forgotten_is_remembered(handled: list[Entry], raw: str) -> None:
    """In whatever order versions were handled, as a lagging replica may make them: all of them from then on."""
    known, moment = SeenVersions(), timestamps.parse(raw)
    for entry in handled:
        known.add(*entry)
    known.forget_before(moment)
    kept = {entry for entry in handled if entry[0] >= moment}
    assert {*known.entries()} == kept
    assert all(known.remembers(row_id, at, printed) for at, row_id, printed in kept)
    ids, stamps = [row_id for _, row_id, _ in kept], [printed for _, _, printed in kept]
    newest = {row_id: max(printed for _, other, printed in kept if other == row_id) for _, row_id, _ in kept}
    assert known.latest == newest
    others = [place for place, row_id in enumerate(ids) if stamps[place] != newest[row_id]]
    assert [*known.places_of_others([*ids, None], [*stamps, raw])] == [*others, len(ids)]
    known.forget_superseded()
    assert {*known.entries()} == {entry for entry in kept if entry[2] == newest[entry[1]]}
