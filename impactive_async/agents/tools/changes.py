"""What is new since the last time."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from impactive_async.agents.answering.pages import MOST_ROWS, ROWS, Listing
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT, page_schema, row_schema
from impactive_async.agents.changes.log import LoggedChange
from impactive_async.agents.changes.sources import FOLLOWED
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import LENGTHS, Lengths, RowShape, View, text_of
from impactive_async.agents.tools.tool import Text, ToolArguments, ToolCall, ToolSpec, listed
from impactive_async.hub import HubEvent
from impactive_async.resources.watching.lists import LISTS

NAME: Final = "changes_since"
_GAP: Final = "com.impactiveai.feed."
Followed = Literal[
    "enrollments", "sends", "replies", "companies", "contacts", "deals", "invoices", "projects", "bookings"
]


class ChangesSince(ToolArguments):
    """Arguments of `changes_since`."""

    token: Text | None = Field(
        None,
        description="From the answer before. 'last': where the last reader was. Left out: from now on.",
    )
    kinds: listed(Followed, len(FOLLOWED)) | None = Field(  # type: ignore[valid-type]
        None, description="Only these kinds of rows, such as ['replies']. Gaps are always told."
    )
    limit: int = Field(ROWS, ge=1, le=MOST_ROWS, description="Changes of one answer, at the most.")
    view: View = Field("summary", description="summary: few fields, short texts; full: every field, long texts.")


async def changes_since(call: ToolCall, args: ChangesSince) -> dict[str, Any]:
    """Return what has changed since a token."""
    service = call.service
    if service.changes is None:
        raise ToolRefused("This server follows no changes. Use list_records with since.")
    read, start = await service.changes.since(args.token, args.limit)
    wanted = [change for change in read.changes if _is_wanted(change.event, args.kinds)]
    remarks = list(read.remarks)
    if args.token is None:
        remarks.append("Changes are told from now on: call again with the token. What was before is in the lists.")

    def show(change: LoggedChange, lengths: Lengths) -> dict[str, Any]:
        return _shown(change.event, args.view, lengths)

    listing = Listing(
        tool=NAME, rows=wanted, show=show, lengths=LENGTHS[args.view], key="changes", remarks=remarks
    )
    page = service.pages.first(listing, args.limit)
    page.pop("cursor", None)
    shown = len(page["changes"])
    last = read.changes[-1].number if read.changes else max(start, read.state.first - 1)
    reached = wanted[shown - 1].number if shown < len(wanted) else last
    more = reached < read.state.end
    return {**page, "total": shown, "truncated": more, "token": read.token(reached), "more": more}


def _is_wanted(event: HubEvent, kinds: list[str] | None) -> bool:
    return kinds is None or event.type.startswith(_GAP) or _kind_of(event) in kinds


def _kind_of(event: HubEvent) -> str:
    return event.subject.rpartition("/")[2] if event.type.startswith(_GAP) else event.subject.partition("/")[0]


def _shown(event: HubEvent, view: View, lengths: Lengths) -> dict[str, Any]:
    """Return a change: its kind, its sequence, and its row, or what is missing."""
    told: dict[str, Any] = {"kind": text_of("kind_id", _kind_of(event), lengths)}
    if event.sequence_ids:
        told["sequence_id"] = text_of("sequence_id", event.sequence_ids[0], lengths)
    if event.type == f"{_GAP}gap":
        return {**told, "gap": _gap_in_words(event)}
    row = event.row
    if row is None:
        return {**told, "unreadable": f"A row of {fence(event.subject, 80)} cannot be read. Tell the user."}
    return {**told, **RowShape(view).show(row, lengths)}


def _gap_in_words(event: HubEvent) -> str:
    after, before = event.data.get("after"), event.data.get("before")
    span = f"from {after or 'the beginning'} to {before or 'now'}"
    if event.data.get("kind") == "history":
        return (
            f"Of {fence(event.subject, 80)}, rows {span} are older than what the API shows: they are not reported."
        )
    return (
        f"Of {fence(event.subject, 80)}, rows {span} may be missing: more changed than the API shows at once. Look"
        " at the list itself (list_records with since)."
    )


_CHANGE: Final = row_schema(
    *(LISTS[kind].row for kind in FOLLOWED), kind=TEXT, sequence_id=TEXT, gap=TEXT, unreadable=TEXT
)

TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="What is new",
        description=(
            "Tell what has changed since a token: new replies, mails that went out, enrollments that went on,"
            " bookings, deals, contacts and the rest, each version once, the oldest first. Call it once without a"
            " token to begin, keep the token of each answer, and pass it the next time. A gap says in words what"
            " the API could not show."
        ),
        arguments=ChangesSince,
        output=page_schema(
            _CHANGE,
            "changes",
            token={"type": "string", "description": "What to pass the next time."},
            more={"type": "boolean", "description": "Whether there is more already: call again at once."},
        ),
        body=changes_since,
    ),
)
