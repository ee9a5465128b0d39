"""The mails of a rehearsal: what was played, with texts, addresses and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

import attrs

from impactive_async.models import SendingAccount
from impactive_async.rehearsal import warnings
from impactive_async.rehearsal.placeholders import fill, values_of
from impactive_async.rehearsal.result import RehearsedMail
from impactive_async.rehearsal.simulation import PlayedMail
from impactive_async.rehearsal.workspace import WorkspaceFacts


def mails_of(played: Iterable[PlayedMail], facts: WorkspaceFacts, zone: tzinfo | None) -> list[RehearsedMail]:
    """Return the mails as their readers would get them, with their warnings.

    Args:
        played: What went out in the sandbox.
        facts: Who reads it, and who sends it.
        zone: The zone whose days count; `None`: the machine's.
    """
    writer = _MailWriter(facts, zone)
    mails = [writer.write(one) for one in played]
    days = warnings.by_day(mails)
    return [
        attrs.evolve(mail, warnings=tuple(warnings.of_mail(mail, days[warnings.day_of(mail)]))) for mail in mails
    ]


@attrs.define
class _MailWriter:
    facts: WorkspaceFacts
    zone: tzinfo | None
    _values: dict[tuple[int, str | None], dict[str, str]] = attrs.field(init=False, factory=dict)

    def write(self, mail: PlayedMail) -> RehearsedMail:
        """Return a mail without its warnings."""
        one, step = self.facts.people[mail.person], (mail.sequence.steps or ())[mail.step]
        account = self.facts.account_of(mail.sequence)
        values = self._values_for(mail.person, account)
        subject, body = fill(step.subject or "", values), fill(step.body or "", values)
        return RehearsedMail(
            at=mail.at.astimezone(self.zone),
            person=mail.person,
            contact_id=one.contact_id,
            name=one.name,
            to=one.email or "",
            step=mail.step,
            step_id=step.id,
            sequence_id=mail.sequence.id,
            sequence_name=mail.sequence.name,
            from_address=None if account is None else account.from_email,
            subject=subject.text,
            body=body.text,
            unfilled=tuple(dict.fromkeys((*subject.unfilled, *body.unfilled))),
        )

    def _values_for(self, person: int, account: SendingAccount | None) -> dict[str, str]:
        row, key = self.facts.people[person].row, (person, None if account is None else account.id)
        if key not in self._values:
            self._values[key] = {} if row is None else values_of(row, account)
        return self._values[key]
