"""The polling side of `crm.watch`: which feed is polled when, and where its page goes."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Collection
from typing import Any, Final

import attrs

from impactive_async._clock import Clock
from impactive_async._http.foreign import is_foreign
from impactive_async._http.retry import may_pass
from impactive_async.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
)
from impactive_async.feeds.cursor.rules import NOW
from impactive_async.feeds.delivery.checkpointer import Checkpointer
from impactive_async.feeds.delivery.home import with_home
from impactive_async.feeds.delivery.opening import open_cursor, stored_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.feeds.pacing.pace import Pace, first_poll
from impactive_async.feeds.pacing.schedule import Schedule
from impactive_async.feeds.workspace.failures import Failures
from impactive_async.feeds.workspace.followed_lists import ARCHIVED, FeedId, FollowedLists, SequenceList
from impactive_async.feeds.workspace.resting_feed import RestingFeed
from impactive_async.feeds.workspace.sequence_discovery import SequenceDiscovery
from impactive_async.feeds.workspace.slots import (
    KindOfList,
    Lane,
    LaneSlot,
    PendingPage,
    PollSlot,
    in_steps,
    sleep,
)
from impactive_async.stores import CursorStore

SEQUENCES: Final = FeedId("sequences")
FATAL: Final = (AuthenticationError, ConfigurationError)
"""What ends the stream: it is about the key or the client, and not about one list."""

_log = logging.getLogger("impactive_async.feed")


class PollLoop:
    """Polls every list of a workspace when it is due, and puts its page into `ready` for the consumer."""

    def __init__(
        self, lists: FollowedLists, options: FeedOptions, *, clock: Clock, concurrency: int, stats: FeedStats
    ) -> None:
        self._lists = lists
        self._options = options
        self._clock = clock
        self._stats = stats
        self._feeds: dict[FeedId, RestingFeed] = {}
        self.resting: Final = self._feeds
        self._schedule: Schedule[RestingFeed] = Schedule(clock)
        self._discovery = SequenceDiscovery(lists, options, stats)
        self._polls = asyncio.Semaphore(concurrency)
        # Pages whose gaps are being filled have slots of their own, so that no poll waits for a recovery.
        self._recoveries = asyncio.Semaphore(concurrency)
        self._retries = asyncio.Semaphore(concurrency)
        self._kinds: defaultdict[str, KindOfList] = defaultdict(lambda: KindOfList(options.pace(cap=None)))
        self.failures = Failures(options, clock, stats, self._has_list_left)
        self.ready: deque[PendingPage] = deque()
        self.page_ready = asyncio.Event()
        """Set whenever a page was put into `ready`."""

    @property
    def store(self) -> CursorStore | None:
        """Where the cursors are kept."""
        return self._options.store

    @property
    def feeds(self) -> int:
        """How many lists are being followed; those of archived sequences do not count."""
        return sum(feed.followed for feed in self._feeds.values())

    async def run(self) -> None:
        """Poll until cancelled, or until no list can be followed any more.

        Raises:
            AuthenticationError: The key is refused.
            ConfigurationError: The client cannot be used.
            Exception: Why the last list that was left cannot be followed.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._lists.of_each_sequence:
                    tasks.create_task(self._discover())
                tasks.create_task(self._poll_due_feeds(tasks))
                await self._add(self._lists.of_workspace)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _discover(self) -> None:
        """List the sequences again and again; follow new ones, and stop following archived and deleted ones."""
        pace = self._options.pace(cap=None)
        while True:
            try:
                listed = await self._discovery.look()
                await self._reconcile(listed)
            except FATAL:
                raise
            except Exception as error:
                wait = self.failures.pause_after(error, SEQUENCES, SEQUENCES.kind, pace)
            else:
                pace.after_page(0, self._clock.monotonic())
                wait = self._options.interval
                self.failures.lift(SEQUENCES)
            await self._clock.sleep(wait)

    async def _reconcile(self, listed: SequenceList) -> None:
        """Follow the sequences that are listed and not archived."""
        statuses = listed.statuses
        # The feeds of the others are kept. Forgotten, a sequence that one list leaves out would have all its rows
        # delivered again, or would be polled twice while one of its pages is with the consumer.
        async for feed in in_steps(list(self._feeds.values())):
            sequence_id = feed.id.sequence_id
            if sequence_id is not None and (listed.is_whole or sequence_id in statuses):
                self._set_followed(feed, followed=statuses.get(sequence_id, ARCHIVED) != ARCHIVED)
        kinds = list(self._lists.of_each_sequence)
        active: list[FeedId] = []
        archived: list[FeedId] = []
        async for sequence_id, status in in_steps(statuses.items()):
            new = [one for kind in kinds if (one := FeedId(kind, sequence_id)) not in self._feeds]
            if new and self._discovery.is_usable(new[0]):
                (archived if status == ARCHIVED else active).extend(new)
        missing = [FeedId(kind, one) for one in listed.missing for kind in kinds]
        await self._add([*active, *filter(self._discovery.was_followed, missing)])
        await self._add_archived(archived)
        if self._options.store is not None:
            await self._save_seen(kinds)
        self._discovery.done = True

    async def _save_seen(self, kinds: Collection[str]) -> None:
        """Let later runs know which sequences this run follows, and which it ignores."""
        for kind in kinds:
            feeds = [feed for feed in self._feeds.values() if feed.id.kind == kind]
            ignored = {feed.id.sequence_id or "" for feed in feeds if feed.ignored}
            await self._discovery.save(kind, {feed.id.sequence_id or "" for feed in feeds} - ignored, ignored)

    def _set_followed(self, feed: RestingFeed, *, followed: bool) -> None:
        if feed.followed and not followed:
            feed.last_poll_owed = True
            _log.info("%s: archived or gone; polled once more, then no longer", self._lists.source(feed.id).name)
        feed.followed = followed
        if followed and feed.parked:
            self._reschedule(feed, self._clock.monotonic())

    async def _add(self, feeds: Collection[FeedId]) -> None:
        now = self._clock.monotonic()
        async for index, feed in in_steps(enumerate(feeds)):
            due = now + first_poll(index, len(feeds), self._options.interval)
            await self._put(RestingFeed(feed, due, appeared_late=self._discovery.appeared_late(feed)))

    async def _add_archived(self, feeds: Collection[FeedId]) -> None:
        """Poll once what an earlier run followed, or would have followed if it had been listed in time."""
        async for feed in in_steps(feeds):
            owed = not self._discovery.is_ignored(feed) or await self._was_followed(feed)
            if owed:
                _log.info("%s: archived; polled once for what came before", self._lists.source(feed).name)
            late, due = self._discovery.appeared_late(feed), self._clock.monotonic()
            await self._put(RestingFeed(feed, due, followed=False, last_poll_owed=owed, appeared_late=late))

    async def _was_followed(self, feed: FeedId) -> bool:
        try:
            return await stored_cursor(self._lists.source(feed), self._options) is not None
        except Exception:  # its poll tells what is wrong with the store's key
            return True

    async def _put(self, feed: RestingFeed) -> None:
        if feed.appeared_late:
            try:
                await self._save_start(feed)  # before the first poll can save how far that has come
            except Exception as error:
                self.failures.add(feed.id, self._lists.source(feed.id).name, error)
                return  # the next look at the sequences tries again
        self._feeds[feed.id] = feed
        if not feed.parked:
            self._schedule.add(feed)

    async def _save_start(self, feed: RestingFeed) -> None:
        """Save where the feed of a late sequence starts: a run that ends before its first page would forget it."""
        options, source = self._options_of(feed), self._lists.source(feed.id)
        if options is self._options or options.store is None or await stored_cursor(source, options) is not None:
            return
        start = with_home(open_cursor(source, options, None).dumps(), source.home)
        await options.store.save(options.key_of(source), start)

    def _options_of(self, feed: RestingFeed) -> FeedOptions:
        """Return the stream's options; for a late sequence with its own start, if all there is was asked for."""
        if self._options.since is None and feed.appeared_late:
            return attrs.evolve(self._options, since=self._discovery.late_start(feed.id.kind))
        return self._options

    async def _poll_due_feeds(self, tasks: asyncio.TaskGroup) -> None:
        """Poll as many feeds at once as there are slots; a page keeps its slot until it is handled."""
        while True:
            feed = await self._schedule.next()
            kind = self._kinds[feed.id.kind]
            lane = kind.lane_of(feed)
            if lane is None:
                await self._polls.acquire()  # only now: a page that leaves a lane may need the slot
                lane = kind.lane_of(feed)  # a poll of the kind may have failed meanwhile
                if lane is None:
                    tasks.create_task(self._serve(feed, PollSlot(self._polls), kind))
                    continue
                self._polls.release()
            if lane.enqueue(feed):
                tasks.create_task(self._serve_one_by_one(lane, kind, tasks))

    async def _serve_one_by_one(self, lane: Lane, kind: KindOfList, tasks: asyncio.TaskGroup) -> None:
        """Poll the feeds of a lane, outside the slots that other kinds wait for. A page takes such a slot."""
        while lane.waiting:
            await sleep(self._clock, kind.pause if lane is kind.others else 0.0)
            await self._retries.acquire()
            slot = LaneSlot(self._retries)
            if lane.waiting:
                tasks.create_task(self._serve(lane.waiting.popleft(), slot, kind))
                await slot.left.wait()
            else:  # an answer has let them go
                slot.release()
        lane.busy = False

    async def _serve(self, feed: RestingFeed, slot: PollSlot, kind: KindOfList) -> None:
        """Poll a feed, have its page handled, and schedule its next poll."""
        try:
            due = feed.due
            if feed.followed or feed.last_poll_owed:
                feed.last_poll_owed = False  # before the request: a sequence archived meanwhile is owed another
                due = await self._poll(feed, slot, kind)
            self._reschedule(feed, due)
        finally:
            slot.release()

    def _reschedule(self, feed: RestingFeed, due: float) -> None:
        feed.due, feed.parked = due, not (feed.followed or feed.last_poll_owed)
        if not feed.parked:
            self._schedule.add(feed)

    async def _poll(self, feed: RestingFeed, slot: PollSlot, kind: KindOfList) -> float:
        """Poll, have the page handled, save the feed; return when the next poll is due."""
        source = self._lists.source(feed.id)
        if not feed.failing:
            source = source.within(kind.quick(self._options.interval))
        pace, queue = self._options.pace_of(source), None
        try:
            queue = await self._open(feed, source, pace)
            with kind.timing():
                await queue.fetch()
        except FATAL:
            raise
        except Exception as error:
            wait = self._poll_failed(error, feed, source.name, pace, slot)
            if queue is not None:
                feed.save_pace(pace, queue)
            return self._clock.monotonic() + wait
        self._answered(feed, kind)
        if not feed.unsaved:
            self.failures.lift(feed.id)
        self._stats.poll_succeeded()
        now = self._clock.monotonic()
        due = now + pace.after_page(queue.new_rows, now, queue.cursor.cap)
        if queue.recoverable:
            await slot.exchange(self._recoveries)
            await queue.recover()
        elif isinstance(slot, LaneSlot):
            await slot.exchange(self._polls)
        checkpointer = Checkpointer(source, self._options, queue, self._stats, keeps_on=True)
        await self._deliver(PendingPage(feed.id, checkpointer), slot)
        self._note_saving(feed, source.name, checkpointer.save_error)
        feed.save(pace, queue)
        return due

    def _answered(self, feed: RestingFeed, kind: KindOfList) -> None:
        """Record that the server has answered, be it by a refusal: no poll of the kind need wait any longer."""
        for other in kind.has_answered(feed):
            self._schedule.add(other)

    async def _open(self, feed: RestingFeed, source: Source[Any], pace: Pace) -> PageQueue[Any]:
        if feed.was_polled:
            return feed.restore(source, pace)
        first_asked_at = feed.restore_pace(pace)
        saved = await stored_cursor(source, self._options)
        start = None
        if self._options.since is NOW and saved is None and feed.id.sequence_id is not None:
            start = self._discovery.start
        cursor = open_cursor(source, self._options_of(feed), saved)
        return PageQueue(source, cursor, start=start, first_asked_at=first_asked_at)

    def _poll_failed(self, error: Exception, feed: RestingFeed, name: str, pace: Pace, slot: PollSlot) -> float:
        """Return the seconds until a feed is polled again."""
        kind = self._kinds[feed.id.kind]
        if isinstance(error, NotFoundError) and feed.id.sequence_id is not None and not is_foreign(error):
            _log.warning("%s: the server says there is no such sequence", name)
            self._answered(feed, kind)
            feed.followed = feed.followed and not (pace.errors and self._discovery.is_gone(feed.id))
            return pace.after_refusal(error)  # by then its absence from the list of sequences has ended it
        feed.last_poll_owed = True
        wait = self.failures.pause_after(error, feed.id, name, pace)
        if isinstance(error, APIError) and (may_pass(error) or is_foreign(error)):
            kind.has_failed(feed, error, in_slot=not isinstance(slot, LaneSlot))
        elif isinstance(error, APIError):
            self._answered(feed, kind)
        return wait

    def _has_list_left(self) -> bool:
        """Whether a list can be followed, or sequences may still be found whose lists can."""
        can_discover = bool(self._lists.of_each_sequence) and SEQUENCES not in self.failures
        may_find_more = can_discover and not any(one.sequence_id is not None for one in self._feeds)
        return may_find_more or any(one.id not in self.failures for one in self._feeds.values() if one.followed)

    async def _deliver(self, page: PendingPage, slot: PollSlot) -> None:
        """Put the page into `ready` and wait until it is handled; an empty one only saves the cursor.

        A page of which the consumer has everything in hand leaves its slot to another feed: the consumer may be
        waiting for more rows before it acknowledges any.
        """
        checkpointer = page.checkpointer
        checkpointer.count_waiting()
        if not checkpointer.queue.idle:
            self.put(page)
            await page.drained.wait()
        while not checkpointer.queue.all_handled:
            slot.release()
            await checkpointer.settle()
            await page.drained.wait()
        await checkpointer.save_or_keep_on()

    def put(self, page: PendingPage, *, first: bool = False) -> None:
        """Give a page to the consumer."""
        page.drained.clear()
        (self.ready.appendleft if first else self.ready.append)(page)
        self.page_ready.set()

    def _note_saving(self, feed: RestingFeed, name: str, error: Exception | None) -> None:
        if error is not None:
            self.failures.add(feed.id, name, error)
        elif feed.unsaved:
            self.failures.lift(feed.id)
        feed.unsaved = error is not None
