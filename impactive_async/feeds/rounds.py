"""The polling side of `crm.watch`: who is to be polled, when, and where the pages go."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection
from typing import Any, Final

import attrs

from impactive_async._clock import Clock
from impactive_async.errors import APIError, NotFoundError, PermissionDeniedError
from impactive_async.feeds.denials import PAUSE, Denials
from impactive_async.feeds.desk import Desk
from impactive_async.feeds.intake import Intake, open_cursor, stored_cursor
from impactive_async.feeds.pace import first_poll
from impactive_async.feeds.rhythm import Rhythm
from impactive_async.feeds.rules import NOW
from impactive_async.feeds.schedule import Schedule
from impactive_async.feeds.slot import Slot
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.feeds.stats import FeedStats
from impactive_async.feeds.survey import Survey
from impactive_async.feeds.topics import Catalogue, Topic

BREATH: Final = 256
"""Feeds added between two turns given to the event loop."""
ARCHIVED: Final = "archived"
SEQUENCES: Final = Topic("sequences")

_log = logging.getLogger("impactive_async.feed")


class Batch:
    """A page on its way through the consumer's hands."""

    __slots__ = ("desk", "handled", "topic")

    def __init__(self, topic: Topic, desk: Desk[Any]) -> None:
        self.topic = topic
        self.desk = desk
        self.handled = asyncio.Event()


class Place:
    """One of the places there are for pages, of which a feed has one from its poll until its page is handled."""

    __slots__ = ("_room",)

    def __init__(self, room: asyncio.Semaphore) -> None:
        self._room = room

    async def move_to(self, room: asyncio.Semaphore) -> None:
        """Take a place there, and leave this one to others."""
        await room.acquire()
        self._room.release()
        self._room = room

    def leave(self) -> None:
        """Let another have it."""
        self._room.release()


class Rounds:
    """Polls every list of a workspace when it is due, and lays the pages in `ready` for the consumer."""

    def __init__(
        self, catalogue: Catalogue, options: FeedOptions, *, clock: Clock, concurrency: int, stats: FeedStats
    ) -> None:
        self._catalogue = catalogue
        self._options = options
        self._clock = clock
        self._stats = stats
        self._slots: dict[Topic, Slot] = {}
        self._schedule: Schedule[Slot] = Schedule(clock)
        self._survey = Survey(catalogue, options)
        self._room = asyncio.Semaphore(concurrency)
        self._sickroom = asyncio.Semaphore(concurrency)  # for pages with gaps to fill, lest polls wait for that
        self.denials = Denials(stats)
        self.ready: deque[Batch] = deque()
        self.news = asyncio.Event()
        """Set whenever `ready` has got longer."""

    @property
    def feeds(self) -> int:
        """How many lists are being followed, those of archived sequences left out."""
        return sum(slot.live for slot in self._slots.values())

    async def run(self) -> None:
        """Go on until cancelled, or until something happens that polling again would not mend; that is raised."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._catalogue.per_sequence:
                    tasks.create_task(self._discover())
                tasks.create_task(self._poll_what_is_due(tasks))
                await self._add(self._catalogue.topics)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _discover(self) -> None:
        """Add the feeds of new sequences, and let those of archived and deleted ones rest, for ever."""
        rhythm = self._options.rhythm(cap=None)
        while True:
            try:
                status = await self._survey.look()
            except PermissionDeniedError as error:
                wait = self._deny(SEQUENCES, SEQUENCES.kind, error)
            except APIError as error:
                wait = rhythm.after_failure(error, SEQUENCES.kind, self._stats)
            else:
                rhythm.after_page(0, self._clock.monotonic())
                wait = self._options.interval
                self.denials.lift(SEQUENCES)
                await self._reconcile(status)
            await self._clock.sleep(wait)

    async def _reconcile(self, status: dict[str, Any]) -> None:
        """Follow the sequences that are listed and not archived.

        The feeds of the others rest. They are never forgotten: a list that leaves a sequence out for once would
        have all its rows delivered again, or polled in parallel while a page is in the consumer's hands.
        """
        for topic, slot in self._slots.items():
            if topic.sequence_id is not None:
                self._follow(slot, live=status.get(topic.sequence_id, ARCHIVED) != ARCHIVED)
        kinds = list(self._catalogue.per_sequence)
        new = [sequence_id for sequence_id in status if Topic(kinds[0], sequence_id) not in self._slots]
        for live in (True, False):
            topics = [Topic(kind, one) for one in new if (status[one] != ARCHIVED) is live for kind in kinds]
            await (self._add(topics) if live else self._add_archived(topics))
        if self._options.store is not None:
            await self._conclude(kinds)
        self._survey.done = True

    async def _conclude(self, kinds: Collection[str]) -> None:
        """Let later runs know which sequences this one has taken up, and which it leaves alone."""
        for kind in kinds:
            slots = [slot for slot in self._slots.values() if slot.topic.kind == kind]
            alone = {slot.topic.sequence_id or "" for slot in slots if slot.alone}
            await self._survey.conclude(kind, {slot.topic.sequence_id or "" for slot in slots} - alone, alone)

    def _follow(self, slot: Slot, *, live: bool) -> None:
        if slot.live and not live:
            slot.owed = True
            _log.info("%s: archived or gone; polled once more, then no longer", slot.topic)
        slot.live = live
        if live and slot.idle:
            self._put_back(slot, self._clock.monotonic())

    async def _add(self, topics: Collection[Topic]) -> None:
        now = self._clock.monotonic()
        for index, topic in enumerate(topics):
            due = now + first_poll(index, len(topics), self._options.interval)
            await self._put(Slot(topic, due, late=self._is_late(topic)))
            if index % BREATH == BREATH - 1:
                await asyncio.sleep(0)

    async def _add_archived(self, topics: Collection[Topic]) -> None:
        """Poll once more what was followed before, or would have been, had it been listed in time."""
        for topic in topics:
            alone = topic.sequence_id is None or self._survey.is_left_alone(topic.kind, topic.sequence_id)
            source = self._catalogue.source(topic)
            owed = not alone or await stored_cursor(source, self._options) is not None
            if owed:
                _log.info("%s: archived; polled once more for what came before", topic)
            due = self._clock.monotonic()
            await self._put(Slot(topic, due, live=False, owed=owed, late=self._is_late(topic)))

    def _is_late(self, topic: Topic) -> bool:
        return topic.sequence_id is not None and self._survey.is_late(topic.kind, topic.sequence_id)

    async def _put(self, slot: Slot) -> None:
        if slot.late:
            await self._keep_start(slot)  # before the first poll can save how far that has come
        self._slots[slot.topic] = slot
        if not slot.idle:
            self._schedule.add(slot)

    async def _keep_start(self, slot: Slot) -> None:
        """Let later runs know where a late sequence starts: if this one comes to no page, it looks old to them."""
        options, source = self._options_of(slot), self._catalogue.source(slot.topic)
        if options is self._options or options.store is None or await stored_cursor(source, options) is not None:
            return
        await options.store.save(options.key_of(source), open_cursor(source, options, None).dumps())

    def _options_of(self, slot: Slot) -> FeedOptions:
        """The stream's; but a late sequence has no history, if all there is was asked for."""
        if self._options.since is None and slot.late:
            return attrs.evolve(self._options, since=self._survey.late_from(slot.topic.kind))
        return self._options

    async def _poll_what_is_due(self, tasks: asyncio.TaskGroup) -> None:
        """Poll with as many feeds at once as there is room for; a page keeps its room until it is handled."""
        while True:
            await self._room.acquire()
            tasks.create_task(self._serve(await self._schedule.next()))

    async def _serve(self, slot: Slot) -> None:
        """Take one feed from its poll to the next."""
        place = Place(self._room)
        try:
            due = slot.due
            if slot.live or slot.owed:
                slot.owed = False  # before the request: what is archived during it is owed another
                due = await self._poll(slot, place)
            self._put_back(slot, due)
        finally:
            place.leave()

    def _put_back(self, slot: Slot, due: float) -> None:
        slot.due, slot.idle = due, not (slot.live or slot.owed)
        if not slot.idle:
            self._schedule.add(slot)

    async def _poll(self, slot: Slot, place: Place) -> float:
        """Poll, have the page handled, fold the feed; return when the next poll is due."""
        source = self._catalogue.source(slot.topic)
        rhythm = self._options.rhythm_of(source)
        intake = await self._open(slot, source, rhythm)
        try:
            await intake.fetch()
        except APIError as error:
            wait = self._after_failure(error, slot, source, rhythm)
            slot.fold_pace(rhythm, intake)
            return self._clock.monotonic() + wait
        self.denials.lift(slot.topic)
        self._stats.polls += 1
        now = self._clock.monotonic()
        due = now + rhythm.after_page(intake.fresh, now)
        if intake.recoverable:
            await place.move_to(self._sickroom)
            await intake.recover()
        await self._hand_over(slot, Desk(source, self._options, intake, self._stats))
        slot.fold(rhythm, intake)
        return due

    async def _open(self, slot: Slot, source: Source[Any], rhythm: Rhythm) -> Intake[Any]:
        if slot.was_polled:
            return slot.unfold(source, rhythm)
        tried = slot.restore(rhythm)
        saved = await stored_cursor(source, self._options)
        began = None
        if self._options.since is NOW and saved is None and slot.topic.sequence_id is not None:
            began = self._survey.start
        return Intake(source, open_cursor(source, self._options_of(slot), saved), began=began, tried=tried)

    def _after_failure(self, error: APIError, slot: Slot, source: Source[Any], rhythm: Rhythm) -> float:
        if isinstance(error, NotFoundError) and slot.topic.sequence_id is not None:
            _log.warning("%s: the server says there is no such sequence", source.name)
            return self._options.interval  # by then its absence from the list of sequences has ended it
        slot.owed = True
        if isinstance(error, PermissionDeniedError):
            return self._deny(slot.topic, source.name, error)
        return rhythm.after_failure(error, source.name, self._stats)

    def _deny(self, topic: Topic, name: str, error: PermissionDeniedError) -> float:
        """Go on without a list that the key may not read; return when to try it again.

        Raises:
            PermissionDeniedError: That leaves nothing to go on with.
        """
        self.denials.add(topic, name, error)
        of_sequences = bool(self._catalogue.per_sequence) and SEQUENCES not in self.denials
        may_find_more = of_sequences and not any(one.sequence_id is not None for one in self._slots)
        if not may_find_more and all(one in self.denials for one, slot in self._slots.items() if slot.live):
            raise error
        return max(PAUSE, self._options.interval)

    async def _hand_over(self, slot: Slot, desk: Desk[Any]) -> None:
        if desk.intake.idle:
            return await desk.save()
        batch = Batch(slot.topic, desk)
        self.ready.append(batch)
        self.news.set()
        await batch.handled.wait()
        return None
