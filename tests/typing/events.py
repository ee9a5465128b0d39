"""The events of `crm.watch`, for strict type checkers: their kind or class says what their row is. Never run.

Each `type: ignore` stands on a line that a type checker must refuse: an unused one is an error itself.
"""

from typing import assert_never, assert_type

from impactive_async import (
    AsyncClient,
    Booking,
    BookingEvent,
    Company,
    CompanyEvent,
    Contact,
    ContactEvent,
    Deal,
    DealEvent,
    Enrollment,
    EnrollmentEvent,
    Event,
    Invoice,
    InvoiceEvent,
    Project,
    ProjectEvent,
    Reply,
    ReplyEvent,
    Send,
    SendEvent,
)


async def follow(crm: AsyncClient) -> None:
    """What a stream gives is an `Event`, in loops and in batches."""
    async with crm.watch() as events:
        async for event in events:
            by_kind(event)
            by_class(event)
            print(event.row.id, event.key, event.sequence_ids)
            print(event.row.nonsense)  # type: ignore[union-attr]
            await event.ack()
        async for batch in events.batches(max=50):
            async with batch:
                by_kind(batch[0])
                print(batch[0].row.nonsense)  # type: ignore[union-attr]


def by_kind(event: Event) -> None:
    """A kind tells the row's class."""
    if event.kind == "replies":
        assert_type(event.row, Reply)
        assert_type(event.sequence_id, str)
        print(event.row.from_address)
        print(event.row.nonsense)  # type: ignore[attr-defined]
    match event.kind:
        case "deals":
            assert_type(event.row, Deal)
            print(event.row.nonsense)  # type: ignore[attr-defined]
        case "bookings":
            assert_type(event.row, Booking)
        case _:
            pass


def by_class(event: Event) -> None:
    """So does a class; there are no others."""
    match event:
        case EnrollmentEvent():
            assert_type(event.row, Enrollment)
        case SendEvent():
            assert_type(event.row, Send)
        case ReplyEvent(row=reply):
            assert_type(reply, Reply)
        case CompanyEvent():
            assert_type(event.row, Company)
        case ContactEvent():
            assert_type(event.row, Contact)
        case DealEvent(row=deal):
            assert_type(deal, Deal)
            print(deal.nonsense)  # type: ignore[attr-defined]
        case InvoiceEvent():
            assert_type(event.row, Invoice)
        case ProjectEvent():
            assert_type(event.row, Project)
        case BookingEvent():
            assert_type(event.row, Booking)
        case _:
            assert_never(event)
