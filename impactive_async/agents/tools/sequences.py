"""A sequence with its steps, and how it does: enrolled, sent, replied, booked."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from impactive_async import AsyncClient, Booking, Enrollment, Reply, RowList, Send, Sequence, Step
from impactive_async.agents.answering.pages import listing_of
from impactive_async.agents.answering.schemas import NUMBER, YES_OR_NO, Schema, page_schema, row_schema
from impactive_async.agents.answering.together import together
from impactive_async.agents.text.rows import LENGTHS, RowShape, field_names
from impactive_async.agents.tools.tool import Identifier, PageArguments, ToolCall, ToolSpec

STAGES: Final = ("enrolled", "sent", "replied", "booked")
"""The stages of the funnel, each a part of the people of the one before."""


class ShowSequence(PageArguments):
    """Arguments of `show_sequence`."""

    sequence_id: Identifier = Field(description="From list_records(kind='sequences').")
    report: bool = Field(False, description="Also how it does: people enrolled, sent to, who replied, who booked.")


async def show_sequence(call: ToolCall, args: ShowSequence) -> dict[str, Any]:
    """Show a sequence with its steps."""
    service = call.service
    if args.cursor:
        return service.pages.go_on("show_sequence", args.cursor)
    shape, crm = args.shape(Step), service.crm
    sequence = await crm.sequences.get(args.sequence_id)
    head: dict[str, Any] = {"sequence": _without_steps(sequence)}
    remarks: list[str] = []
    if args.report:
        head["report"], remarks = await report_of(crm, sequence)
    listing = listing_of("show_sequence", sequence.steps or (), shape, key="steps", head=head, remarks=remarks)
    return service.pages.first(listing, args.limit)


def _without_steps(sequence: Sequence) -> dict[str, Any]:
    names = tuple(name for name in field_names(Sequence) if name != "steps")
    return RowShape(fields=names).show(sequence, LENGTHS["summary"])


async def report_of(crm: AsyncClient, sequence: Sequence) -> tuple[dict[str, Any], list[str]]:
    """Return the report of a sequence, and where its numbers are incomplete, in words."""
    enrolled, sends, replies, bookings = await together(
        crm.sequences.enrollments(sequence.id),
        crm.sequences.sends(sequence.id),
        crm.sequences.replies(sequence.id),
        crm.bookings.list(),
    )
    lists: dict[str, RowList[Any]] = {
        "enrollments": enrolled,
        "sends": sends,
        "replies": replies,
        "bookings": bookings,
    }
    cut = [name for name, rows in lists.items() if rows.truncated]
    remarks = (
        [f"The API shows only a part of the {' and '.join(cut)}: these numbers are lower bounds."] if cut else []
    )
    return _funnel(sequence, enrolled, sends, replies, bookings) | {"lower_bounds": bool(cut)}, remarks


def _funnel(
    sequence: Sequence,
    enrolled: list[Enrollment],
    sends: list[Send],
    replies: list[Reply],
    bookings: list[Booking],
) -> dict[str, Any]:
    people = {row.contact_id for row in enrolled}
    counts = sequence.enrollment_counts
    sent = {row.contact_id for row in sends}
    replied = {row.contact_id for row in replies}
    booked = {row.contact_id for row in bookings} & (people | sent)
    states = {name: getattr(counts, name) for name in _STATES} if counts else {}
    return {
        "people": {
            "enrolled": max(len(people), counts.total if counts else 0),
            "sent": len(sent),
            "replied": len(replied),
            "booked": len(booked),
        },
        "enrollments_by_status": states,
        "emails_sent": len(sends),
        "replies": len(replies),
        "send_errors": sum(bool(row.last_send_error) for row in enrolled),
    }


_STATES: Final = ("active", "paused", "completed", "unsubscribed")
_NUMBERS: Final[Schema] = {"type": "object", "additionalProperties": NUMBER}

TOOLS: Final = (
    ToolSpec(
        name="show_sequence",
        title="Show a sequence",
        description=(
            "Show one email sequence: status, sending account, enrollment counts and its steps in order. With"
            " report=true also the funnel: people enrolled, sent to, who replied, who booked. Use it before"
            " changing a sequence or enrolling people, and for reports."
        ),
        arguments=ShowSequence,
        output=page_schema(
            row_schema(Step),
            "steps",
            sequence=row_schema(Sequence),
            report={
                "type": "object",
                "properties": {
                    "people": _NUMBERS,
                    "enrollments_by_status": _NUMBERS,
                    "emails_sent": NUMBER,
                    "replies": NUMBER,
                    "send_errors": NUMBER,
                    "lower_bounds": YES_OR_NO,
                },
            },
        ),
        body=show_sequence,
    ),
)
