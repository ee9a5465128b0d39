"""The rows of the API: frozen values, typed by the contract. Fields that it does not name are kept in `extra`.

A class is imported when it is first asked for (PEP 562): attrs compiles each, and a call needs few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# The names of each module once more, for the run time. A test compares them with the imports above.
_LAZY = {
    "booking": "Booking",
    "company": "Company",
    "contact": "Contact ContactDraft",
    "deal": "Deal",
    "email": "Reply Send",
    "enrollment": (
        "EnrolledContact Enrollment EnrollmentStatus EnrollResult PauseResult SkippedContact SkipReason"
    ),
    "gap": "Coverage Gap Removed",
    "invoice": "Invoice",
    "project": "Project",
    "sending_account": "SendingAccount",
    "sequence": "EnrollmentCounts Sequence SequenceStatus Step StepDraft",
    "workspace": "Workspace",
}
_HOME = {name: module for module, names in _LAZY.items() for name in names.split()}

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


if not TYPE_CHECKING:  # type checkers refuse unknown names by themselves

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
