"""The mails of a rehearsal: what was simulated, with texts, addresses and warnings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Final, TypeVar

import attrs

from impactive_async.models import SendingAccount
from impactive_async.rehearsal import warnings
from impactive_async.rehearsal.placeholders import Filled, MailTemplate, read_template, values_of
from impactive_async.rehearsal.result import RehearsedMail
from impactive_async.rehearsal.sent import SentMail
from impactive_async.rehearsal.simulation import SimulatedMail
from impactive_async.rehearsal.workspace import WorkspaceFacts

T = TypeVar("T")

_AT_ONCE: Final = 256


async def mails_of(
    simulated: Iterable[SimulatedMail], facts: WorkspaceFacts, zone: tzinfo | None, sent: Sequence[SentMail]
) -> list[RehearsedMail]:
    """Return the mails as their readers would get them, with their warnings.

    Args:
        simulated: What went out in the sandbox.
        facts: Who reads it, and who sends it.
        zone: The zone whose days count; `None`: the machine's.
        sent: What went out on the first day, before the start.
    """
    writer = _MailWriter(facts, zone)
    mails = [writer.write(one) async for one in _in_turns(simulated)]
    days = warnings.by_day([*mails, *sent])
    return [
        attrs.evolve(mail, warnings=tuple(warnings.of_mail(mail, days[warnings.day_of(mail)])))
        async for mail in _in_turns(mails)
    ]


async def _in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield everything, and give other tasks of the event loop a turn now and then."""
    for place, item in enumerate(items, 1):
        yield item
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)


@attrs.define
class _MailWriter:
    facts: WorkspaceFacts
    zone: tzinfo | None
    _templates: dict[str, MailTemplate] = attrs.field(init=False, factory=dict)
    _values: dict[tuple[int, str | None], dict[str, str]] = attrs.field(init=False, factory=dict)

    def write(self, mail: SimulatedMail) -> RehearsedMail:
        """Return a mail without its warnings."""
        one, step = self.facts.people[mail.person], (mail.sequence.steps or ())[mail.step]
        account = self.facts.account_of(mail.sequence)
        values = self._values_for(mail.person, account)
        subject, body = self._filled(step.subject or "", values), self._filled(step.body or "", values)
        return RehearsedMail(
            at=mail.at.astimezone(self.zone),
            person=mail.person,
            contact_id=one.contact_id,
            name=one.name,
            to=one.email or "",
            step=mail.step,
            step_id=step.id or None,
            sequence_id=mail.sequence.id or None,
            sequence_name=mail.sequence.name,
            from_address=None if account is None else account.from_email,
            subject=subject.text,
            body=body.text,
            unfilled=tuple(dict.fromkeys((*subject.unfilled, *body.unfilled))),
        )

    def _filled(self, text: str, values: Mapping[str, str]) -> Filled:
        if text not in self._templates:
            self._templates[text] = read_template(text)
        return self._templates[text].fill(values)

    def _values_for(self, person: int, account: SendingAccount | None) -> dict[str, str]:
        row, key = self.facts.people[person].row, (person, None if account is None else account.id)
        if key not in self._values:
            self._values[key] = {} if row is None else values_of(row, account)
        return self._values[key]
