"""Which sequences there are, which of them are new, and where their feeds start."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import attrs

from impactive_async._codec.json_bytes import StoredJson
from impactive_async.errors import CursorError, InvalidArgumentError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.evidence.wholeness import ShownRows, Wholeness, is_short
from impactive_async.feeds.cursor.quarantine import Quarantine
from impactive_async.feeds.cursor.rules import NOW
from impactive_async.feeds.cursor.server_clock import THIS_MACHINE, time_at_server
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.feeds.workspace.followed_lists import FeedId, FollowedLists, SequenceList
from impactive_async.feeds.workspace.seen_sequences import SeenSequences, load_seen, save_seen

START_KEY: Final = "workspace/start"
"""The key in the store under which the moment is kept that `NOW` means. Sequences found by a later run start
there."""
CUT: Final = (
    "the list of sequences may be cut off at %d: those that it shows no more are followed on, and those that it "
    "has never shown are not followed"
)

_log = logging.getLogger("impactive_async.feed")

SKEW: Final = timedelta(minutes=1)
"""How far the timestamps of rows may lag behind the `Date` header."""


class SequenceDiscovery:
    """Lists the sequences again and again, and remembers in the store which of them were seen.

    A sequence *appeared late* if it was not on the first list, of this run or of an earlier one. It has no history
    from before the stream: its rows are all new.
    """

    def __init__(self, lists: FollowedLists, options: FeedOptions, stats: FeedStats) -> None:
        self._stats = stats
        self._bad = Quarantine()
        self._unusable: set[str | None] = set()  # ids
        self._lists, self._options = lists, options
        self._seen: dict[str, SeenSequences] = {}  # by earlier runs, for each kind of list
        self._late_start: dict[str, datetime] = {}
        self._listed: Collection[str] = ()  # ids
        self._listed_at = timestamps.EPOCH  # by the server's clock
        self._wholeness = Wholeness()
        self._gone: set[str] = set()  # ids of sequences that the server says there are none of
        self._cut = False
        self.done = False
        """Whether the first list of sequences has been followed up."""
        self.start: datetime | None = None
        """The moment that `NOW` means; `None` until it is known, and for other starts."""

    async def look(self) -> SequenceList:
        """Return which sequences there are.

        Raises:
            APIError: The sequences cannot be listed, or the answer is unreadable.
            CursorError: The store holds damaged data of an earlier run.
        """
        answer = await self._lists.sequences()
        for row in self._bad.unreported(answer.value.bad):
            self._stats.bad_rows += 1
            _log.warning("a row of the list of sequences cannot be read, and is not followed: %s", row.reason)
        self._listed_at = timestamps.moment(time_at_server(answer.server_time, None, THIS_MACHINE.wall()))
        if not self.done:
            await self._load_seen()
        await self._fix_start(answer.server_time)
        return self._judged(answer.value)

    def _judged(self, listed: SequenceList) -> SequenceList:
        """Return the list, marked if it may be cut off, and lacks sequences that are known."""
        ids, known = [*listed.statuses], self._wholeness.rows
        seems_whole = not listed.bad and not listed.may_be_cut and is_short(len(ids), None)
        whole = self._wholeness.take(ShownRows(ids=ids, seems_whole=seems_whole))
        missing = [str(one) for one in known if one not in listed.statuses]
        was_longer = not self.done and len(ids) >= LEAST_CAP  # an earlier run may have seen a longer list
        if missing and (was_longer or len(missing) > max(LEAST_CAP, len(ids))):  # most at once: may be a fault
            whole, self._wholeness.cut_at = False, max(len(ids), 1)
        if whole:
            self._wholeness.forget(missing)
        cut = listed.may_be_cut or (bool(missing) and not whole)
        if cut and not self._cut:
            _log.warning(CUT, len(ids))
        self._cut, self._listed = cut, listed.statuses.keys()
        self._gone.difference_update(self._listed)
        return attrs.evolve(listed, may_be_cut=cut, missing=() if whole or self.done else missing)

    def was_followed(self, feed: FeedId) -> bool:
        """Whether an earlier run followed the feed's sequence."""
        seen = self._seen.get(feed.kind)
        return seen is not None and feed.sequence_id in seen.followed

    def is_gone(self, feed: FeedId) -> bool:
        """Whether a sequence is gone that the server says there is none of: it is if it is not listed either."""
        if feed.sequence_id is None or feed.sequence_id in self._listed:
            return False
        self._gone.add(feed.sequence_id)
        self._wholeness.forget((feed.sequence_id,))
        return True

    def is_usable(self, feed: FeedId) -> bool:
        """Whether a URL can hold the id of a sequence; the first time that it cannot is a warning in the log."""
        try:
            self._lists.source(feed)
        except InvalidArgumentError as error:
            if feed.sequence_id not in self._unusable:
                _log.warning("a sequence is not followed, because no URL can hold its id: %s", error)
                self._unusable.add(feed.sequence_id)
            return False
        return True

    async def _load_seen(self) -> None:
        for kind in self._lists.of_each_sequence:
            seen = (
                None
                if self._options.store is None
                else await load_seen(self._options.store, kind, self._lists.home, self._lists.tell_home)
            )
            if seen is not None:
                self._seen[kind] = seen
            self._late_start[kind] = (self._listed_at if seen is None else seen.at) - SKEW
        self._wholeness = Wholeness(sorted({one for seen in self._seen.values() for one in seen.followed}))

    async def _fix_start(self, server_time: datetime | None) -> None:
        """Give `NOW` one meaning for all sequences, whenever they are found and first polled."""
        if self._options.since is not NOW or self.start is not None:
            return
        store = self._options.store
        saved = None if store is None else await store.load(START_KEY)
        self.start = server_time if saved is None else _start_of(saved)
        if store is not None and saved is None and server_time is not None:
            await store.save(START_KEY, server_time.isoformat())

    def late_start(self, kind: str) -> datetime:
        """Return where the feed of a sequence starts that appeared late; rows hidden since then are a gap."""
        return self._late_start[kind]

    def appeared_late(self, feed: FeedId) -> bool:
        """Whether the feed's sequence, found by the present look, was not on the first list."""
        if feed.sequence_id is None:
            return False
        seen = self._seen.get(feed.kind)
        return self.done or (seen is not None and feed.sequence_id not in seen)

    def is_ignored(self, feed: FeedId) -> bool:
        """Whether the feed's sequence, found archived by the present look, was archived when it was first seen."""
        seen = self._seen.get(feed.kind)
        return not self.done and (seen is None or feed.sequence_id in seen.ignored)

    async def save(self, kind: str, followed: Collection[str], ignored: Collection[str]) -> None:
        """Save for later runs which sequences are followed and which are ignored, if any is new."""
        store, before = self._options.store, self._seen.get(kind)
        seen = (before or SeenSequences(at=self._listed_at)).updated(
            self._listed_at, followed, ignored, gone=self._gone
        )
        if store is not None and seen is not before:
            await save_seen(store, kind, seen, self._lists.home)
            self._seen[kind] = seen


def _start_of(saved: StoredJson) -> datetime:
    try:
        moment = datetime.fromisoformat(saved if isinstance(saved, str) else bytes(saved).decode())  # type: ignore[arg-type]  # a mapping is a TypeError
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CursorError(
            f"the store's {START_KEY!r} is no moment in time. Restore it from a backup, or delete it: sequences "
            "without a cursor of their own then start anew from NOW."
        )
    return moment
