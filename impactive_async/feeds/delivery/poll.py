"""`Poll`: what one request brought."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs

from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.delivery.items import PendingGap, RecoveredRow, RemovedRow
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.models.gap import Gap, Removed

R = TypeVar("R")


@attrs.frozen(kw_only=True)
class Poll(Generic[R]):
    """What one poll brought.

    Attributes:
        rows: New rows, in `(timestamp, id)` order.
        gaps: Spans of time whose rows may be missing.
        cursor: Compact JSON. Save it once the rows are handled, and pass it to the next poll.
        next_in: Seconds after which the next poll is due.
        bad: Rows that could not be read. The next poll does not bring them again.
        removed: Rows that are gone, if removals are followed.
    """

    rows: list[R]
    gaps: list[Gap]
    cursor: str
    next_in: float
    bad: list[BadRow]
    removed: list[Removed] = attrs.Factory(list)


def sort_out(queue: PageQueue[R]) -> tuple[list[R], list[Gap], list[BadRow], list[Removed]]:
    """Take everything out of a queue, as handled; return the rows, the gaps, the bad rows and those removed."""
    rows: list[R] = []
    gaps: list[Gap] = []
    bad: list[BadRow] = []
    removed: list[Removed] = []
    for delivery in queue.drain():
        match delivery:
            case (_, raw) | RecoveredRow(_, raw):
                row: Any = queue.read(raw)
                (bad if isinstance(row, BadRow) else rows).append(row)
            case PendingGap(gap):
                gaps.append(gap)
            case BadRow():
                bad.append(delivery)
            case RemovedRow():
                removed.append(delivery.removed)
    return rows, gaps, bad, removed
