"""The events of `crm.watch`: a class for each kind of list, so that type checkers know the row's class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from impactive_async.feeds.delivery.batches import Acknowledged
from impactive_async.models import Booking, Company, Contact, Deal, Enrollment, Invoice, Project, Reply, Send

EventRow: TypeAlias = Enrollment | Send | Reply | Company | Contact | Deal | Invoice | Project | Booking


class GivenByStream:
    """What a stream knows of an event beside its fields. A copy, or what was pickled, has the fields only."""

    __slots__ = ("_ack", "_sequence_ids")

    _ack: Callable[[], Acknowledged]
    _sequence_ids: Sequence[str]

    def ack(self) -> Acknowledged:
        """Count the event as handled, for `ack="manual"`; in any order.

        `await event.ack()` also saves the cursor.

        Raises:
            RuntimeError: This is a copy: only the event that the stream gave can be acknowledged.
        """
        if not hasattr(self, "_ack"):
            raise RuntimeError("this event was not given by a stream, but is a copy: acknowledge the original")
        return self._ack()


def give(event: GivenByStream, ack: Callable[[], Acknowledged], sequence_ids: Sequence[str]) -> None:
    """Let an event know its stream.

    Args:
        event: A new event.
        ack: Counts it as handled.
        sequence_ids: The sequences whose lists have shown it; more may be added later.
    """
    object.__setattr__(event, "_ack", ack)  # the classes of events are frozen
    object.__setattr__(event, "_sequence_ids", sequence_ids)


@attrs.frozen(kw_only=True)
class Event(GivenByStream):
    """A new row, or a new version of one, somewhere in the workspace.

    Each kind has a class of its own, such as `ReplyEvent`. Type checkers take `Event` for any one of them: they
    know the class of `row` after `isinstance(event, ReplyEvent)`, `if event.kind == "replies"`, or a `match` on
    either.

    Attributes:
        kind: The list it is from, as `crm.watch` names it: `enrollments`, `sends`, `deals` and so on.
        sequence_id: The sequence, for lists that each sequence has: enrollments, sends and replies.
        row: The row, of the class that belongs to the kind.
        key: Names this version of this row. It is the same whenever the version is delivered, so that a consumer
            can recognise what a crash makes come twice.
    """

    kind: str
    sequence_id: str | None
    row: EventRow
    key: str

    @property
    def sequence_ids(self) -> tuple[str, ...]:
        """The sequences whose lists have shown this row so far, in that order; empty for lists of the workspace.

        An email that belongs to several sequences is one event, given when the first of their lists shows it. The
        sequences whose lists show it later are added here.
        """
        own = () if self.sequence_id is None else (self.sequence_id,)
        return tuple(getattr(self, "_sequence_ids", own))


@attrs.frozen(kw_only=True)
class EnrollmentEvent(Event):
    """A new version of an `Enrollment`."""

    kind: Literal["enrollments"] = "enrollments"
    sequence_id: str
    row: Enrollment


@attrs.frozen(kw_only=True)
class SendEvent(Event):
    """An email that a sequence sent: a `Send`."""

    kind: Literal["sends"] = "sends"
    sequence_id: str
    row: Send


@attrs.frozen(kw_only=True)
class ReplyEvent(Event):
    """An email that somebody on a sequence wrote back: a `Reply`."""

    kind: Literal["replies"] = "replies"
    sequence_id: str
    row: Reply


@attrs.frozen(kw_only=True)
class CompanyEvent(Event):
    """A new version of a `Company`."""

    kind: Literal["companies"] = "companies"
    sequence_id: None = None
    row: Company


@attrs.frozen(kw_only=True)
class ContactEvent(Event):
    """A new version of a `Contact`."""

    kind: Literal["contacts"] = "contacts"
    sequence_id: None = None
    row: Contact


@attrs.frozen(kw_only=True)
class DealEvent(Event):
    """A new version of a `Deal`."""

    kind: Literal["deals"] = "deals"
    sequence_id: None = None
    row: Deal


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    """A new version of an `Invoice`."""

    kind: Literal["invoices"] = "invoices"
    sequence_id: None = None
    row: Invoice


@attrs.frozen(kw_only=True)
class ProjectEvent(Event):
    """A new version of a `Project`."""

    kind: Literal["projects"] = "projects"
    sequence_id: None = None
    row: Project


@attrs.frozen(kw_only=True)
class BookingEvent(Event):
    """A new version of a `Booking`."""

    kind: Literal["bookings"] = "bookings"
    sequence_id: None = None
    row: Booking


AnyEvent: TypeAlias = (
    EnrollmentEvent
    | SendEvent
    | ReplyEvent
    | CompanyEvent
    | ContactEvent
    | DealEvent
    | InvoiceEvent
    | ProjectEvent
    | BookingEvent
)
"""What type checkers take `impactive_async.Event` for."""

EVENT_TYPES: Final[Mapping[str, Callable[..., Any]]] = {
    "enrollments": EnrollmentEvent,
    "sends": SendEvent,
    "replies": ReplyEvent,
    "companies": CompanyEvent,
    "contacts": ContactEvent,
    "deals": DealEvent,
    "invoices": InvoiceEvent,
    "projects": ProjectEvent,
    "bookings": BookingEvent,
}
"""The class of each kind."""
