"""Rows as they go over the wire: one function a row, names and order as in the contract."""

from datetime import datetime
from typing import Any

from .rows import Enrollment, Kind, Record, Reply, Send, SendingAccount, Sequence, Step
from .times import print_moment
from .world import Book, World

__all__ = [
    "contact",
    "counts",
    "enrollment",
    "inbox_reply",
    "record",
    "send",
    "sending_account",
    "sequence",
    "sequence_reply",
    "step",
    "steps",
]

Wire = dict[str, Any]

# A row that a test writes by hand need not name every field; the wire shows them all.
_COLUMNS: dict[Kind, tuple[str, ...]] = {
    "contacts": ("firstName", "lastName", "email", "phone", "title", "companyId"),
    "companies": ("name", "website", "industry", "email", "phone"),
    "deals": ("name", "value", "currency", "stageId", "companyId", "contactId", "expectedCloseDate"),
    "invoices": (
        "invoiceNumber",
        "status",
        "currency",
        "subtotal",
        "tax",
        "total",
        "dueDate",
        "paidDate",
        "companyId",
        "contactId",
    ),
    "projects": ("name", "status", "stageId", "companyId", "startDate", "dueDate"),
    "bookings": ("title", "startTime", "endTime", "contactId", "guestName", "guestEmail", "notes", "status"),
}


def record(world: World, kind: Kind, row: Record) -> Wire:
    """A row of a plain table with the names that its ids stand for."""
    return {
        "id": row.id,
        **dict.fromkeys(_COLUMNS[kind]),
        **row.fields,
        **_resolved(world, kind, row),
        "createdAt": _moment(world, row.created_at),
        "updatedAt": _moment(world, row.updated_at),
    }


def contact(world: World, row: Record) -> Wire:
    """A contact, the same on both surfaces."""
    return record(world, "contacts", row)


def _resolved(world: World, kind: Kind, row: Record) -> Wire:
    company = {"companyName": _name_of_company(world, row)}
    if kind == "contacts":
        return company
    if kind == "deals":
        stage = world.deal_stages.get(row.fields.get("stageId", ""))
        names = {"stageName": stage.name if stage else None, "primaryContactName": _name_of_contact(world, row)}
        return {**names, **company}
    if kind == "invoices":
        return {**company, "contactName": _name_of_contact(world, row)}
    if kind == "projects":
        stage = world.project_stages.get(row.fields.get("stageId", ""))
        return {**company, "stageName": stage.name if stage else None}
    return {}


def _name_of_company(world: World, row: Record) -> str | None:
    company = world.get("companies", row.fields.get("companyId") or "")
    return None if company is None else company.fields["name"]


def _name_of_contact(world: World, row: Record) -> str | None:
    person = world.get("contacts", row.fields.get("contactId") or "")
    return None if person is None else f"{person.fields['firstName']} {person.fields['lastName']}"


def sending_account(row: SendingAccount) -> Wire:
    """A sending account; there are no credentials to leave out."""
    return {
        "id": row.id,
        "name": row.name,
        "fromName": row.from_name,
        "fromEmail": row.from_email,
        "smtpHost": row.smtp_host,
        "syncEnabled": row.sync_enabled,
    }


def sequence(world: World, row: Sequence) -> Wire:
    """A sequence without what hangs on it; the handlers add steps or counts as the contract has them."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "status": row.status,
        "sendingAccountId": row.sending_account_id,
        **row.extra,
        "createdAt": _moment(world, row.created_at),
        "updatedAt": _moment(world, row.updated_at),
    }


def counts(book: Book) -> Wire:
    """`enrollmentCounts`: the total and one count per status."""
    return {"total": len(book.enrollments), **book.counts}


def steps(world: World, book: Book) -> list[Wire]:
    """All steps in order of position."""
    return [_step(world, row, position) for position, row in enumerate(book.steps)]


def step(world: World, book: Book, row: Step) -> Wire:
    """One step with its position."""
    return _step(world, row, book.steps.index(row))


def _step(world: World, row: Step, position: int) -> Wire:
    return {
        "id": row.id,
        "sequenceId": row.sequence_id,
        "position": position,
        "subject": row.subject,
        "body": row.body,
        "delayDays": row.delay_days,
        **row.extra,
        "createdAt": _moment(world, row.created_at),
        "updatedAt": _moment(world, row.updated_at),
    }


def enrollment(world: World, row: Enrollment) -> Wire:
    """An enrollment with the summary of its contact as that is now."""
    return {
        "id": row.id,
        "contactId": row.contact_id,
        "contact": _summary(world, row.contact_id),
        "status": row.status,
        "currentStep": row.current_step,
        "startedAt": _moment(world, row.started_at),
        "nextSendAt": _moment(world, row.next_send_at),
        "completedAt": _moment(world, row.completed_at),
        "pausedAt": _moment(world, row.paused_at),
        "pauseReason": row.pause_reason,
        "lastSendError": row.last_send_error,
        "lastSendErrorAt": _moment(world, row.last_send_error_at),
        "consecutiveFailures": row.consecutive_failures,
        "updatedAt": _moment(world, row.updated_at),
    }


def _summary(world: World, contact_id: str) -> Wire:
    row = world.get("contacts", contact_id)
    fields = {} if row is None else row.fields
    return {"id": contact_id, **{name: fields.get(name) for name in ("firstName", "lastName", "email")}}


def send(world: World, row: Send) -> Wire:
    """An email that went out."""
    return {
        "id": row.id,
        "contactId": row.contact_id,
        "sequenceStepId": row.sequence_step_id,
        "sequenceEnrollmentId": row.sequence_enrollment_id,
        "subject": row.subject,
        "fromAddress": row.from_address,
        "toAddresses": list(row.to_addresses),
        "body": row.body,
        "emailDate": _moment(world, row.email_date),
    }


def inbox_reply(world: World, row: Reply) -> Wire:
    """An email that came in, as its contact's own list has it."""
    return {
        "id": row.id,
        "contactId": row.contact_id,
        "subject": row.subject,
        "fromAddress": row.from_address,
        "body": row.body,
        "emailDate": _moment(world, row.email_date),
    }


def sequence_reply(world: World, book: Book, row: Reply) -> Wire:
    """An email that came in, with the enrollment that its contact has in this sequence now."""
    return {**inbox_reply(world, row), "enrollmentId": book.by_contact[row.contact_id]}


def _moment(world: World, moment: datetime | None) -> str | None:
    return None if moment is None else print_moment(moment, world.rules.precision)
