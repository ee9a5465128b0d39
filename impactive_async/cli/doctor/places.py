"""What the contract says of each list, and of the rows that it shows."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from impactive_async.models import (
    Booking,
    Company,
    Contact,
    Deal,
    Enrollment,
    Invoice,
    Project,
    Reply,
    Send,
    SendingAccount,
    Sequence,
    Step,
    Workspace,
)


@attrs.frozen(kw_only=True)
class Place:
    """One operation that reads.

    Attributes:
        operation: Its name in profiles.
        template: Its path.
        noun: What its rows are, in profiles.
        one, many: The noun in answers.
        row: The class of its rows.
        stamp: The moment that `since` is compared with; `None`: it has no `since`.
        cap: The most rows that it shows.
        inclusive: Whether `since` shows rows of that very moment.
        without: Fields that the row has elsewhere, and not here.
    """

    operation: str
    template: str
    noun: str
    one: str
    many: str
    row: type[Any]
    stamp: str | None = None
    cap: int | None = None
    inclusive: bool = False
    without: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """What a table calls it."""
        return self.operation.removesuffix(".list")

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the contract names, or assumes."""
        return frozenset(wire_name(field.name) for field in attrs.fields(self.row)) - {"extra"} - self.without

    @property
    def required(self) -> frozenset[str]:
        """The fields without which a row cannot be read."""
        known = attrs.fields(self.row)
        return frozenset(wire_name(field.name) for field in known if field.default is attrs.NOTHING)


def wire_name(name: str) -> str:
    """Return a field's name on the wire: `first_name` is `firstName`."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _zapier(name: str, one: str, row: type[Any]) -> Place:
    return Place(
        operation=f"zapier.{name}.list",
        template=f"/api/zapier/{name}",
        noun=name,
        one=one,
        many=name,
        row=row,
        stamp="updatedAt",
        cap=100,
    )


AUTH_TEST: Final = Place(
    operation="zapier.auth_test",
    template="/api/zapier/auth/test",
    noun="workspace",
    one="workspace",
    many="workspaces",
    row=Workspace,
)
CONTACTS: Final = Place(
    operation="contacts.list",
    template="/api/agent/contacts",
    noun="contacts",
    one="contact",
    many="contacts",
    row=Contact,
)
SEQUENCES: Final = Place(
    operation="sequences.list",
    template="/api/agent/sequences",
    noun="sequences",
    one="sequence",
    many="sequences",
    row=Sequence,
    without=frozenset(("steps",)),
)
SEQUENCE: Final = attrs.evolve(SEQUENCES, operation="sequences.get", template="/api/agent/sequences/:id")
STEP: Final = Place(
    operation="sequences.steps.create",
    template="/api/agent/sequences/:id/steps",
    noun="steps",
    one="step",
    many="steps",
    row=Step,
)
OF_WORKSPACE: Final = (
    CONTACTS,
    SEQUENCES,
    Place(
        operation="sending_accounts.list",
        template="/api/agent/sending-accounts",
        noun="sending_accounts",
        one="sendingAccount",
        many="sendingAccounts",
        row=SendingAccount,
    ),
    Place(
        operation="bookings.list",
        template="/api/agent/bookings",
        noun="bookings",
        one="booking",
        many="bookings",
        row=Booking,
    ),
    _zapier("companies", "company", Company),
    _zapier("contacts", "contact", Contact),
    _zapier("deals", "deal", Deal),
    _zapier("invoices", "invoice", Invoice),
    _zapier("projects", "project", Project),
)
"""The lists that a workspace has once."""
OF_SEQUENCE: Final = (
    Place(
        operation="sequences.enrollments",
        template="/api/agent/sequences/:id/enrollments",
        noun="enrollments",
        one="enrollment",
        many="enrollments",
        row=Enrollment,
        stamp="updatedAt",
    ),
    Place(
        operation="sequences.sends",
        template="/api/agent/sequences/:id/sends",
        noun="sends",
        one="send",
        many="sends",
        row=Send,
        stamp="emailDate",
        cap=500,
        inclusive=True,
    ),
    Place(
        operation="sequences.replies",
        template="/api/agent/sequences/:id/replies",
        noun="replies",
        one="reply",
        many="replies",
        row=Reply,
        stamp="emailDate",
        cap=500,
        inclusive=True,
    ),
)
"""The lists that each sequence has."""
OF_CONTACT: Final = Place(
    operation="contacts.replies",
    template="/api/agent/contacts/:id/replies",
    noun="replies",
    one="reply",
    many="replies",
    row=Reply,
    cap=100,
    without=frozenset(("enrollmentId",)),
)
ID_FIELDS: Final = {
    "contactId": "contacts",
    "companyId": "companies",
    "stageId": "stages",
    "sendingAccountId": "sending_accounts",
    "sequenceId": "sequences",
    "sequenceStepId": "steps",
    "enrollmentId": "enrollments",
    "sequenceEnrollmentId": "enrollments",
}
"""Fields that hold an id, and its noun."""
MOMENTS: Final = (
    "createdAt", "updatedAt", "startedAt", "nextSendAt", "completedAt", "pausedAt", "lastSendErrorAt", "emailDate",
    "startTime", "endTime",
)  # fmt: skip
MONEY: Final = ("value", "subtotal", "tax", "total")
