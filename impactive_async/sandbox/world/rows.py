"""The rows of a workspace. A row never changes: a change makes a new version of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

__all__ = [
    "KINDS",
    "Audience",
    "EnrollmentRecord",
    "Kind",
    "ReplyRecord",
    "SendRecord",
    "SendingAccountRecord",
    "SequenceRecord",
    "Stage",
    "StepRecord",
    "TableRecord",
]

Kind = Literal["contacts", "companies", "deals", "invoices", "projects", "bookings"]
KINDS: tuple[Kind, ...] = ("contacts", "companies", "deals", "invoices", "projects", "bookings")


@frozen(kw_only=True)
class TableRecord:
    """A row of a plain table, such as a contact or a deal; `fields` has the names of the wire."""

    id: str
    fields: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class Stage:
    """A column of the deal pipeline or of the project board."""

    id: str
    name: str


@frozen(kw_only=True)
class Audience:
    """A tag or a list with the contacts that carry it."""

    id: str
    name: str
    contact_ids: tuple[str, ...] = ()


@frozen(kw_only=True)
class SendingAccountRecord:
    """An SMTP account of the workspace; the sandbox stores no credentials."""

    id: str
    name: str
    from_name: str
    from_email: str
    smtp_host: str
    sync_enabled: bool = True


@frozen(kw_only=True)
class SequenceRecord:
    """A sequence without its steps; only an `active` one sends."""

    id: str
    name: str
    description: str | None
    status: str
    sending_account_id: str | None
    extra: Mapping[str, Any] = field(factory=dict)
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class StepRecord:
    """One email of a sequence; its position is its place in the sequence's list of steps."""

    id: str
    sequence_id: str
    subject: str
    body: str
    delay_days: int
    extra: Mapping[str, Any] = field(factory=dict)
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class EnrollmentRecord:
    """A contact on a sequence; `current_step` is the position of the next step to send."""

    id: str
    sequence_id: str
    contact_id: str
    status: str = "active"
    current_step: int = 0
    started_at: datetime
    next_send_at: datetime | None = None
    completed_at: datetime | None = None
    paused_at: datetime | None = None
    pause_reason: str | None = None
    last_send_error: str | None = None
    last_send_error_at: datetime | None = None
    consecutive_failures: int = 0
    updated_at: datetime


@frozen(kw_only=True)
class SendRecord:
    """An email that went out. When its contact is unenrolled, it stays listed and loses its enrollment id."""

    id: str
    sequence_id: str
    contact_id: str
    sequence_step_id: str
    sequence_enrollment_id: str | None
    subject: str
    from_address: str
    to_addresses: tuple[str, ...]
    body: str
    email_date: datetime


@frozen(kw_only=True)
class ReplyRecord:
    """An email that came in. It belongs to its contact and outlives the contact's enrollments."""

    id: str
    contact_id: str
    subject: str
    from_address: str
    body: str
    email_date: datetime
