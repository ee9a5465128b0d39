"""The polling side of `crm.watch`: who is to be polled, when, and where the pages go."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.errors import APIError, CursorError, DecodeError, NotFoundError
from impactive_async.feeds.desk import Desk, FeedStats
from impactive_async.feeds.intake import Intake, open_cursor, stored_cursor
from impactive_async.feeds.known import is_id
from impactive_async.feeds.pace import first_poll
from impactive_async.feeds.rhythm import Rhythm
from impactive_async.feeds.rules import NOW
from impactive_async.feeds.schedule import Due, Schedule
from impactive_async.feeds.source import FeedOptions, Source

START_KEY = "workspace/start"
"""What the store keeps the meaning of `NOW` under: feeds of sequences found in a later run start there too."""
BREATH = 256
"""Feeds added between two turns given to the event loop."""
ARCHIVED = "archived"
SKEW = timedelta(minutes=1)
"""How far the timestamps of rows may lag behind the `Date` header."""

_log = logging.getLogger("impactive_async.feed")


@attrs.frozen(weakref_slot=False)
class Topic:
    """Which feed: a kind, and the sequence it belongs to, if any."""

    kind: str
    sequence_id: str | None = None


@attrs.frozen(kw_only=True)
class Catalogue:
    """What a workspace has to watch.

    Attributes:
        source: Makes the source of a topic.
        topics: The topics that are always there.
        per_sequence: The kinds that every sequence has.
        sequences: Fetches the raw list of sequences.
    """

    source: Callable[[Topic], Source[Any]]
    topics: Collection[Topic]
    per_sequence: Collection[str]
    sequences: Callable[[], Awaitable[Answer[Sequence[Any]]]]


class Slot(Due):
    """A feed at rest: as little as ten thousand of them may hold."""

    __slots__ = ("idle", "late", "live", "owed", "rhythm", "saved", "topic")

    def __init__(
        self, topic: Topic, due: float, *, live: bool = True, owed: bool = False, late: bool = False
    ) -> None:
        super().__init__(due)
        self.topic = topic
        self.live = live  # to be polled for ever
        self.owed = owed  # to be polled once more in any case: rows may have come since its last page
        self.late = late  # its sequence was not there at the first look
        self.idle = not live and not owed  # neither scheduled nor being polled
        self.rhythm: Rhythm | None = None  # none before its first poll
        self.saved: str | None = None


class Batch:
    """A page on its way through the consumer's hands."""

    __slots__ = ("desk", "handled", "topic")

    def __init__(self, topic: Topic, desk: Desk[Any]) -> None:
        self.topic = topic
        self.desk = desk
        self.handled = asyncio.Event()


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
        self._start: datetime | None = None
        self._surveyed = False  # the sequences have been listed once
        self._room = asyncio.Semaphore(concurrency)
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
                answer = await self._catalogue.sequences()
                status = _status_by_id(answer.value)
            except APIError as error:
                wait = rhythm.after_failure(error, "sequences", self._stats)
            else:
                rhythm.after_page(0, self._clock.monotonic())
                wait = self._options.interval
                await self._fix_start(answer.server_time)
                await self._reconcile(status)
            await self._clock.sleep(wait)

    async def _fix_start(self, server_time: datetime | None) -> None:
        """Let `NOW` mean one moment for all sequences, whenever they are found and first polled."""
        if self._options.since is None and not self._surveyed and server_time is not None:
            self._start = server_time - SKEW  # where later sequences start: what their first page hides is a gap
        if self._options.since is not NOW or self._start is not None:
            return
        store = self._options.store
        saved = None if store is None else await store.load(START_KEY)
        self._start = server_time if saved is None else _moment(saved)
        if store is not None and saved is None and server_time is not None:
            await store.save(START_KEY, server_time.isoformat())

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
        self._surveyed = True

    def _follow(self, slot: Slot, *, live: bool) -> None:
        if slot.live and not live:
            slot.owed = True
            _log.info("%s: archived or gone; polled once more, then no longer", slot.topic)
        slot.live = live
        if live and slot.idle:
            self._put_back(slot, self._clock.monotonic())

    async def _add(self, topics: Collection[Topic]) -> None:
        now, late = self._clock.monotonic(), self._surveyed
        for index, topic in enumerate(topics):
            due = now + first_poll(index, len(topics), self._options.interval)
            slot = self._slots[topic] = Slot(topic, due, late=late)
            self._schedule.add(slot)
            if index % BREATH == BREATH - 1:
                await asyncio.sleep(0)

    async def _add_archived(self, topics: Collection[Topic]) -> None:
        """Poll once more what was followed before: by an earlier run, or had it been listed in time."""
        for topic in topics:
            source = self._catalogue.source(topic)
            owed = self._surveyed or await stored_cursor(source, self._options) is not None
            slot = self._slots[topic] = Slot(
                topic, self._clock.monotonic(), live=False, owed=owed, late=self._surveyed
            )
            if owed:
                _log.info("%s: archived; polled once more for what came before", topic)
                self._schedule.add(slot)

    async def _poll_what_is_due(self, tasks: asyncio.TaskGroup) -> None:
        """Poll with as many feeds at once as there is room for; a page keeps its room until it is handled."""
        while True:
            await self._room.acquire()
            tasks.create_task(self._serve(await self._schedule.next()))

    async def _serve(self, slot: Slot) -> None:
        """Take one feed from its poll to the next."""
        try:
            due = slot.due
            if slot.live or slot.owed:
                slot.owed = False  # before the request: what is archived during it is owed another
                due = await self._poll(slot)
            self._put_back(slot, due)
        finally:
            self._room.release()

    def _put_back(self, slot: Slot, due: float) -> None:
        slot.due, slot.idle = due, not (slot.live or slot.owed)
        if not slot.idle:
            self._schedule.add(slot)

    async def _poll(self, slot: Slot) -> float:
        """Poll, have the page handled, fold the feed into its saved form; return when the next poll is due."""
        source = self._catalogue.source(slot.topic)
        desk, rhythm = await self._open(slot, source)
        try:
            await desk.intake.fetch()
        except APIError as error:
            return self._clock.monotonic() + self._after_failure(error, slot, source, rhythm)
        self._stats.polls += 1
        now = self._clock.monotonic()
        due = now + rhythm.after_page(desk.intake.fresh, now)
        await self._hand_over(slot, desk)
        slot.saved = desk.intake.cursor.dumps()
        return due

    async def _open(self, slot: Slot, source: Source[Any]) -> tuple[Desk[Any], Rhythm]:
        if slot.rhythm is None:
            slot.saved = await stored_cursor(source, self._options)
            slot.rhythm = self._options.rhythm_of(source)
        options, began = self._options, None
        if options.since is NOW and slot.saved is None and slot.topic.sequence_id is not None:
            began = self._start
        elif options.since is None and slot.late:
            options = attrs.evolve(options, since=self._start)
        intake = Intake(source, open_cursor(source, options, slot.saved), began=began)
        return Desk(source, self._options, intake, self._stats), slot.rhythm

    def _after_failure(self, error: APIError, slot: Slot, source: Source[Any], rhythm: Rhythm) -> float:
        if isinstance(error, NotFoundError) and slot.topic.sequence_id is not None:
            _log.warning("%s: the server says there is no such sequence", source.name)
            return self._options.interval  # by then its absence from the list of sequences has ended it
        slot.owed = True
        return rhythm.after_failure(error, source.name, self._stats)

    async def _hand_over(self, slot: Slot, desk: Desk[Any]) -> None:
        if desk.intake.idle:
            return await desk.save()
        batch = Batch(slot.topic, desk)
        self.ready.append(batch)
        self.news.set()
        await batch.handled.wait()
        return None


def _status_by_id(rows: Iterable[Any]) -> dict[str, Any]:
    """Return what each sequence's status is; a list that cannot be read drops nothing.

    Raises:
        DecodeError: A row is no sequence.
    """
    try:
        status = {row["id"]: row.get("status") for row in rows}
    except (TypeError, LookupError, AttributeError):
        status = {"": None}
    if not all(isinstance(sequence_id, str) and is_id(sequence_id) for sequence_id in status):
        raise DecodeError("unreadable list of sequences: a row without an id")
    return status


def _moment(saved: str) -> datetime:
    try:
        moment = datetime.fromisoformat(saved)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CursorError(
            f"the store's {START_KEY!r} is no moment in time. Restore it from a backup, or delete it: sequences "
            "without a cursor of their own then start anew from NOW."
        )
    return moment
