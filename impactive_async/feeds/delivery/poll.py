"""`Poll`: what one request brought."""

from __future__ import annotations

import asyncio
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._codec.json_bytes import StoredJson
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.snapshot import MANY
from impactive_async.feeds.delivery.home import learn_workspace, with_home
from impactive_async.feeds.delivery.items import PendingGap, RecoveredRow, RemovedRow
from impactive_async.feeds.delivery.last_page import page_of_saved, with_page
from impactive_async.feeds.delivery.opening import dumped_with_coverage, opened_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.models.gap import Coverage, Gap, Removed

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
        coverage: Up to when the feed is complete once these rows are handled; `None` for one made by hand.
    """

    rows: list[R]
    gaps: list[Gap]
    cursor: str
    next_in: float
    bad: list[BadRow]
    removed: list[Removed] = attrs.Factory(list)
    coverage: Coverage | None = None


@attrs.frozen(eq=False)
class PolledFeed(Generic[R]):
    """A list and how far its polls have come, in memory: the next poll goes on from there and reads no cursor.

    It is to be dropped where a poll of it fails, or where what a poll brought is not kept.
    """

    source: Source[R]
    options: FeedOptions
    queue: PageQueue[R]

    async def poll(self) -> Poll[R]:
        """Make one request; see `Feed.poll`."""
        source, queue = self.source, self.queue
        before = queue.cursor.server_clock
        await queue.fetch()
        rows, gaps, bad, removed = await _sorted_out(queue)
        text, coverage = await dumped_with_coverage(source.name, queue.cursor)
        elapsed = _seconds_between(before, queue.cursor.server_clock)
        return Poll(
            rows=rows,
            gaps=gaps,
            bad=bad,
            removed=removed,
            cursor=with_home(with_page(text, queue.last), source.home),
            next_in=self.options.pace_of(source).after_gap_of(queue.new_rows, elapsed, queue.cursor.cap),
            coverage=coverage,
        )


async def progress_from(source: Source[R], options: FeedOptions, cursor: StoredJson | None) -> PolledFeed[R]:
    """Return the progress that a saved cursor tells of; without one, it is where the options say.

    Raises:
        CursorError: The cursor is damaged, of a newer version, of another feed, or of another server.
    """
    saved = None if cursor in ("", b"") else cursor  # an empty `dict` is no cursor, and refused
    await learn_workspace(source.home, saved, source.tell_home)
    opened = await opened_cursor(source, options, saved)
    return PolledFeed(source, options, PageQueue(source.patient(), opened, last=page_of_saved(saved)))


async def _sorted_out(queue: PageQueue[R]) -> tuple[list[R], list[Gap], list[BadRow], list[Removed]]:
    """Take everything out of a queue that nobody else has, as handled; many rows are read in a thread."""
    return await asyncio.to_thread(sort_out, queue) if queue.waiting > MANY else sort_out(queue)


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


def _seconds_between(before: int | None, after: int | None) -> float | None:
    """Return the seconds from one time of the server to another, in microseconds; `None` if either is unknown."""
    return None if before is None or after is None else max(0, after - before) / 1_000_000
