"""Which mails a sequence would send, before anybody is enrolled."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from impactive_async.agents.answering.pages import Listing
from impactive_async.agents.answering.schemas import NUMBER, TEXT, TEXTS, Schema, page_schema
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import LENGTHS, Lengths, moment_of, value_of
from impactive_async.agents.tools.tool import Identifier, PageArguments, ToolCall, ToolSpec, listed
from impactive_async.rehearsal import Rehearsal, RehearsedMail

NAME: Final = "rehearse_sequence"
_TOLD: Final = 20
"""Warnings that are shown."""


class RehearseSequence(PageArguments):
    """Arguments of `rehearse_sequence`."""

    sequence_id: Identifier
    contact_ids: listed(Identifier, 1000) = Field(  # type: ignore[valid-type]
        default_factory=list, description="Ids of the contacts who would be enrolled."
    )
    days: float = Field(14, gt=0, le=366, description="How far to look ahead.")


async def rehearse_sequence(call: ToolCall, args: RehearseSequence) -> dict[str, Any]:
    """Work out which mails would go out. Nothing in the workspace changes."""
    service = call.service
    if args.cursor:
        return service.pages.go_on(NAME, args.cursor)
    done = await service.crm.rehearse(args.sequence_id, args.contact_ids, days=args.days)
    listing = Listing(
        tool=NAME, rows=done.mails, show=_shown, lengths=LENGTHS[args.view], key="mails", head=_head(done)
    )
    return service.pages.first(listing, args.limit)


def _head(done: Rehearsal) -> dict[str, Any]:
    messages = list(dict.fromkeys(warning.message for warning in done.all_warnings()))
    outcomes = [str(person.outcome) for person in done.people]
    return {
        "until": moment_of(done.ends_at),
        "people": {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)},
        "later": done.later,
        "elsewhere": len(done.elsewhere),
        "warning_counts": {str(kind): number for kind, number in done.counts().items()},
        "warnings": [fence(message, 200) for message in messages[:_TOLD]],
    }


def _shown(mail: RehearsedMail, lengths: Lengths) -> dict[str, Any]:
    known = {} if mail.contact_id is None else {"contact_id": value_of("contact_id", mail.contact_id, lengths)}
    warned = {"warnings": [str(warning.kind) for warning in mail.warnings]} if mail.warnings else {}
    return {
        "at": moment_of(mail.at),
        **known,
        "to": fence(mail.to, lengths.line),
        "step": mail.step,
        "subject": fence(mail.subject, lengths.line),
        "body": fence(mail.body, lengths.body),
        **warned,
    }


_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": NUMBER}
_MAIL: Final[Schema] = {
    "type": "object",
    "properties": {
        "at": TEXT,
        "contact_id": TEXT,
        "to": TEXT,
        "step": NUMBER,
        "subject": TEXT,
        "body": TEXT,
        "warnings": TEXTS,
    },
}

TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="Rehearse a sequence",
        description=(
            "Work out every mail that a sequence would send to some contacts: to whom, when, with placeholders"
            " filled as far as known, and warnings (no address, already enrolled, two mails in a day, weekend). It"
            " runs in memory: nothing is sent and nothing changes. Use it before enroll_people."
        ),
        arguments=RehearseSequence,
        output=page_schema(
            _MAIL,
            "mails",
            until=TEXT,
            people=_COUNTS,
            later={"type": "integer", "description": "Mails that would follow after that."},
            elsewhere={"type": "integer", "description": "Mails that other sequences send them meanwhile."},
            warning_counts=_COUNTS,
            warnings=TEXTS,
        ),
        body=rehearse_sequence,
    ),
)
