"""`crm.watch`: the whole workspace as one stream: any number of feeds, one schedule, one limit."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from types import TracebackType
from typing import Any, Self

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.errors import APIError, NotFoundError
from impactive_async.feeds.desk import Desk, FeedStats
from impactive_async.feeds.feed import after_error
from impactive_async.feeds.intake import Intake, open_cursor
from impactive_async.feeds.pace import Pace, first_poll
from impactive_async.feeds.rules import NOW
from impactive_async.feeds.source import FeedOptions, Source

_log = logging.getLogger("impactive_async.feed")


@attrs.frozen(kw_only=True)
class Event:
    """A new row, or a new version of one, somewhere in the workspace.

    Attributes:
        kind: `enrollments`, `sends`, `replies`, `companies`, `contacts`, `deals`, `invoices`, `projects` or
            `bookings`.
        sequence_id: The sequence, for the first three.
        row: The row, of the class that belongs to the kind.
        key: The same for the same version of the same row, whenever it is delivered: for de-duplication after a
            crash.
    """

    kind: str
    sequence_id: str | None
    row: Any
    key: str


@attrs.frozen
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
        sequences: Fetches the raw list of sequences; `None` if no kind needs it.
    """

    source: Callable[[Topic], Source[Any]]
    topics: Collection[Topic]
    per_sequence: Collection[str]
    sequences: Callable[[], Awaitable[Answer[list[Any]]]]


class Slot:
    """A feed at rest: as little as ten thousand of them may hold."""

    __slots__ = ("dropped", "opened", "options", "pace", "saved", "topic")

    def __init__(self, topic: Topic, options: FeedOptions, pace: Pace) -> None:
        self.topic = topic
        self.options = options
        self.pace = pace
        self.saved: str | None = None
        self.opened = False
        self.dropped = False


class Schedule:
    """One heap instead of a sleeping task per feed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Slot]] = []
        self._number = itertools.count()
        self._turn = asyncio.Lock()
        self._sooner = asyncio.Event()

    def add(self, slot: Slot, seconds: float) -> None:
        """Put a feed's next poll `seconds` from now."""
        entry = (self._clock.monotonic() + seconds, next(self._number), slot)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._sooner.set()

    async def next(self) -> Slot:
        """Wait for the feed that is due first, and take it out."""
        async with self._turn:
            while True:
                self._sooner.clear()
                left = self._heap[0][0] - self._clock.monotonic() if self._heap else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._heap)[2]
                await self._wait(left)

    async def _wait(self, seconds: float | None) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._sooner.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(_as_task(self._clock.sleep(seconds))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


async def _as_task(waiting: Awaitable[None]) -> None:
    await waiting


class WorkspaceWatch:
    """The stream that `crm.watch` returns: `async with crm.watch(...) as events: async for event in events: ...`.

    An event counts as handled when the next one is asked for. Feeds whose events wait are not polled meanwhile, so
    a slow consumer holds up the polling rather than filling the memory.
    """

    def __init__(self, catalogue: Catalogue, options: FeedOptions, *, clock: Clock, concurrency: int) -> None:
        self._catalogue = catalogue
        self._options = options
        self._clock = clock
        self._concurrency = concurrency
        self._slots: dict[Topic, Slot] = {}
        self._schedule = Schedule(clock)
        self._ready: asyncio.Queue[tuple[Slot, Desk[Any]]] = asyncio.Queue(maxsize=concurrency)
        self._current: tuple[Slot, Desk[Any]] | None = None
        self._runner: asyncio.Task[None] | None = None
        self.stats = FeedStats()

    @property
    def feeds(self) -> int:
        """How many lists are being followed."""
        return len(self._slots)

    # -- the consumer's side -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._runner = asyncio.create_task(self._run(), name="impactive_async workspace watch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop polling and save what was handled. What is still in the consumer's hands comes again."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
        current, self._current = self._current, None
        if current is not None:
            await current[1].save()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._runner is None:
            raise RuntimeError("this stream is not open: use `async with crm.watch(...) as events`")
        if self._current is not None:
            self._current[1].finish()
        while True:
            slot, desk = self._current = self._current or await self._next_ready(self._runner)
            row = await desk.next()
            if row is not None:
                return _event(slot.topic, desk, row)
            self._current = None
            self._rest(slot, desk)

    async def _next_ready(self, runner: asyncio.Task[None]) -> tuple[Slot, Desk[Any]]:
        if not self._ready.empty():
            return self._ready.get_nowait()
        getting = asyncio.ensure_future(self._ready.get())
        try:
            await asyncio.wait((getting, runner), return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            runner.result()  # raises what ended it
            raise StopAsyncIteration
        finally:
            getting.cancel()

    # -- the polling side --------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                self._add(self._catalogue.topics, self._options)
                if self._catalogue.per_sequence:
                    tasks.create_task(self._discover())
                for _ in range(self._concurrency):
                    tasks.create_task(self._poll())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _discover(self) -> None:
        """Add the feeds of new sequences, and drop those of archived and deleted ones, for ever."""
        pace, options = self._options.pace(cap=None), self._options
        while True:
            try:
                answer = await self._catalogue.sequences()
            except APIError as error:
                wait = after_error(error, "sequences", pace, self.stats)
            else:
                self._reconcile(answer.value, options)
                if options.since is NOW and answer.server_time is not None:
                    # What appears later has no history: all of it came after this moment.
                    options = attrs.evolve(options, since=answer.server_time)
                wait = self._options.interval
            await self._clock.sleep(wait)

    def _reconcile(self, sequences: Iterable[Any], options: FeedOptions) -> None:
        live = {row["id"] for row in sequences if row.get("status") != "archived"}
        for topic in [t for t in self._slots if t.sequence_id is not None and t.sequence_id not in live]:
            self._drop(topic)
        topics = (Topic(kind, sequence_id) for sequence_id in live for kind in self._catalogue.per_sequence)
        self._add([topic for topic in topics if topic not in self._slots], options)

    def _add(self, topics: Collection[Topic], options: FeedOptions) -> None:
        for index, topic in enumerate(topics):
            slot = self._slots[topic] = Slot(topic, options, options.pace_of(self._catalogue.source(topic)))
            self._schedule.add(slot, first_poll(index, len(topics), self._options.interval))

    def _drop(self, topic: Topic) -> None:
        self._slots.pop(topic).dropped = True

    async def _poll(self) -> None:
        while True:
            slot = await self._schedule.next()
            if not slot.dropped:
                await self._poll_one(slot)

    async def _poll_one(self, slot: Slot) -> None:
        source = self._catalogue.source(slot.topic)
        desk = await self._open(slot, source)
        try:
            await desk.intake.fetch()
        except NotFoundError:
            if slot.topic.sequence_id is None:
                raise
            _log.warning("%s: the sequence is gone; its feeds are dropped", source.name)
            self._slots.pop(slot.topic, None)
        except APIError as error:
            self._schedule.add(slot, after_error(error, source.name, slot.pace, self.stats))
        else:
            self.stats.polls += 1
            await self._hand_over(slot, desk)

    async def _open(self, slot: Slot, source: Source[Any]) -> Desk[Any]:
        if not slot.opened and self._options.store is not None:
            slot.saved = await self._options.store.load(slot.options.key_of(source))
        slot.opened = True
        intake = Intake(source, open_cursor(source, slot.options, slot.saved))
        return Desk(source, slot.options, intake, self.stats)

    async def _hand_over(self, slot: Slot, desk: Desk[Any]) -> None:
        if desk.intake.idle:
            await desk.save()
            self._rest(slot, desk)
        else:
            await self._ready.put((slot, desk))

    def _rest(self, slot: Slot, desk: Desk[Any]) -> None:
        """Fold a feed whose page is handled into its saved form until its next poll."""
        slot.saved = desk.intake.cursor.dumps()
        if not slot.dropped:
            self._schedule.add(slot, slot.pace.after_page(desk.intake.fresh, self._clock.monotonic()))


def _event(topic: Topic, desk: Desk[Any], row: Any) -> Event:
    return Event(kind=topic.kind, sequence_id=topic.sequence_id, row=row, key=desk.intake.key)
