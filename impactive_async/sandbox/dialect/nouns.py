"""The nouns of the API, and which of their fields hold ids, moments, counts, money or addresses."""

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["ID_FIELDS", "NOUNS", "Noun"]


@frozen(kw_only=True)
class Noun:
    """One kind of row, or of answer.

    Attributes:
        one: Its name in camelCase, singular.
        many: The same in the plural.
        ids: Fields that hold an id, and the noun that the id belongs to.
        moments: Fields that hold a moment.
        written: Fields that hold a moment as a request has written it, as text.
        counts: Fields that hold a count of rows.
        money: Fields that hold an amount.
        addresses: Fields that hold a list of email addresses.
        inner: Fields that hold another noun, or a list of it.
    """

    one: str
    many: str
    ids: Mapping[str, str] = field(factory=dict)
    moments: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    inner: Mapping[str, str] = field(factory=dict)


_CHANGES = ("createdAt", "updatedAt")
_STATUSES = ("total", "active", "paused", "completed", "unsubscribed")
_ENROLLED = ("enrolled", "requested", "skipped_count", "already_enrolled", "not_found")

NOUNS: Mapping[str, Noun] = {
    "contacts": Noun(
        one="contact", many="contacts", ids={"id": "contacts", "companyId": "companies"}, moments=_CHANGES
    ),
    "companies": Noun(one="company", many="companies", ids={"id": "companies"}, moments=_CHANGES),
    "deals": Noun(
        one="deal",
        many="deals",
        ids={"id": "deals", "stageId": "stages", "companyId": "companies", "contactId": "contacts"},
        moments=_CHANGES,
        money=("value",),
    ),
    "invoices": Noun(
        one="invoice",
        many="invoices",
        ids={"id": "invoices", "companyId": "companies", "contactId": "contacts"},
        moments=_CHANGES,
        money=("subtotal", "tax", "total"),
    ),
    "projects": Noun(
        one="project",
        many="projects",
        ids={"id": "projects", "stageId": "stages", "companyId": "companies"},
        moments=_CHANGES,
    ),
    "bookings": Noun(
        one="booking",
        many="bookings",
        ids={"id": "bookings", "contactId": "contacts"},
        moments=_CHANGES,
        written=("startTime", "endTime"),
    ),
    "sending_accounts": Noun(one="sendingAccount", many="sendingAccounts", ids={"id": "sending_accounts"}),
    "sequences": Noun(
        one="sequence",
        many="sequences",
        ids={"id": "sequences", "sendingAccountId": "sending_accounts"},
        moments=_CHANGES,
        counts=("stepCount",),
        inner={"steps": "steps", "enrollmentCounts": "enrollment_counts"},
    ),
    "steps": Noun(one="step", many="steps", ids={"id": "steps", "sequenceId": "sequences"}, moments=_CHANGES),
    "enrollments": Noun(
        one="enrollment",
        many="enrollments",
        ids={"id": "enrollments", "contactId": "contacts"},
        moments=(
            "startedAt",
            "nextSendAt",
            "completedAt",
            "pausedAt",
            "lastSendErrorAt",
            "updatedAt",
        ),
        inner={"contact": "contacts"},
    ),
    "sends": Noun(
        one="send",
        many="sends",
        ids={
            "id": "sends",
            "contactId": "contacts",
            "sequenceStepId": "steps",
            "sequenceEnrollmentId": "enrollments",
        },
        moments=("emailDate",),
        addresses=("toAddresses",),
    ),
    "replies": Noun(
        one="reply",
        many="replies",
        ids={"id": "replies", "contactId": "contacts", "enrollmentId": "enrollments"},
        moments=("emailDate",),
    ),
    "workspace": Noun(one="workspace", many="workspaces", ids={"id": "workspace"}),
    # Parts of rows, and answers that are no rows.
    "enrollment_counts": Noun(one="enrollmentCounts", many="enrollmentCounts", counts=_STATUSES),
    "enrolling": Noun(
        one="enrollment",
        many="enrollments",
        counts=_ENROLLED,
        inner={"added": "membership", "skipped": "membership"},
    ),
    "membership": Noun(
        one="enrollment", many="enrollments", ids={"contactId": "contacts", "enrollmentId": "enrollments"}
    ),
    "pausing": Noun(one="pause", many="pauses", counts=("paused",)),
    "unenrolling": Noun(one="enrollment", many="enrollments"),
    "deletion": Noun(one="step", many="steps"),
}

ID_FIELDS: Mapping[str, str] = {
    "companyId": "companies",
    "contactId": "contacts",
    "stageId": "stages",
    "sendingAccountId": "sending_accounts",
    "contactIds": "contacts",
    "tagIds": "tags",
    "listIds": "lists",
}
"""The fields of request bodies that hold an id or a list of ids."""
