"""What became of the people on a sequence, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as Listed
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from impactive_async import AsyncClient, RowList
from impactive_async.models import Booking, Enrollment, Reply, Send, Sequence
from impactive_async.reports.recipients import Recipient, median, recipients_of
from impactive_async.reports.words import moment


@attrs.frozen(kw_only=True)
class StepFunnel:
    """What one email of a sequence brought. Each person is counted once in each figure.

    A reply belongs to the last email before it, and so does a booking.

    Attributes:
        step_id: The step; `None`: the steps that the sequence has no more.
        position: From 0; `None`: the sequence has it no more.
        subject: The subject of the step as it is now.
        delay_days: Days after the previous email.
        sent: People who got the email.
        replied: People whose first reply came after this email and before the next one.
        booked: People whose first booking was made after this email and before the next one.
        time_to_reply: The median time from this email to those replies; `None`: there are none.
    """

    step_id: str | None
    position: int | None
    subject: str | None
    delay_days: int | None
    sent: int
    replied: int
    booked: int
    time_to_reply: timedelta | None


@attrs.frozen(kw_only=True)
class SequenceReport:
    """What became of the people on a sequence. Each person is counted once in each figure.

    Attributes:
        sequence_id: The id of the sequence.
        name: Its name.
        status: Its status.
        at: When the report was made.
        enrolled: People who are on the sequence, or were as its emails show.
        sent: People who got an email of it.
        replied: People who answered one.
        booked: People with a booking that was made after one, and is not cancelled.
        time_to_reply: The median time from an email to a person's first reply; `None`: there is no reply.
        emails_since: The API shows only the emails from this moment on, and `sent`, `replied` and `booked` are of
            these; `None`: it shows all of them.
        statuses: How many are on the sequence now, by status.
        steps: The steps in order, and at the end those that the sequence has no more, if emails show them.
        missing: What the figures leave out because the API does not show it, in sentences.
    """

    sequence_id: str
    name: str
    status: str | None
    at: datetime
    enrolled: int
    sent: int
    replied: int
    booked: int
    time_to_reply: timedelta | None
    emails_since: datetime | None
    statuses: Mapping[str, int]
    steps: tuple[StepFunnel, ...]
    missing: tuple[str, ...]


async def sequence_report(crm: AsyncClient, sequence_id: str) -> SequenceReport:
    """Report on a sequence, with five requests.

    A booking belongs to the person of its `contact_id`, or without one to the person with the guest's address.
    Bookings that are `cancelled` do not count.

    Args:
        crm: The client.
        sequence_id: The sequence.

    Raises:
        NotFoundError: There is no such sequence.
        APIError: A request failed.
    """
    sequence = await crm.sequences.get(sequence_id)
    enrollments = await crm.sequences.enrollments(sequence_id)
    sends = await crm.sequences.sends(sequence_id)
    replies = await crm.sequences.replies(sequence_id)
    bookings = await crm.bookings.list()
    return report_of(sequence, enrollments, sends, replies, bookings, at=datetime.now(UTC))


def report_of(
    sequence: Sequence,
    enrollments: Listed[Enrollment],
    sends: Listed[Send],
    replies: Listed[Reply],
    bookings: Listed[Booking],
    *,
    at: datetime,
) -> SequenceReport:
    """Return the report that these rows make. Lists may be `RowList`s, which know whether they are cut."""
    people = recipients_of(enrollments, sends, replies, bookings)
    reached = [person for person in people if person.sends]
    counts = sequence.enrollment_counts
    return SequenceReport(
        sequence_id=sequence.id,
        name=sequence.name,
        status=sequence.status,
        at=at,
        enrolled=max(len(people), 0 if counts is None else counts.total),
        sent=len(reached),
        replied=sum(person.answered is not None for person in reached),
        booked=sum(person.booked is not None for person in reached),
        time_to_reply=median(person.time_to_reply for person in reached),
        emails_since=_since(sends),
        statuses=_statuses(sequence, enrollments),
        steps=tuple(_steps(sequence, reached)),
        missing=tuple(_missing(enrollments, sends, replies, bookings, people)),
    )


def _statuses(sequence: Sequence, enrollments: Iterable[Enrollment]) -> Mapping[str, int]:
    """Return the server's own counts, which no cap cuts, or else those of the list."""
    counts = sequence.enrollment_counts
    if counts is None:
        return dict(Counter(str(enrollment.status) for enrollment in enrollments))
    return {name: getattr(counts, name) for name in ("active", "paused", "completed", "unsubscribed")}


def _steps(sequence: Sequence, people: Iterable[Recipient]) -> Iterator[StepFunnel]:
    listed = list(people)
    steps = {step.id: step for step in sequence.steps or ()}
    for place, step in enumerate(steps.values()):
        position = place if step.position is None else step.position
        yield _funnel(listed, {step.id}, step.id, position, step.subject, step.delay_days)
    gone = {send.sequence_step_id for person in listed for send in person.sends} - steps.keys()
    if gone:
        yield _funnel(listed, gone, None, None, None, None)


def _funnel(
    people: Iterable[Recipient],
    ids: set[Any],
    step_id: str | None,
    position: int | None,
    subject: str | None,
    delay_days: int | None,
) -> StepFunnel:
    got = [person for person in people if any(send.sequence_step_id in ids for send in person.sends)]
    answered = [person for person in got if person.answered and person.answered.sequence_step_id in ids]
    return StepFunnel(
        step_id=step_id,
        position=position,
        subject=subject,
        delay_days=delay_days,
        sent=len(got),
        replied=len(answered),
        booked=sum(person.booked is not None and person.booked.sequence_step_id in ids for person in got),
        time_to_reply=median(person.time_to_reply for person in answered),
    )


def _since(rows: Listed[Send] | Listed[Reply]) -> datetime | None:
    """Return the moment from which on a list of emails shows all; `None`: it is not cut."""
    return min(row.email_date for row in rows) if rows and _is_cut(rows) else None


def _is_cut(rows: Listed[object]) -> bool:
    return isinstance(rows, RowList) and rows.truncated


def _missing(
    enrollments: Listed[Enrollment],
    sends: Listed[Send],
    replies: Listed[Reply],
    bookings: Listed[Booking],
    people: Listed[Recipient],
) -> Iterator[str]:
    for rows, what in ((sends, "emails"), (replies, "replies")):
        if since := _since(rows):
            yield f"The API shows {len(rows)} {what}: older ones, up to {moment(since)}, are not counted."
    whole: tuple[tuple[Listed[object], str], ...] = ((enrollments, "enrollments"), (bookings, "bookings"))
    for listed, what in whole:
        if _is_cut(listed):
            yield f"The API shows {len(listed)} {what}, and there may be more, which are not counted."
    left = sum(bool(person.sends) and not person.enrolled for person in people)
    if left and not _is_cut(enrollments):
        yield f"{_people(left)} got an email and left the sequence: the API does not show their replies to it."
    if early := sum(person.unmatched for person in people):
        yield f"{_people(early)} answered an email that the API does not show: these replies are not counted."
    if undated := sum(person.undated for person in people):
        yield f"{_people(undated)} booked at a time that the API does not tell: these bookings are not counted."


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
