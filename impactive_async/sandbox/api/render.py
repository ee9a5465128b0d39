"""Rows with the names and order of the contract: one function for each kind; the dialect prints their values."""

from typing import Any

from impactive_async.sandbox.world.rows import (
    EnrollmentRecord,
    Kind,
    ReplyRecord,
    SendingAccountRecord,
    SendRecord,
    SequenceRecord,
    StepRecord,
    TableRecord,
)
from impactive_async.sandbox.world.world import Book, World

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

# A row written by a test may name only some fields; the answer shows them all.
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


def record(world: World, kind: Kind, row: TableRecord) -> Wire:
    """A row of a plain table, with the names of the company, contact and stage that it refers to."""
    return {
        "id": row.id,
        **dict.fromkeys(_COLUMNS[kind]),
        **row.fields,
        **_resolved(world, kind, row),
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def contact(world: World, row: TableRecord) -> Wire:
    """A contact, the same on both surfaces."""
    return record(world, "contacts", row)


def _resolved(world: World, kind: Kind, row: TableRecord) -> Wire:
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


def _name_of_company(world: World, row: TableRecord) -> str | None:
    company = world.get("companies", row.fields.get("companyId") or "")
    return None if company is None else company.fields["name"]


def _name_of_contact(world: World, row: TableRecord) -> str | None:
    person = world.get("contacts", row.fields.get("contactId") or "")
    return None if person is None else f"{person.fields['firstName']} {person.fields['lastName']}"


def sending_account(row: SendingAccountRecord) -> Wire:
    """A sending account."""
    return {
        "id": row.id,
        "name": row.name,
        "fromName": row.from_name,
        "fromEmail": row.from_email,
        "smtpHost": row.smtp_host,
        "syncEnabled": row.sync_enabled,
    }


def sequence(row: SequenceRecord) -> Wire:
    """A sequence alone; the handlers add its steps or counts where the contract has them."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "status": row.status,
        "sendingAccountId": row.sending_account_id,
        **row.extra,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def counts(book: Book) -> Wire:
    """`enrollmentCounts`: the total and one count per status."""
    return {"total": len(book.enrollments), **book.counts}


def steps(book: Book) -> list[Wire]:
    """All steps in order of position."""
    return [_step(row, position) for position, row in enumerate(book.steps)]


def step(book: Book, row: StepRecord) -> Wire:
    """One step with its position."""
    return _step(row, book.steps.index(row))


def _step(row: StepRecord, position: int) -> Wire:
    return {
        "id": row.id,
        "sequenceId": row.sequence_id,
        "position": position,
        "subject": row.subject,
        "body": row.body,
        "delayDays": row.delay_days,
        **row.extra,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def enrollment(world: World, row: EnrollmentRecord) -> Wire:
    """An enrollment with the summary of its contact as that is now."""
    return {
        "id": row.id,
        "contactId": row.contact_id,
        "contact": _summary(world, row.contact_id),
        "status": row.status,
        "currentStep": row.current_step,
        "startedAt": row.started_at,
        "nextSendAt": row.next_send_at,
        "completedAt": row.completed_at,
        "pausedAt": row.paused_at,
        "pauseReason": row.pause_reason,
        "lastSendError": row.last_send_error,
        "lastSendErrorAt": row.last_send_error_at,
        "consecutiveFailures": row.consecutive_failures,
        "updatedAt": row.updated_at,
    }


def _summary(world: World, contact_id: str) -> Wire:
    row = world.get("contacts", contact_id)
    fields = {} if row is None else row.fields
    return {"id": contact_id, **{name: fields.get(name) for name in ("firstName", "lastName", "email")}}


def send(row: SendRecord) -> Wire:
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
        "emailDate": row.email_date,
    }


def inbox_reply(row: ReplyRecord) -> Wire:
    """An email that came in, as its contact's own list has it."""
    return {
        "id": row.id,
        "contactId": row.contact_id,
        "subject": row.subject,
        "fromAddress": row.from_address,
        "body": row.body,
        "emailDate": row.email_date,
    }


def sequence_reply(book: Book, row: ReplyRecord) -> Wire:
    """An email that came in, with the enrollment that its contact has in this sequence now."""
    return {**inbox_reply(row), "enrollmentId": book.by_contact[row.contact_id]}
