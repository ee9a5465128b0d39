"""What a feed's cursor says of its completeness."""

from __future__ import annotations

from datetime import datetime, timedelta

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.cursor_state import CursorState
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.models.gap import Coverage


def coverage_of(feed: str, cursor: Cursor | Snapshot) -> Coverage:
    """Return what a cursor says of its feed."""
    if isinstance(cursor, Snapshot):
        told = _moment(cursor.server_clock)
        return Coverage(
            feed=feed,
            complete_until=None if cursor.pending else told,
            gaps=tuple(cursor.known_gaps),
            last_page=told,
            last_row=_moment(cursor.newest),
        )
    return coverage_of_state(feed, cursor.rules, cursor.state())


def coverage_of_state(feed: str, rules: Rules, state: CursorState) -> Coverage:
    """Return what a cursor says of its feed, given its state."""
    overlap = state.reach.overlap(rules.overlap)
    return Coverage(
        feed=feed,
        complete_until=_moment(_complete_until(state, overlap)),
        gaps=tuple(gaps.public(feed, span) for span in state.gaps),
        in_doubt=tuple(gaps.public(feed, span) for span in state.in_doubt()),
        last_page=_moment(state.clock),
        last_row=_moment(state.frontier),
        lateness=timedelta(microseconds=state.reach.lateness),
        overlap=timedelta(microseconds=overlap),
    )


def _complete_until(state: CursorState, overlap: int) -> int | None:
    """Return the moment before which no row is missing; as long as no known row is shown, it stays behind."""
    seen = state.frontier if state.looks.silent else state.clock
    if seen is None or not state.primed:
        return None
    return min(seen - overlap, seen if state.held is None else state.held)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else timestamps.moment(at)
