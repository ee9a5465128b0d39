"""`rehearse`: from a sequence and people to the mails that would go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from impactive_async._checks import check_positive
from impactive_async._codec.scalars import read_moment
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Sequence as EmailSequence
from impactive_async.rehearsal.draft import SequenceDraft
from impactive_async.rehearsal.mails import mails_of
from impactive_async.rehearsal.people import Asked, Somebody, asked_for
from impactive_async.rehearsal.result import PersonOutcome, Rehearsal, RehearsedMail, RehearsedPerson
from impactive_async.rehearsal.sent import sent_before
from impactive_async.rehearsal.simulation import SequenceStart, simulate
from impactive_async.rehearsal.warnings import PeopleWarnings, of_sequence
from impactive_async.rehearsal.workspace import Membership, WorkspaceFacts, is_sending, read_workspace
from impactive_async.rehearsal.zones import name_of_zone, named_zone, zone_of

if TYPE_CHECKING:
    from impactive_async.client import AsyncClient

MOST_DAYS: Final = 3650


async def rehearse(
    crm: AsyncClient,
    sequence: str | EmailSequence | SequenceDraft,
    people: Iterable[Asked],
    *,
    days: float,
    start: datetime | str | None,
    zone: str | tzinfo | None,
    elsewhere: bool,
) -> Rehearsal:
    """See `AsyncClient.rehearse`."""
    asked, length, local, begin = asked_for(people), _length(days), named_zone(zone), _begin(start)
    facts = await read_workspace(crm, sequence, asked, elsewhere=elsewhere)
    local, end = local or zone_of(facts.sequence), begin + length
    starts = list(_starts(facts, begin))
    simulated = await simulate(starts, [one.email for one in facts.people], begin, end)
    sent, unread = await sent_before(crm, facts, begin, local)
    mails, own_id = await mails_of(simulated, facts, local, sent), facts.sequence.id or None
    own = tuple(mail for mail in mails if mail.sequence_id == own_id)
    return Rehearsal(
        sequence_id=own_id,
        sequence_name=facts.sequence.name,
        steps=_steps(facts.sequence),
        starts_at=begin.astimezone(local),
        ends_at=end.astimezone(local),
        zone=name_of_zone(local, begin),
        people=tuple(_people(facts, own, PeopleWarnings(facts, local))),
        mails=own,
        elsewhere=tuple(mail for mail in mails if mail.sequence_id != own_id),
        later=_due(facts, starts) - len(own),
        warnings=(*of_sequence(facts.sequence), *facts.unchecked, *unread),
    )


def _length(days: float) -> timedelta:
    number = check_positive(days, "days", "days")
    if number > MOST_DAYS:
        raise InvalidArgumentError(f"days is at most {MOST_DAYS}, not {days!r}")
    return timedelta(days=number)


def _begin(start: datetime | str | None) -> datetime:
    if start is None:
        return datetime.now(UTC).replace(microsecond=0)
    return read_moment(start, "start").astimezone(UTC)


def _starts(facts: WorkspaceFacts, start: datetime) -> Iterator[SequenceStart]:
    """Return who begins with what: first of this sequence, in the order of the people, then of the others."""
    there = {one.person: one for one in facts.own if one.is_own}
    for place, one in enumerate(facts.people):
        if one.row is not None and place in there:
            yield from _goes_on(there[place], start)
        elif one.row is not None:
            yield SequenceStart(at=start, person=place, sequence=facts.sequence)
    once = {one.enrollment.id: one for one in reversed(facts.others)}  # several people may share its address
    for membership in reversed(once.values()):
        if is_sending(membership.sequence):
            yield from _goes_on(membership, start)


def _goes_on(membership: Membership, start: datetime) -> Iterator[SequenceStart]:
    due, step = membership.enrollment.next_send_at, membership.enrollment.current_step or 0
    if membership.is_active and due is not None and 0 <= step < _steps(membership.sequence):
        yield SequenceStart(
            at=max(start, due.astimezone(UTC)),
            person=membership.person,
            sequence=membership.sequence,
            first_step=step,
            waits=False,
        )


def _people(
    facts: WorkspaceFacts, mails: Sequence[RehearsedMail], warnings: PeopleWarnings
) -> Iterator[RehearsedPerson]:
    there = {one.enrollment.contact_id for one in facts.own}
    numbers = Counter(mail.person for mail in mails)
    for place, one in enumerate(facts.people):
        yield RehearsedPerson(
            contact_id=one.contact_id,
            name=one.name,
            email=one.email,
            outcome=_outcome(one, there),
            mails=numbers[place],
            warnings=warnings.of(place),
        )


def _outcome(one: Somebody, there: set[str]) -> PersonOutcome:
    if one.row is None:
        return PersonOutcome.NOT_FOUND
    return PersonOutcome.ALREADY_ENROLLED if one.contact_id in there else PersonOutcome.ENROLLED


def _due(facts: WorkspaceFacts, starts: Iterable[SequenceStart]) -> int:
    """Return how many mails of the sequence are ahead in all, of those who have an address."""
    reached = (one for one in starts if facts.people[one.person].email is not None)
    return sum(_steps(facts.sequence) - one.first_step for one in reached if one.sequence.id == facts.sequence.id)


def _steps(sequence: EmailSequence) -> int:
    return len(sequence.steps or ())
