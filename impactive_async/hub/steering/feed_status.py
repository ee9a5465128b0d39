"""A feed of a hub, as people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from impactive_async.feeds.steering.reading import CursorSummary, summary_of

FeedState: TypeAlias = Literal["due", "waiting", "leased", "paused", "dead"]
FeedRow: TypeAlias = Sequence[Any]
"""Cursor, seconds until it is due or its lease ends, leased, failures, error, gaps, dead, paused."""


@frozen(kw_only=True)
class FeedStatus:
    """A feed at one moment, by the engine's clock.

    Attributes:
        feed: Its name.
        state: `due`: it waits for a worker. `waiting`: it will be due. `leased`: a worker has it. `paused` and
            `dead`: nobody claims it.
        leased: Whether a worker has it. One that was paused in the meantime finishes its poll.
        due_in: Seconds until it is due, or until its lease ends; below 0 if it is overdue.
        failures: How many claims in a row have failed.
        error: Why the last one did; empty if it did not.
        gaps: How many gaps were reported since the feed was added.
        cursor: What was last committed; empty at first.
    """

    feed: str
    state: FeedState
    leased: bool
    due_in: float
    failures: int
    error: str
    gaps: int
    cursor: str = field(repr=False)

    @property
    def summary(self) -> CursorSummary | None:
        """What the cursor says; None: nothing was committed yet.

        Raises:
            CursorError: It is damaged, none of this library, or was written by a newer version.
        """
        return summary_of(self.cursor) if self.cursor else None


def feed_status(name: str, row: FeedRow | None) -> FeedStatus | None:
    """Return an engine's row as a value; None if there is none."""
    if row is None:
        return None
    cursor, due_in, leased, failures, error, gaps, dead, paused = row
    return FeedStatus(
        feed=name,
        state=_state(due=float(due_in) <= 0, leased=bool(leased), dead=bool(dead), paused=bool(paused)),
        leased=bool(leased),
        due_in=float(due_in),
        failures=int(failures),
        error=error,
        gaps=int(gaps),
        cursor=cursor,
    )


def _state(*, due: bool, leased: bool, dead: bool, paused: bool) -> FeedState:
    if dead or paused:
        return "dead" if dead else "paused"
    return "leased" if leased else "due" if due else "waiting"
