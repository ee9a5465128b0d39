"""The sandbox in which sequences are simulated: copies of sequences and people, and a clock that is run.

The sandbox is in memory and listens on no port. Somebody who is on a sequence already is enrolled, at the moment
their next mail is due, on a copy that has only the steps that are left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

import attrs

from impactive_async.models import Sequence as EmailSequence
from impactive_async.sandbox import Sandbox

_AT_ONCE: Final = 256
"""How many people are enrolled before other tasks of the event loop get a turn."""


@attrs.frozen(kw_only=True)
class SequenceStart:
    """Somebody who begins to get mails of a sequence.

    Attributes:
        at: When.
        person: Their place among the people.
        sequence: The sequence, with its steps.
        first_step: The position of the first step that they get.
        waits: Whether they wait for that step as long as it says. Those who are on the sequence already do not.
    """

    at: datetime
    person: int
    sequence: EmailSequence
    first_step: int = 0
    waits: bool = True

    @property
    def delays(self) -> Iterator[int]:
        """Days before each mail that is left, from the one before."""
        for place, step in enumerate((self.sequence.steps or ())[self.first_step :]):
            yield (step.delay_days or 0) if place or self.waits else 0


@attrs.frozen(kw_only=True)
class SimulatedMail:
    """A mail that went out in the sandbox."""

    at: datetime
    person: int
    sequence: EmailSequence
    step: int


@attrs.define
class _Copies:
    """A sandbox, and what its rows stand for."""

    sandbox: Sandbox
    days: int
    people: dict[str, int] = attrs.field(factory=dict)
    copies: dict[tuple[str, int, bool], str] = attrs.field(factory=dict)
    starts: dict[str, SequenceStart] = attrs.field(factory=dict)
    """By the copy of a sequence, one of those who are on it."""

    def copy_of(self, start: SequenceStart) -> str:
        """Return the copy for those who begin with the same step, and make it if there is none."""
        key = (start.sequence.id, start.first_step, start.waits)
        if key not in self.copies:
            delays = list(_within(start.delays, self.days))
            self.copies[key] = self.sandbox.state.create_sequence("copy", delays).id
            self.starts[self.copies[key]] = start
        return self.copies[key]

    def mails(self) -> Iterator[SimulatedMail]:
        """Return what went out, in order."""
        state = self.sandbox.state
        steps = {
            step.id: start.first_step + place
            for copy, start in self.starts.items()
            for place, step in enumerate(state.steps(copy))
        }
        for send in state.sends:
            yield SimulatedMail(
                at=send.email_date,
                person=self.people[send.contact_id],
                sequence=self.starts[send.sequence_id].sequence,
                step=steps[send.sequence_step_id],
            )


async def simulate(
    starts: Sequence[SequenceStart], addresses: Sequence[str | None], begin: datetime, end: datetime
) -> list[SimulatedMail]:
    """Enroll everybody at their moment, run the clock to the end, and return the mails in order.

    Args:
        starts: Who begins with what. None is earlier than the clock begins.
        addresses: The addresses of all people. Nobody writes to who has none.
        begin: Where the clock begins.
        end: How far it runs.
    """
    sandbox = Sandbox(
        "rehearsal", now=begin, populate=False, reply_rate=0, control=False, stored_precision="microseconds"
    )
    copies = _Copies(sandbox, (end - begin).days + 1)
    contacts = [sandbox.state.create_contact("", "", email=address).id for address in addresses]
    copies.people = {contact: place for place, contact in enumerate(contacts)}
    for at, group in groupby(sorted(starts, key=lambda one: one.at), key=lambda one: one.at):
        if at > end:
            break
        await sandbox.clock.advance_to(at)
        for place, one in enumerate(group, 1):
            sandbox.state.enroll(copies.copy_of(one), [contacts[one.person]])
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
    await sandbox.clock.advance_to(end)
    return list(copies.mails())


def _within(delays: Iterator[int], days: int) -> Iterator[int]:
    """Return the delays up to the first mail that is too late in any case: no calendar holds some sums."""
    passed = 0
    for delay in delays:
        passed += max(delay, 0)
        if passed > days:
            return
        yield max(delay, 0)
