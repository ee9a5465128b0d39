"""A feed between two polls. `crm.watch` may have ten thousand of them, so each is kept as a few hundred bytes."""

from __future__ import annotations

from typing import Any

from impactive_async._codec import json_bytes
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.delivery.coverage import coverage_of
from impactive_async.feeds.delivery.last_page import LastPage
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import Source
from impactive_async.feeds.pacing.pace import Pace
from impactive_async.feeds.pacing.schedule import Due
from impactive_async.feeds.workspace.followed_lists import FeedId
from impactive_async.models.gap import Coverage


class RestingFeed(Due):
    """A feed's pace and cursor as bytes, from which each poll restores them."""

    __slots__ = (
        "_last",
        "_saved",
        "_snapshot",
        "appeared_late",
        "failing",
        "followed",
        "id",
        "last_poll_owed",
        "parked",
        "unsaved",
    )

    def __init__(
        self,
        feed: FeedId,
        due: float,
        *,
        followed: bool = True,
        last_poll_owed: bool = False,
        appeared_late: bool = False,
    ) -> None:
        """Make a feed that was never polled.

        Args:
            feed: Which one.
            due: When its next poll is due, in seconds of the client's clock.
            followed: Whether it is to be polled again and again.
            last_poll_owed: Whether it is to be polled once more in any case, for rows that came after its last
                page.
            appeared_late: Whether its sequence was not on the first list of sequences.
        """
        super().__init__(due)
        self.id = feed
        self.followed = followed
        self.last_poll_owed = last_poll_owed
        self.appeared_late = appeared_late
        self.parked = not followed and not last_poll_owed
        """Whether it is neither scheduled nor being polled."""
        self.failing = False
        """Whether its last poll failed in a way that may pass."""
        self.unsaved = False
        """Whether the store could not keep its cursor."""
        self._last: LastPage | None = None
        self._snapshot: Snapshot | None = None  # kept as it is: a workspace has few, and they may be large
        self._saved = b""  # a line for the pace, a line for the cursor

    @property
    def ignored(self) -> bool:
        """Whether it was archived when it was found, and not followed before."""
        return self.parked and not self.was_polled

    @property
    def was_polled(self) -> bool:
        """Whether a page was handled."""
        return self._snapshot is not None or (not self._saved.endswith(b"\n") and self._saved != b"")

    def restore(self, source: Source[Any], pace: Pace) -> PageQueue[Any]:
        """Return the queue as it was after the last page, which there must have been; bring the pace up to it."""
        last_page_at = self.restore_pace(pace)
        cursor = self._snapshot or _cursor_of(source, self._saved.partition(b"\n")[2])
        queue = PageQueue(source, cursor, last_page_at=last_page_at, last=self._last)
        queue.changed = self.unsaved
        return queue

    def coverage(self, source: Source[Any]) -> Coverage:
        """Return up to when the feed is complete, as of the last page that was handled."""
        if not self.was_polled:
            return Coverage(feed=source.name, complete_until=None)
        return coverage_of(source.name, self._snapshot or _cursor_of(source, self._saved.partition(b"\n")[2]))

    def restore_pace(self, pace: Pace) -> float | None:
        """Bring a new pace up to the feed's. Return the moment that was saved with it, by our steady clock.

        The moment is that of the last page. As long as there was none, it is that of the first request.
        """
        if not self._saved:
            return None
        moment: float | None
        state, moment = json_bytes.loads(self._saved.partition(b"\n")[0])
        pace.resume(state)
        return moment

    def save(self, pace: Pace, queue: PageQueue[Any]) -> None:
        """Save pace and cursor, after a page that was handled."""
        cursor, self._last = queue.cursor, queue.last
        self._snapshot = cursor if isinstance(cursor, Snapshot) else None
        self._save(pace, queue, b"" if isinstance(cursor, Snapshot) else cursor.fold())

    def save_pace(self, pace: Pace, queue: PageQueue[Any]) -> None:
        """Save the pace alone, after a poll that failed."""
        self._save(pace, queue, self._saved.partition(b"\n")[2])

    def _save(self, pace: Pace, queue: PageQueue[Any], cursor: bytes) -> None:
        # Joining makes bytes of exact size. What the JSON library returns takes up more than it needs.
        moment = queue.last_page_at if cursor or self._snapshot is not None else queue.first_asked_at
        self._saved = b"\n".join((json_bytes.dumps([pace.state, moment]), cursor))


def _cursor_of(source: Source[Any], folded: bytes) -> Cursor:
    assert source.rules is not None  # noqa: S101 - a list without rules has a snapshot
    return Cursor.unfold(folded, source.rules, source.name)
