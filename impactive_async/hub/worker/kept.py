"""What a worker keeps in memory of feeds that it has committed, so that it need not read their cursors again."""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field, frozen

from impactive_async._clock import Clock
from impactive_async.feeds.delivery.poll import PolledFeed
from impactive_async.hub.contract.claim import Claim

MOST: Final = 4_000_000
"""Characters of the cursors that are kept, with `BESIDE` for each feed: 3.6 bytes of memory each."""
BESIDE: Final = 850
"""As how many characters of a cursor a feed counts by itself."""
INTERVALS: Final = 10.0
"""After so many of them without a claim, a feed makes room: other workers have it, or nobody."""


@frozen
class _Kept:
    progress: PolledFeed[Any]
    cursor: str
    at: float

    @property
    def size(self) -> int:
        return len(self.cursor) + BESIDE


@define(eq=False)
class KeptFeeds:
    """The feeds of one worker between their polls, each as it was when its cursor was committed.

    The hub decides what is true: a feed is taken up only if a claim brings the very cursor that was committed with
    it. Whoever takes a feed has it alone. It is kept again once its next poll is committed.
    """

    _clock: Clock
    _interval: float
    _feeds: dict[str, _Kept] = field(factory=dict, init=False)  # the one committed longest ago is the first
    _size: int = field(default=0, init=False)

    def take(self, claim: Claim) -> PolledFeed[Any] | None:
        """Return what was kept of a claimed feed; `None` if nothing was, or its cursor is another one by now."""
        kept = self._drop(claim.feed)
        return kept.progress if kept and kept.cursor == claim.cursor else None

    def keep(self, feed: str, progress: PolledFeed[Any], cursor: str) -> None:
        """Keep a feed whose cursor was committed, if there is room for it.

        Feeds are polled in turn. If the one polled longest ago made room, each would be gone when its turn comes.
        """
        self._drop(feed)
        kept = _Kept(progress, cursor, self._clock.monotonic())
        if self._has_room(kept):
            self._feeds[feed] = kept
            self._size += kept.size

    def _has_room(self, wanted: _Kept) -> bool:
        """Whether there is room for another feed, once those are gone that nobody claims."""
        while self._feeds and self._size + wanted.size > MOST:
            first = next(iter(self._feeds))
            if wanted.at < self._feeds[first].at + self._interval * INTERVALS:
                break
            self._drop(first)
        return self._size + wanted.size <= MOST

    def _drop(self, feed: str) -> _Kept | None:
        kept = self._feeds.pop(feed, None)
        self._size -= kept.size if kept else 0
        return kept
