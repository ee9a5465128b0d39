"""What happens in the demo, and when: a thousand people go through a sequence of three emails in a week.

The sandbox's clock moves only while every feed of the consumer waits for its next poll. So the feeds keep the pace
that they have in real life, and each poll sees the rows that it would see there.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from impactive_async import AsyncClient, ContactDraft
from impactive_async.cli.demo.process import ConsumerProcess, Message
from impactive_async.cli.demo.reconcile import Deliveries, Reconciliation, emitted
from impactive_async.cli.demo.replies import ReplyHandler
from impactive_async.cli.demo.screen import DemoProgress, Screen
from impactive_async.sandbox import Sandbox

START: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""A Monday morning."""
END: Final = START + timedelta(days=6)
"""The last email is sent on Friday, and the last reply comes a day and a half later."""
WAVES: Final = 12
"""How many groups of people are enrolled. With ten, a page would have exactly 100 rows, and a feed would report a
possible gap (A7)."""
WAVE_EVERY: Final = timedelta(minutes=30)
OUTAGE: Final = timedelta(hours=1)
STUCK_AFTER: Final = 2.75
"""The consumer hangs after so many rows for each person: in the middle of Wednesday's emails."""

_MOMENT: Final = timedelta(seconds=1)
_ROUNDED_OFF: Final = timedelta(milliseconds=1)
"""What a time may lose on its way through JSON as a float."""

Action = Callable[[], Awaitable[None]]


@attrs.define
class PlannedActions:
    """The planned actions, in order of time."""

    _actions: list[tuple[datetime, int, Action]] = attrs.field(factory=list)
    _serial: itertools.count[int] = attrs.field(factory=itertools.count)

    def add(self, moment: datetime, action: Action) -> None:
        """Plan an action."""
        heapq.heappush(self._actions, (moment, next(self._serial), action))

    def next(self) -> datetime | None:
        """Return when the next action is due, or `None`."""
        return self._actions[0][0] if self._actions else None

    def due(self, now: datetime) -> Iterator[Action]:
        """Yield the actions that are due, and remove them."""
        while self._actions and self._actions[0][0] <= now:
            yield heapq.heappop(self._actions)[2]


@attrs.define(kw_only=True)
class Scenario:
    """The week of the demo.

    Attributes:
        sandbox: The workspace. Its clock stands at `START`.
        crm: The client of the demo's program.
        sequence_id: The sequence. Nobody is on it yet.
        people: The contacts by id, in the order in which they are enrolled.
        store: The file of the consumer's cursors.
        screen: Writes what happens.
        deliveries: The rows that the consumer has handled.
    """

    sandbox: Sandbox
    crm: AsyncClient
    sequence_id: str
    people: Mapping[str, ContactDraft]
    store: Path
    screen: Screen
    deliveries: Deliveries = attrs.field(init=False, factory=Deliveries)
    _reply_handler: ReplyHandler = attrs.field(init=False)
    _planned: PlannedActions = attrs.field(init=False, factory=PlannedActions)
    _consumer: ConsumerProcess | None = attrs.field(init=False, default=None)
    _alarm: datetime | None = attrs.field(init=False, default=None)
    _unanswered: list[Message] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self._reply_handler = ReplyHandler(self.crm, self.sequence_id, self.people)

    async def run(self) -> list[Reconciliation]:
        """Run the week. Return the totals of each kind of row.

        Raises:
            ConsumerDiedError: The consumer ended by itself.
        """
        self._plan_enrollments()
        try:
            await self._start_consumer(stuck_after=int(STUCK_AFTER * len(self.people)))
            self.screen.tell(START, f"a consumer {self._process} follows enrollments, sends and replies")
            while self._now < END:
                await self._step()
            await self._end_consumer()
        finally:
            await self._kill()
        await self._fetch_hidden_replies()
        return self._totals()

    # Time.

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now()

    async def _step(self) -> None:
        """Read what the consumer handled, react to replies, and move the clock to what comes next."""
        await self._listen()
        await self._react()
        await self.sandbox.clock.advance_to(min(filter(None, (self._alarm, self._planned.next(), END))))
        for action in self._planned.due(self._now):
            await action()
        if self._consumer is not None and self._alarm is not None and self._alarm <= self._now:
            self._alarm = None
            self._consumer.send_time(self._now)
        self.screen.update(self._progress)

    def _progress(self) -> DemoProgress:
        return DemoProgress(now=self._now, share=(self._now - START) / (END - START), totals=self._totals())

    def _totals(self) -> list[Reconciliation]:
        return self.deliveries.compare(emitted(self.sandbox.state, self.sequence_id))

    # The people.

    def _plan_enrollments(self) -> None:
        ids, size = list(self.people), -(-len(self.people) // WAVES)
        for number in range(WAVES):
            wave = ids[number * size : (number + 1) * size]
            self._planned.add(START + _MOMENT + WAVE_EVERY * number, partial(self._enroll, wave))
        self.screen.tell(START, f"people are enrolled, {size} every {WAVE_EVERY.seconds // 60} minutes")

    async def _enroll(self, wave: Sequence[str]) -> None:
        (await self.crm.sequences.enroll_many(self.sequence_id, wave)).raise_for_failures()
        await self.sandbox.clock.advance(_MOMENT)  # the first emails are sent before the next poll

    async def _react(self) -> None:
        replies, self._unanswered = self._unanswered, []
        for reply in replies:
            async for what in self._reply_handler.react(reply["contact"], reply["text"], self._now):
                self.screen.tell(self._now, what)

    async def _fetch_hidden_replies(self) -> None:
        """Fetch the replies of the unenrolled contact, which only the contact's own list still has."""
        if self._reply_handler.unenrolled is not None:
            for reply in await self.crm.contacts.replies(self._reply_handler.unenrolled):
                if not self.deliveries.has("replies", reply.id):
                    self.deliveries.record("replies", reply.id)

    # The consumer.

    @property
    def _process(self) -> str:
        return f"(process {self._consumer.pid})" if self._consumer is not None else ""

    async def _start_consumer(self, *, stuck_after: int = 0) -> None:
        self._consumer = await ConsumerProcess.start(
            url=self.sandbox.url,
            api_key=self.sandbox.api_key,
            sequence_id=self.sequence_id,
            store=self.store,
            now=self._now,
            stuck_after=stuck_after,
        )

    async def _listen(self) -> None:
        """Read the consumer's messages until it sleeps. Read nothing if it sleeps already, or is not running."""
        if self._consumer is None or self._alarm is not None:
            return
        async for message in self._consumer.messages():
            if "row" in message:
                self._receive(message)
            elif "gap" in message:
                self._note_gap(message)
            elif "asleep_until" in message:
                self._alarm = datetime.fromtimestamp(message["asleep_until"], UTC) + _ROUNDED_OFF
                return
            elif "stuck" in message:
                await self._kill_consumer()
                return

    def _receive(self, message: Message) -> None:
        if self.deliveries.record(message["row"], message["key"]) and message["row"] == "replies":
            self._unanswered.append(message)

    def _note_gap(self, message: Message) -> None:
        self.deliveries.gaps += 1
        self.screen.tell(
            self._now,
            f"the feed {message['gap']} reports: rows may be missing ({message['kind']})",
            style="yellow",
        )

    async def _kill_consumer(self) -> None:
        self.screen.tell(
            self._now,
            f"the consumer {self._process} hangs in the middle of a page: killed (SIGKILL), nothing saved",
            style="bold red",
        )
        await self._kill()
        self._planned.add(self._now + OUTAGE, self._restart_consumer)

    async def _kill(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.kill()

    async def _restart_consumer(self) -> None:
        self.deliveries.begin_process()
        await self._start_consumer()
        self.screen.tell(
            self._now,
            f"a new consumer {self._process} goes on from {self.store.name}",
            style="bold green",
        )

    async def _end_consumer(self) -> None:
        if self._consumer is not None:
            await self._listen()
            self._consumer.end()
            self._alarm = None
            await self._listen()
