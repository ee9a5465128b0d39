"""`impactive bookings`."""

from typing import Annotated

import typer

from impactive_async.cli._arguments import Extra, extra_fields, given, moment
from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="Booked meetings: list, create.")


@command(app, "list", example="impactive bookings list")
async def list_bookings(run: Run) -> None:
    """List all bookings."""
    run.show(await run.crm.bookings.list())


@command(
    app,
    "create",
    example="impactive bookings create --title Call --start 2026-05-07T14:00Z --contact con_123",
    writes=True,
)
async def create_booking(
    run: Run,
    title: Annotated[str | None, typer.Option(show_default=False)] = None,
    start: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="As 2026-05-07T14:00Z.", show_default=False)
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="MOMENT", show_default=False)] = None,
    contact: Annotated[str | None, typer.Option(metavar="ID", help="With whom.", show_default=False)] = None,
    guest_name: Annotated[str | None, typer.Option(help="Who comes, if no contact.", show_default=False)] = None,
    guest_email: Annotated[str | None, typer.Option(show_default=False)] = None,
    notes: Annotated[str | None, typer.Option(show_default=False)] = None,
    extra: Extra = None,
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
