"""What happens in the demo, and when: a week in which a thousand people go through a sequence of three emails.

The sandbox's clock moves only while every feed of the consumer waits for its next poll. So the feeds poll at the
pace they would keep in real life, and each poll sees what it would have seen then.
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
from impactive_async.cli.demo.process import ConsumerProcess, Fact
from impactive_async.cli.demo.reactions import Reactions
from impactive_async.cli.demo.reconcile import Account, Ledger, emitted
from impactive_async.cli.demo.screen import Screen, Standing
from impactive_async.sandbox import Sandbox

START: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""A Monday morning."""
END: Final = START + timedelta(days=6)
"""All has been sent by Friday, and answered a day and a half later."""
WAVES: Final = 12
"""Not ten: a first page of exactly 100 rows might be a cut one, and the feed would say so (A7)."""
WAVE_EVERY: Final = timedelta(minutes=30)
OUTAGE: Final = timedelta(hours=1)
STUCK_AFTER: Final = 2.75
"""Rows per person: in the middle of Wednesday's emails."""

_MOMENT: Final = timedelta(seconds=1)

_ROUNDED_OFF: Final = timedelta(milliseconds=1)

Act = Callable[[], Awaitable[None]]


@attrs.define
class Agenda:
    """What is planned, in order of time."""

    _acts: list[tuple[datetime, int, Act]] = attrs.field(factory=list)
    _serial: itertools.count[int] = attrs.field(factory=itertools.count)

    def add(self, moment: datetime, act: Act) -> None:
        """Plan an act."""
        heapq.heappush(self._acts, (moment, next(self._serial), act))

    def next(self) -> datetime | None:
        """When the next act is due."""
        return self._acts[0][0] if self._acts else None

    def due(self, now: datetime) -> Iterator[Act]:
        """Take out what is due."""
        while self._acts and self._acts[0][0] <= now:
            yield heapq.heappop(self._acts)[2]


@attrs.define(kw_only=True)
class Story:
    """One telling.

    Attributes:
        sandbox: Where it happens; its clock stands at `START`.
        crm: The client of the program that the demo plays.
        sequence_id: The sequence, with nobody on it yet.
        people: The contacts by id, in the order in which they are enrolled.
        store: The consumer's cursors.
        screen: Who is told.
        ledger: What arrived.
    """

    sandbox: Sandbox
    crm: AsyncClient
    sequence_id: str
    people: Mapping[str, ContactDraft]
    store: Path
    screen: Screen
    ledger: Ledger = attrs.field(init=False, factory=Ledger)
    _reactions: Reactions = attrs.field(init=False)
    _agenda: Agenda = attrs.field(init=False, factory=Agenda)
    _consumer: ConsumerProcess | None = attrs.field(init=False, default=None)
    _alarm: datetime | None = attrs.field(init=False, default=None)
    _unanswered: list[Fact] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self._reactions = Reactions(self.crm, self.sequence_id, self.people)

    async def tell(self) -> list[Account]:
        """Tell it from beginning to end; returns the books.

        Raises:
            ConsumerDiedError: The consumer ended although nobody killed it.
        """
        self._plan_the_waves()
        try:
            await self._start_consumer(stuck_after=int(STUCK_AFTER * len(self.people)))
            self.screen.tell(START, f"a consumer {self._process} follows enrollments, sends and replies")
            while self._now < END:
                await self._live_on()
            await self._end_consumer()
        finally:
            await self._kill()
        await self._ask_for_hidden_replies()
        return self._accounts()

    # Time.

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now()

    async def _live_on(self) -> None:
        """Hear what the consumer handled, react, and move on to whatever comes next."""
        await self._listen()
        await self._react()
        await self.sandbox.clock.advance_to(min(filter(None, (self._alarm, self._agenda.next(), END))))
        for act in self._agenda.due(self._now):
            await act()
        if self._consumer is not None and self._alarm is not None and self._alarm <= self._now:
            self._alarm = None
            self._consumer.tell(self._now)
        self.screen.update(self._standing)

    def _standing(self) -> Standing:
        return Standing(now=self._now, share=(self._now - START) / (END - START), accounts=self._accounts())

    def _accounts(self) -> list[Account]:
        return self.ledger.settle(emitted(self.sandbox.state, self.sequence_id))

    # The people.

    def _plan_the_waves(self) -> None:
        ids, size = list(self.people), -(-len(self.people) // WAVES)
        for number in range(WAVES):
            wave = ids[number * size : (number + 1) * size]
            self._agenda.add(START + _MOMENT + WAVE_EVERY * number, partial(self._enroll, wave))
        self.screen.tell(START, f"people are enrolled, {size} every {WAVE_EVERY.seconds // 60} minutes")

    async def _enroll(self, wave: Sequence[str]) -> None:
        (await self.crm.sequences.enroll_many(self.sequence_id, wave)).raise_for_failures()
        await self.sandbox.clock.advance(_MOMENT)  # the first email goes out before anybody looks

    async def _react(self) -> None:
        replies, self._unanswered = self._unanswered, []
        for reply in replies:
            async for deed in self._reactions.react(reply["contact"], reply["text"], self._now):
                self.screen.tell(self._now, deed)

    async def _ask_for_hidden_replies(self) -> None:
        """A sequence does not list the replies of contacts that left it; their own lists do."""
        if self._reactions.unenrolled is not None:
            for reply in await self.crm.contacts.replies(self._reactions.unenrolled):
                if not self.ledger.knows("replies", reply.id):
                    self.ledger.enter("replies", reply.id)

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
        """Take in what the consumer says until it sleeps. Nothing, if it sleeps already or there is none."""
        if self._consumer is None or self._alarm is not None:
            return
        async for fact in self._consumer.facts():
            if "row" in fact:
                self._take_in(fact)
            elif "gap" in fact:
                self._note_gap(fact)
            elif "asleep_until" in fact:
                self._alarm = datetime.fromtimestamp(fact["asleep_until"], UTC) + _ROUNDED_OFF
                return
            elif "stuck" in fact:
                await self._kill_consumer()
                return

    def _take_in(self, fact: Fact) -> None:
        if self.ledger.enter(fact["row"], fact["key"]) and fact["row"] == "replies":
            self._unanswered.append(fact)

    def _note_gap(self, fact: Fact) -> None:
        self.ledger.gaps += 1
        self.screen.tell(
            self._now, f"the feed {fact['gap']} reports: rows may be missing ({fact['kind']})", style="yellow"
        )

    async def _kill_consumer(self) -> None:
        self.screen.tell(
            self._now,
            f"the consumer {self._process} hangs in the middle of a page: killed (SIGKILL), nothing saved",
            style="bold red",
        )
        await self._kill()
        self._agenda.add(self._now + OUTAGE, self._restart_consumer)

    async def _kill(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.kill()

    async def _restart_consumer(self) -> None:
        self.ledger.begin_new_life()
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
