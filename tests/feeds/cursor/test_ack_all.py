"""Handling rows together changes a cursor as handling each of them does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.seen_versions import Entry, SeenVersions, Version
from impactive_async.feeds.cursor.snapshot import Snapshot

STAMPS = [f"2026-01-01T00:00:0{second}.000Z" for second in range(6)]
LESS_EXACT = "2026-01-01"
NOW = timestamps.parse("2026-01-01T00:01:00Z")

pages = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([*STAMPS, LESS_EXACT])), max_size=12)
places = st.lists(st.integers(0, 12), max_size=8)
entries = st.builds(
    lambda row_id, raw: (timestamps.parse(raw), row_id, raw), st.sampled_from("abcd"), st.sampled_from(STAMPS)
)

Ack = Callable[[Sequence[Version]], bool]


def one_by_one(cursor: Cursor | Snapshot) -> Ack:
    return lambda versions: [cursor.ack(version) for version in versions].count(False) == 0


def handled(cursor: Cursor | Snapshot, ack: Ack, polls: list[Any]) -> list[Any]:
    """What is seen of a cursor of whose pages first some rows are handled, in any order, and then all."""
    seen: list[Any] = []
    for page, picked in polls:
        cursor.since()
        rows = [{"id": row_id, "updatedAt": stamp} for row_id, stamp in page]
        versions = [version for version, _ in cursor.accept(rows, NOW).fresh]
        some = [versions[place] for place in picked if place < len(versions)]
        for chosen in (some, versions):
            seen += [ack(chosen), cursor.pending, cursor.dumps(), cursor.since()]
    return seen


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.booleans(), st.lists(st.tuples(pages, places), min_size=1, max_size=4))
def test_rows_handled_together_are_each_handled(immutable: bool, polls: list[Any]) -> None:
    """A whole page or a part, new rows or changed ones, also such as are not in flight any more."""
    rules = Rules(timestamp="updatedAt", overlap=timestamps.SECOND, cap=10, immutable=immutable)
    each, together = Cursor(rules, feed="f"), Cursor(rules, feed="f")
    assert handled(together, together.ack_all, polls) == handled(each, one_by_one(each), polls)


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.tuples(pages, places), min_size=1, max_size=4))
def test_rows_of_a_snapshot_are_too(polls: list[Any]) -> None:
    """A list without `since` has the same call."""
    each, together = Snapshot("f"), Snapshot("f")
    assert handled(together, together.ack_all, polls) == handled(each, one_by_one(each), polls)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.lists(st.lists(entries, max_size=5), max_size=4))
def test_versions_added_together_are_each_remembered(batches: list[list[Entry]]) -> None:
    """In whatever order they come, and whatever other versions of their rows are known."""
    each, together = SeenVersions(), SeenVersions()
    for batch in batches:
        together.add_all(batch)
        for entry in batch:
            each.add(*entry)
        assert together.latest == each.latest
        assert together.newest == each.newest
        at, row_id, raw = min(batch, default=(NOW, "a", STAMPS[0]))
        assert together.remembers(row_id, at, raw) == each.remembers(row_id, at, raw)
        assert together.latest_from(at) == each.latest_from(at)
        assert together.entries() == each.entries()
