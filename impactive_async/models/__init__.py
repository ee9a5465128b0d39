"""The rows of the API: frozen values, typed by the contract. Fields that it does not name are kept in `extra`."""

from impactive_async.models.booking import Booking
from impactive_async.models.company import Company
from impactive_async.models.contact import Contact, ContactDraft
from impactive_async.models.deal import Deal
from impactive_async.models.email import Reply, Send
from impactive_async.models.enrollment import (
    EnrolledContact,
    Enrollment,
    EnrollmentStatus,
    EnrollResult,
    PauseResult,
    SkippedContact,
    SkipReason,
)
from impactive_async.models.gap import Coverage, Gap, Removed
from impactive_async.models.invoice import Invoice
from impactive_async.models.project import Project
from impactive_async.models.sending_account import SendingAccount
from impactive_async.models.sequence import EnrollmentCounts, Sequence, SequenceStatus, Step, StepDraft
from impactive_async.models.workspace import Workspace

__all__ = [
    "Booking",
    "Company",
    "Contact",
    "ContactDraft",
    "Coverage",
    "Deal",
    "EnrollResult",
    "EnrolledContact",
    "Enrollment",
    "EnrollmentCounts",
    "EnrollmentStatus",
    "Gap",
    "Invoice",
    "PauseResult",
    "Project",
    "Removed",
    "Reply",
    "Send",
    "SendingAccount",
    "Sequence",
    "SequenceStatus",
    "SkipReason",
    "SkippedContact",
    "Step",
    "StepDraft",
    "Workspace",
]
