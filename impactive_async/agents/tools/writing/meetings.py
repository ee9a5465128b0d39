"""Booking a meeting."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import AwareDatetime, Field

from impactive_async import AsyncClient
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import Lengths, moment_of, value_of
from impactive_async.agents.tools.tool import Identifier, Text, ToolCall, ToolSpec
from impactive_async.agents.tools.writing.flow import Written, carried_out
from impactive_async.agents.tools.writing.plans import WriteArguments, WritePlan, write_schema

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
    plan = WritePlan(
        tool=NAME,
        summary=f"Book {fence(args.title, 100)} with {fence(whom, 80)} at {moment_of(args.start_time)}?",
        facts=facts,
    )
    return await carried_out(call, args, plan, partial(_booked, call.service.crm, given))


async def _booked(crm: AsyncClient, values: dict[str, Any]) -> dict[str, Any]:
    made = await crm.bookings.create(**values)
    return {"outcome": "done", "booking_id": value_of("id", made.id, Lengths(80, 80))}


TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="Book a meeting",
        description=(
            "Book one meeting, usually with a contact. Look at list_records(kind='bookings') first, so that"
            " nothing is booked twice: the service does not notice."
        ),
        arguments=BookMeeting,
        output=write_schema(booking_id=TEXT),
        body=book_meeting,
        writes=True,
        idempotent=False,
    ),
)
