"""The operations of the API: the shape and noun of their answers, and what the contract fixes for each."""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

__all__ = ["OPERATIONS", "Operation"]

Shape = Literal["row", "list", "batch", "answer"]


@frozen
class Operation:
    """One operation.

    Attributes:
        shape: The setting that has the template of its answers.
        noun: What its rows are; or what its answer is about.
        contract: Where the contract differs from the defaults of `OperationSettings`.
        body: With the shape `answer`: the fields of the contract's body.
    """

    shape: Shape
    noun: str
    contract: Mapping[str, Any] = field(factory=dict)
    body: tuple[str, ...] = ()


_CREATED = {"status": 201}
_POLLED = {"cap": 100, "order": "newest"}
_MAIL = {"cap": 500, "order": "newest", "since_operator": ">="}

OPERATIONS: Mapping[str, Operation] = {
    "contacts.list": Operation("list", "contacts"),
    "contacts.create": Operation("row", "contacts", _CREATED),
    "contacts.create_batch": Operation("batch", "contacts", _CREATED),
    "contacts.update": Operation("row", "contacts"),
    "contacts.replies": Operation("list", "replies", {"cap": 100, "order": "newest"}),
    "sending_accounts.list": Operation("list", "sending_accounts"),
    "sequences.create": Operation("row", "sequences", _CREATED),
    "sequences.list": Operation("list", "sequences"),
    "sequences.get": Operation("row", "sequences"),
    "sequences.update": Operation("row", "sequences"),
    "sequences.steps.create": Operation("row", "steps", _CREATED),
    "sequences.steps.update": Operation("row", "steps"),
    "sequences.steps.delete": Operation("answer", "deletion", body=("deleted",)),
    "sequences.enroll": Operation("answer", "enrolling", _CREATED, body=("enrolled", "skipped")),
    "sequences.enrollments": Operation("list", "enrollments", {"order": "newest"}),
    "sequences.sends": Operation("list", "sends", _MAIL),
    "sequences.replies": Operation("list", "replies", _MAIL),
    "sequences.pause": Operation("answer", "pausing", body=("paused",)),
    "sequences.unenroll": Operation("answer", "unenrolling", body=("unenrolled",)),
    "bookings.list": Operation("list", "bookings"),
    "bookings.create": Operation("row", "bookings", _CREATED),
    "zapier.auth_test": Operation("row", "workspace"),
    "zapier.companies.list": Operation("list", "companies", _POLLED),
    "zapier.companies.create": Operation("row", "companies", _CREATED),
    "zapier.contacts.list": Operation("list", "contacts", _POLLED),
    "zapier.contacts.create": Operation("row", "contacts", _CREATED),
    "zapier.deals.list": Operation("list", "deals", _POLLED),
    "zapier.deals.create": Operation("row", "deals", _CREATED),
    "zapier.invoices.list": Operation("list", "invoices", _POLLED),
    "zapier.projects.list": Operation("list", "projects", _POLLED),
}
