"""Enrolling, pausing and unenrolling contacts: contract rows 13, 17 and 18."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

import attrs
from attrs import frozen

from impactive_async.sandbox.world import mailer
from impactive_async.sandbox.world.errors import InvalidRequestError, UnknownIdError
from impactive_async.sandbox.world.rows import Audience, EnrollmentRecord
from impactive_async.sandbox.world.world import Book, World

__all__ = ["Enrolled", "Skipped", "enroll", "pause", "resolve_audience", "resume", "unenroll", "unsubscribe"]


@frozen
class Skipped:
    """A contact of an enrollment request that was not enrolled."""

    contact_id: str
    reason: Literal["already_enrolled", "not_found"]


@frozen
class Enrolled:
    """What one enrollment request did."""

    rows: tuple[EnrollmentRecord, ...]
    skipped: tuple[Skipped, ...]


def resolve_audience(
    world: World, contact_ids: Iterable[str], tag_ids: Iterable[str], list_ids: Iterable[str]
) -> list[str]:
    """The contacts meant by the three lists together, each once, in order of first mention.

    Raises:
        InvalidRequestError: A tag or list is unknown, or there are any while the Audience module is off.
    """
    ids = dict.fromkeys(contact_ids)
    for name, wanted, known in (("tagIds", tag_ids, world.tags), ("listIds", list_ids, world.lists)):
        for audience in _audiences(world, name, wanted, known):
            ids.update(dict.fromkeys(audience.contact_ids))
    return list(ids)


def _audiences(world: World, name: str, wanted: Iterable[str], known: dict[str, Audience]) -> Iterable[Audience]:
    for place, wanted_id in enumerate(wanted):
        if not world.rules.audience:
            raise InvalidRequestError(f"{name} needs the Audience module, which this workspace does not have")
        if wanted_id not in known:
            raise InvalidRequestError(f"{name}[{place}] does not belong to this workspace")
        yield known[wanted_id]


def enroll(world: World, book: Book, contact_ids: Iterable[str]) -> Enrolled:
    """Enroll those contacts that exist and are not enrolled yet; skip the others with a reason.

    Raises:
        InvalidRequestError: The workspace is strict, and a contact has no address. Nobody is enrolled then.
    """
    contact_ids = tuple(contact_ids)
    if world.rules.strict:
        _refuse_the_unreachable(world, contact_ids)
    rows, skipped = [], []
    for contact_id in dict.fromkeys(contact_ids):
        if world.get("contacts", contact_id) is None:
            skipped.append(Skipped(contact_id, "not_found"))
        elif contact_id in book.by_contact:
            skipped.append(Skipped(contact_id, "already_enrolled"))
        else:
            rows.append(_enroll_one(world, book, contact_id))
    return Enrolled(tuple(rows), tuple(skipped))


def _refuse_the_unreachable(world: World, contact_ids: Iterable[str]) -> None:
    for contact_id in contact_ids:
        contact = world.get("contacts", contact_id)
        if contact is not None and not contact.fields.get("email"):
            raise InvalidRequestError(f"contact {contact_id} has no email address")


def _enroll_one(world: World, book: Book, contact_id: str) -> EnrollmentRecord:
    now = world.stamp()
    enrollment = EnrollmentRecord(
        id=world.ids.new("enr"),
        sequence_id=book.sequence.id,
        contact_id=contact_id,
        started_at=now,
        next_send_at=now + timedelta(days=book.steps[0].delay_days) if book.steps else None,
        updated_at=now,
    )
    book.by_contact[contact_id] = enrollment.id
    world.memberships.setdefault(contact_id, set()).add(book.sequence.id)
    mailer.show_replies_again(world, book, contact_id)
    return mailer.save(world, book, enrollment)


def pause(world: World, book: Book, contact_ids: Iterable[str] | None, reason: str = "manual") -> int:
    """Pause the active ones among these contacts (`None`: of everyone); returns how many there were."""
    wanted = list(book.by_contact) if contact_ids is None else dict.fromkeys(contact_ids)
    found = (book.enrollment_of(contact_id) for contact_id in wanted)
    active = [row for row in found if row is not None and row.status == "active"]
    for row in active:
        mailer.save(world, book, mailer.paused(world, row, reason))
    return len(active)


def resume(world: World, book: Book, contact_id: str) -> EnrollmentRecord:
    """What the app's resume button does: the next step is due now. The API has no endpoint for it."""
    row = _enrolled(book, contact_id)
    now = world.stamp()
    due = now if row.current_step < len(book.steps) else None
    row = attrs.evolve(row, status="active", paused_at=None, pause_reason=None, next_send_at=due, updated_at=now)
    return mailer.save(world, book, row)


def unsubscribe(world: World, book: Book, contact_id: str) -> EnrollmentRecord:
    """What the link in an email does: the contact stays on the sequence and gets nothing more."""
    row = _enrolled(book, contact_id)
    row = attrs.evolve(row, status="unsubscribed", next_send_at=None, updated_at=world.stamp())
    return mailer.save(world, book, row)


def unenroll(world: World, book: Book, contact_id: str) -> None:
    """Take the contact off: its sends lose their enrollment, its replies leave the sequence's list.

    Raises:
        UnknownIdError: It is not enrolled.
    """
    row = _enrolled(book, contact_id)
    del book.by_contact[contact_id]
    world.memberships[contact_id].discard(book.sequence.id)
    book.enrollments.remove(row.id)
    book.counts[row.status] -= 1
    for send_id in world.sends_by_enrollment.pop(row.id, ()):
        send = attrs.evolve(world.sends[send_id], sequence_enrollment_id=None)
        world.sends[send_id] = send
        book.sends.amend(send_id, send)
    for reply_id in world.inboxes.get(contact_id, ()):
        book.replies.remove(reply_id)


def _enrolled(book: Book, contact_id: str) -> EnrollmentRecord:
    row = book.enrollment_of(contact_id)
    if row is None:
        raise UnknownIdError("This contact is not enrolled in this sequence")
    return row
