"""`impactive bookings`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import extra_fields, extra_option, given, moment
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("bookings", help="Booked meetings: list, create.")


@command("list", app, example="impactive bookings list", rows="impactive_async:Booking")
async def list_bookings(run: Run) -> None:
    """List all bookings."""
    run.show(await run.crm.bookings.list())


@command(
    "create",
    app,
    example="impactive bookings create --title Call --start 2026-05-07T14:00Z --contact con_123",
    rows="impactive_async:Booking",
    writes=True,
)
@option("--title")
@option("--start", metavar="MOMENT", help="As 2026-05-07T14:00Z.")
@option("--end", metavar="MOMENT")
@option("--contact", metavar="ID", help="With whom.")
@option("--guest-name", help="Who comes, if no contact.")
@option("--guest-email")
@option("--notes")
@extra_option
async def create_booking(
    run: Run,
    title: str | None,
    start: str | None,
    end: str | None,
    contact: str | None,
    guest_name: str | None,
    guest_email: str | None,
    notes: str | None,
    extra: Sequence[str],
) -> None:
    """Book a meeting. Never sent twice: if the outcome is unknown, that is what it says."""
    booking = await run.crm.bookings.create(
        title=given(title),
        start_time=given(moment(start)),
        end_time=given(moment(end)),
        contact_id=given(contact),
        guest_name=given(guest_name),
        guest_email=given(guest_email),
        notes=given(notes),
        extra=extra_fields(extra),
    )
    run.show([booking])
