"""Booking a meeting."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import AwareDatetime, Field

from impactive_async import AsyncClient, Booking, NotFoundError, PermissionDeniedError
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import Lengths, moment_of, value_of
from impactive_async.agents.tools.tool import Identifier, Text, ToolCall, ToolSpec
from impactive_async.agents.tools.writing.flow import Written, carried_out
from impactive_async.agents.tools.writing.plans import NAMED, WriteArguments, WritePlan, write_schema

NAME: Final = "book_meeting"


class BookMeeting(WriteArguments):
    """Arguments of `book_meeting`."""

    title: Text = Field(min_length=1, max_length=300)
    start_time: AwareDatetime = Field(description="With a time zone, as 2026-05-06T09:00:00+02:00.")
    end_time: AwareDatetime
    contact_id: Identifier | None = Field(None, description="The contact whom it is with.")
    guest_name: Text | None = None
    guest_email: Text | None = None
    notes: Text | None = Field(None, max_length=4000)


async def book_meeting(call: ToolCall, args: BookMeeting) -> Written:
    """Book a meeting."""
    if args.end_time <= args.start_time:
        raise ToolRefused("The meeting ends before it begins. Correct start_time or end_time.")
    values = {name: getattr(args, name) for name in BookMeeting.model_fields if name not in ("plan", "digest")}
    given = {name: value for name, value in values.items() if value is not None}
    facts = {name: moment_of(one) if isinstance(one, datetime) else one for name, one in given.items()}
    whom = args.guest_name or args.guest_email or args.contact_id or "nobody in particular"
    there, warnings = await _there_already(call.service.crm, args.start_time, args.end_time)
    plan = WritePlan(
        tool=NAME,
        summary=f"Book {fence(args.title, 100)} with {fence(whom, 80)} at {moment_of(args.start_time)}?",
        facts=[facts, there],  # so that the plan is another one once it is booked
        asks=True,
        warnings=warnings,
    )
    return await carried_out(call, args, plan, partial(_booked, call.service.crm, given))


async def _there_already(crm: AsyncClient, start: datetime, end: datetime) -> tuple[list[str], list[str]]:
    """Return the ids of what is booked at that time, and what the user should know of it."""
    try:
        rows = await crm.bookings.list()
    except (PermissionDeniedError, NotFoundError):
        return [], ["The key may not read the bookings: whether something is booked then is not known."]
    there = [row for row in rows if _overlaps(row, start, end)]
    named = ", ".join(fence(row.title or row.id, 60) for row in there[:NAMED])
    warnings = [f"Booked already at that time: {named}."] if there else []
    return sorted(row.id for row in there), warnings


def _overlaps(row: Booking, start: datetime, end: datetime) -> bool:
    """Whether a booking is in the way; of one without an end, whether it begins then."""
    if row.start_time is None or row.status in ("cancelled", "canceled"):
        return False
    if row.end_time is None or row.end_time <= row.start_time:
        return start <= row.start_time < end
    return row.start_time < end and start < row.end_time


async def _booked(crm: AsyncClient, values: dict[str, Any], _: str) -> dict[str, Any]:
    made = await crm.bookings.create(**values)
    return {"outcome": "done", "booking_id": value_of("id", made.id, Lengths(80, 80))}


TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="Book a meeting",
        description=(
            "Book one meeting, usually with a contact, who may get an invitation. No tool takes it back. Call it"
            " with plan=true first: the plan says what is booked at that time already, which the service does not"
            " notice."
        ),
        arguments=BookMeeting,
        output=write_schema(booking_id=TEXT),
        body=book_meeting,
        writes=True,
        asks="always",
        idempotent=False,
    ),
)
