"""The lists of a workspace: sequences, replies, companies, deals and the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Sequence as Rows
from datetime import UTC, datetime
from typing import Any, Final, Literal

import attrs
from pydantic import Field

from impactive_async import (
    APIError,
    AsyncClient,
    Booking,
    Company,
    Deal,
    Enrollment,
    Invoice,
    NotFoundError,
    Project,
    Reply,
    RowList,
    Send,
    SendingAccount,
    Sequence,
)
from impactive_async.agents.answering.pages import Listing
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import NUMBER, TEXT, page_schema, row_schema
from impactive_async.agents.answering.together import together
from impactive_async.agents.job_files import AgentJob
from impactive_async.agents.text.rows import Lengths, text_of
from impactive_async.agents.tools.people import CUT, MOST_SEQUENCES, contains
from impactive_async.agents.tools.tool import Identifier, PageArguments, Text, ToolCall, ToolSpec

Kind = Literal[
    "sequences",
    "replies",
    "sends",
    "enrollments",
    "companies",
    "deals",
    "invoices",
    "projects",
    "bookings",
    "sending_accounts",
    "jobs",
]


@attrs.frozen
class RecordKind:
    """A kind of record.

    Attributes:
        row: The class of its rows.
        read: Fetches the list of the workspace, or of one sequence.
        moment: The field that `since` is compared with.
        of_sequence: Whether each sequence has a list of its own.
    """

    row: type
    read: Callable[..., Awaitable[RowList[Any]]]
    moment: str = "updated_at"
    of_sequence: bool = False


KINDS: Final[Mapping[str, RecordKind]] = {
    "sequences": RecordKind(Sequence, lambda crm: crm.sequences.list()),
    "replies": RecordKind(Reply, lambda crm, of: crm.sequences.replies(of), "email_date", of_sequence=True),
    "sends": RecordKind(Send, lambda crm, of: crm.sequences.sends(of), "email_date", of_sequence=True),
    "enrollments": RecordKind(Enrollment, lambda crm, of: crm.sequences.enrollments(of), of_sequence=True),
    "companies": RecordKind(Company, lambda crm: crm.zapier.companies.list_all()),
    "deals": RecordKind(Deal, lambda crm: crm.zapier.deals.list_all()),
    "invoices": RecordKind(Invoice, lambda crm: crm.zapier.invoices.list_all()),
    "projects": RecordKind(Project, lambda crm: crm.zapier.projects.list_all()),
    "bookings": RecordKind(Booking, lambda crm: crm.bookings.list(), "start_time"),
    "sending_accounts": RecordKind(SendingAccount, lambda crm: crm.sending_accounts.list(), ""),
}


class ListRecords(PageArguments):
    """Arguments of `list_records`."""

    kind: Kind = Field(description="What to list.")
    query: Text | None = Field(None, description="Words that must all occur in the texts of a row.")
    sequence_id: Identifier | None = Field(
        None, description="Of replies, sends and enrollments: of this sequence. Left out: of all sequences."
    )
    status: Text | None = Field(None, description="Only rows with this status, or of deals this stage.")
    since: datetime | None = Field(
        None, description="Only rows changed, dated or (bookings) starting at this moment or later, ISO 8601."
    )


@attrs.frozen
class RowOfSequence:
    """A row of the list of one sequence."""

    row: Any
    sequence_id: str


async def list_records(call: ToolCall, args: ListRecords) -> dict[str, Any]:
    """List the records of a kind."""
    service = call.service
    if args.cursor:
        return service.pages.go_on("list_records", args.cursor)
    if args.kind == "jobs":
        return service.pages.first(_jobs(service.jobs.all()), args.limit)
    kind = KINDS[args.kind]
    shape = args.shape(kind.row)
    rows, remarks = await _rows(service.crm, kind, args)

    def show(one: Any, lengths: Lengths) -> dict[str, Any]:
        if not isinstance(one, RowOfSequence):
            return shape.show(one, lengths)
        return {**shape.show(one.row, lengths), "sequence_id": text_of("sequence_id", one.sequence_id, lengths)}

    found = [one for one in rows if _is_wanted(_row_of(one), kind, args)]
    listing = Listing(
        tool="list_records", rows=found, show=show, lengths=shape.lengths, incomplete=" ".join(remarks)
    )
    return service.pages.first(listing, args.limit)


def _jobs(jobs: Rows[AgentJob]) -> Listing:
    return Listing(tool="list_records", rows=jobs[::-1], show=lambda job, lengths: job.shown(lengths.items))


def _row_of(one: Any) -> Any:
    return one.row if isinstance(one, RowOfSequence) else one


async def _rows(crm: AsyncClient, kind: RecordKind, args: ListRecords) -> tuple[Rows[Any], list[str]]:
    """Return the rows, and why they may not be all, in words."""
    if not kind.of_sequence:
        if args.sequence_id:
            raise ToolRefused(f"{args.kind} belong to no sequence. Leave sequence_id out.")
        rows = await kind.read(crm)
        return rows, [CUT] if rows.truncated else []
    if args.sequence_id:
        rows = await kind.read(crm, args.sequence_id)
        return [RowOfSequence(row, args.sequence_id) for row in rows], [CUT] if rows.truncated else []
    return await _rows_of_all(crm, kind)


async def _rows_of_all(crm: AsyncClient, kind: RecordKind) -> tuple[Rows[Any], list[str]]:
    """Return the rows of all sequences, the newest first. A row that several lists show comes once."""
    sequences = [row for row in await crm.sequences.list() if row.status != "archived"]
    searched = sequences[:MOST_SEQUENCES]
    lists = await together(*(_rows_of_one(crm, kind, row.id) for row in searched))
    remarks = [CUT] if any(rows.truncated for rows in lists if rows is not None) else []
    if len(sequences) > MOST_SEQUENCES:
        remarks.append(f"Only {MOST_SEQUENCES} of {len(sequences)} sequences were read: name a sequence_id.")
    if failed := sum(rows is None for rows in lists):
        remarks.append(f"The lists of {failed} sequences could not be read.")
    found = {
        row.id: RowOfSequence(row, one.id) for one, rows in zip(searched, lists, strict=True) for row in rows or ()
    }
    return sorted(found.values(), key=lambda one: _moment(one.row, kind), reverse=True), remarks


async def _rows_of_one(crm: AsyncClient, kind: RecordKind, sequence_id: str) -> RowList[Any] | None:
    try:
        return await kind.read(crm, sequence_id)
    except NotFoundError:
        return RowList()
    except APIError:
        return None


def _moment(row: Any, kind: RecordKind) -> datetime:
    moment = getattr(row, kind.moment, None)
    return moment if isinstance(moment, datetime) else datetime.min.replace(tzinfo=UTC)


def _is_wanted(row: Any, kind: RecordKind, args: ListRecords) -> bool:
    if args.since and _moment(row, kind) < _aware(args.since):
        return False
    state = getattr(row, "stage_name", None) if kind.row is Deal else getattr(row, "status", None)
    if args.status and (state or "").casefold() != args.status.casefold():
        return False
    return not args.query or contains(args.query, _texts(row))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _texts(row: Any) -> list[str]:
    """Return the texts of a row and of the rows in it."""
    values = [getattr(row, field.name) for field in attrs.fields(type(row)) if field.name != "extra"]
    nested = [text for value in values if attrs.has(type(value)) for text in _texts(value)]
    return [value for value in values if isinstance(value, str)] + nested


_ROW: Final = row_schema(
    *(kind.row for kind in KINDS.values()),
    sequence_id=TEXT,
    job=TEXT,
    tool=TEXT,
    state=TEXT,
    done=NUMBER,
    result={},
)

TOOLS: Final = (
    ToolSpec(
        name="list_records",
        title="List records",
        description=(
            "List sequences, replies, sends, enrollments, companies, deals, invoices, projects, bookings,"
            " sending_accounts or the jobs of this server, filtered by words, status, sequence or time. Use"
            " kind='sequences' to learn the id of a sequence, kind='replies' to read what people wrote back (the"
            " newest first). For people use find_people, for sums over deals use pipeline."
        ),
        arguments=ListRecords,
        output=page_schema(_ROW),
        body=list_records,
    ),
)
