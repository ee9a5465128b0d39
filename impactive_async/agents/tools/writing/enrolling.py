"""Putting people on a sequence, pausing them, and taking them off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from pydantic import Field

from impactive_async import AsyncClient, Contact, Enrollment, EnrollReport, EnrollResult, Progress, RowList
from impactive_async import Sequence as SequenceRow
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import NUMBER, Schema
from impactive_async.agents.answering.together import together
from impactive_async.agents.job_files import AgentJob
from impactive_async.agents.jobs import Report
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import Lengths, value_of
from impactive_async.agents.tools.people import reachable_people
from impactive_async.agents.tools.tool import Identifier, ToolCall, ToolSpec, listed
from impactive_async.agents.tools.writing.flow import Written, as_job, begun, carried_out, result_of
from impactive_async.agents.tools.writing.plans import (
    WriteArguments,
    WritePlan,
    act_in_order,
    count,
    named,
    write_schema,
)

ENROLL: Final = "enroll_people"
STOP: Final = "stop_people"
MOST: Final = 5000
AT_ONCE: Final = 100
"""More people than these are enrolled by a job."""
_SHORT: Final = Lengths(100, 100)


class EnrollPeople(WriteArguments):
    """Arguments of `enroll_people`."""

    sequence_id: Identifier
    contact_ids: listed(Identifier, MOST) = Field(  # type: ignore[valid-type]
        default_factory=list, description="Ids of contacts."
    )
    tag_ids: listed(Identifier, 50) = Field(  # type: ignore[valid-type]
        default_factory=list, description="Everybody with one of these tags."
    )
    list_ids: listed(Identifier, 50) = Field(  # type: ignore[valid-type]
        default_factory=list, description="Everybody on one of these lists."
    )


async def enroll_people(call: ToolCall, args: EnrollPeople) -> Written:
    """Enroll people, after the user has agreed."""
    if job := begun(call, args, ENROLL):
        return call.service.pages.single(result_of(job) if job.result else await _enrolled(call, job))
    if not (args.contact_ids or args.tag_ids or args.list_ids):
        raise ToolRefused("Nobody to enroll: give contact_ids, tag_ids or list_ids.")
    sequence, people, rows = await _looked_at(call.service.crm, args.sequence_id, args.contact_ids)
    plan = _enroll_plan(args, sequence, people, {row.contact_id for row in rows})
    payload = {
        "sequence_id": args.sequence_id,
        "contact_ids": list(dict.fromkeys(args.contact_ids)),
        "tag_ids": args.tag_ids,
        "list_ids": args.list_ids,
    }
    return await carried_out(call, args, plan, partial(_begun, call, payload))


async def _looked_at(
    crm: AsyncClient, sequence_id: str, contact_ids: Sequence[str]
) -> tuple[SequenceRow, list[Contact], RowList[Enrollment]]:
    """Return the sequence, the contacts with these ids, and who is on the sequence."""
    sequence, rows, (people, _) = await together(
        crm.sequences.get(sequence_id), crm.sequences.enrollments(sequence_id), reachable_people(crm)
    )
    known = {one.id: one for one in people}
    chosen = [known.get(one) or Contact(id=one, first_name="", last_name="") for one in dict.fromkeys(contact_ids)]
    return sequence, chosen, rows


def _enroll_plan(
    args: EnrollPeople, sequence: SequenceRow, people: Sequence[Contact], enrolled: set[str]
) -> WritePlan:
    new = [one for one in people if one.id not in enrolled]
    steps = [[step.subject, step.body, step.delay_days] for step in sequence.steps or ()]
    whom = [f"{count(len(new), 'person', 'people')} ({named(new)})"] if new or people else []
    whom += [f"everybody with {count(len(args.tag_ids), 'tag', 'tags')}"] if args.tag_ids else []
    whom += [f"everybody on {count(len(args.list_ids), 'list', 'lists')}"] if args.list_ids else []
    warnings = []
    if already := len(people) - len(new):
        warnings.append(f"{count(already, 'other is', 'others are')} on it already and will be skipped.")
    if unknown := sum(not one.first_name and not one.email for one in new):
        warnings.append(f"{count(unknown, 'id is', 'ids are')} of nobody whom the API lists.")
    if unmailed := sum(bool(one.first_name) and not one.email for one in new):
        warnings.append(f"{count(unmailed, 'person has', 'people have')} no email address.")
    if not steps:
        warnings.append("The sequence has no steps: nothing would be sent.")
    return WritePlan(
        tool=ENROLL,
        summary=f"Enroll {' and '.join(whom)} on {_called(sequence)} of {count(len(steps), 'email', 'emails')}?",
        facts=[
            args.sequence_id,
            sorted(one.id for one in new),
            args.tag_ids,
            args.list_ids,
            sequence.status,
            steps,
        ],
        actions=[{"enroll": value_of("id", one.id, _SHORT), "name": named([one])} for one in new],
        asks=True,
        warnings=warnings,
    )


def _called(sequence: SequenceRow) -> str:
    return (
        f"the sequence {fence(sequence.name, 80)} ({value_of('status', sequence.status or 'no status', _SHORT)})"
    )


async def _begun(call: ToolCall, payload: dict[str, Any], digest: str) -> dict[str, Any]:
    return await _enrolled(call, AgentJob(digest, ENROLL, payload, total=len(payload["contact_ids"])))


async def _enrolled(call: ToolCall, job: AgentJob) -> dict[str, Any]:
    payload = job.payload
    if len(payload["contact_ids"]) > AT_ONCE and not (payload["tag_ids"] or payload["list_ids"]):
        return await as_job(call, job, partial(_work, call, job))
    return _told(await call.service.crm.sequences.enroll(**payload))


async def _work(call: ToolCall, job: AgentJob, report: Report) -> dict[str, Any]:
    async def progress(now: Progress) -> None:
        await report(now.done, now.total)

    ids = job.payload["contact_ids"]
    done = await call.service.crm.sequences.enroll_many(job.payload["sequence_id"], ids, on_progress=progress)
    return _reported(done)


def _told(result: EnrollResult) -> dict[str, Any]:
    skipped = [
        {
            "contact_id": value_of("contact_id", one.contact_id, _SHORT),
            "reason": value_of("reason", one.reason, _SHORT),
        }
        for one in result.skipped
    ]
    told: dict[str, Any] = {"outcome": "done", "skipped": skipped[:50], "skipped_total": len(skipped)}
    if result.enrolled_count is not None:
        told["enrolled"] = result.enrolled_count
    if result.attempts > 1:
        told["what_to_do"] = (
            "The request was repeated: who is already_enrolled may have been enrolled by this call."
        )
    return told


def _reported(report: EnrollReport) -> dict[str, Any]:
    told: dict[str, Any] = {
        "outcome": "done" if not (report.failed or report.unaccounted) else "partly_done",
        "enrolled": report.enrolled + report.perhaps_enrolled_now,
        "already_enrolled": report.already_enrolled,
        "skipped_total": len(report.skipped),
    }
    if report.failed:
        told["failed"] = [{"row": row.index, "reason": fence(row.reason, 200)} for row in report.failed[:20]]
        told["what_to_do"] = "Enrolling the same people again is safe: who is on the sequence is skipped."
    return told


class StopPeople(WriteArguments):
    """Arguments of `stop_people`."""

    action: Literal["pause", "unenroll"] = Field(
        description="pause: they get nothing more, and stay on it. unenroll: they are taken off, for good."
    )
    sequence_id: Identifier
    contact_ids: listed(Identifier, 200) = Field(  # type: ignore[valid-type]
        default_factory=list, description="Ids of contacts who are on the sequence."
    )
    everyone: bool = Field(False, description="Pause everybody who is active on it. Leave contact_ids out then.")


async def stop_people(call: ToolCall, args: StopPeople) -> Written:
    """Pause people on a sequence, or take them off."""
    if args.everyone == bool(args.contact_ids) or (args.everyone and args.action == "unenroll"):
        raise ToolRefused("Say whom: contact_ids, or everyone=true to pause all. Nobody can unenroll all at once.")
    sequence, people, rows = await _looked_at(call.service.crm, args.sequence_id, args.contact_ids)
    states = {row.contact_id: str(row.status) for row in rows}
    missing = [one for one in people if one.id not in states]
    if missing and not rows.truncated:
        raise ToolRefused(
            f"Not on this sequence: {', '.join(str(value_of('id', one.id, _SHORT)) for one in missing[:20])}."
        )
    plan = _stop_plan(args, sequence, people, states)
    return await carried_out(call, args, plan, partial(_stopped, call.service.crm, args, people))


def _stop_plan(
    args: StopPeople, sequence: SequenceRow, people: Sequence[Contact], states: Mapping[str, str]
) -> WritePlan:
    active = sorted(one for one, state in states.items() if state == "active")
    whom = (
        f"everyone active, {count(len(active), 'person', 'people')},"
        if args.everyone
        else f"{count(len(people), 'person', 'people')} ({named(people)})"
    )
    deed = "Pause" if args.action == "pause" else "Take off for good"
    return WritePlan(
        tool=STOP,
        summary=f"{deed} {whom} on {_called(sequence)}?",
        facts=[
            args.action,
            args.sequence_id,
            active if args.everyone else sorted([one.id, states.get(one.id, "")] for one in people),
        ],
        actions=[{args.action: value_of("id", one.id, _SHORT), "name": named([one])} for one in people],
        asks=args.everyone or len(people) > 1 or args.action == "unenroll",
    )


async def _stopped(crm: AsyncClient, args: StopPeople, people: Sequence[Contact], _: str) -> dict[str, Any]:
    if args.action == "pause":
        ids = None if args.everyone else [one.id for one in people]
        result = await crm.sequences.pause(args.sequence_id, contact_ids=ids)
        known = {} if result.paused_count is None else {"paused": result.paused_count}
        return {"outcome": "done", **known}
    return await act_in_order(
        [
            (
                f"took off {value_of('id', one.id, _SHORT)}",
                partial(crm.sequences.unenroll, args.sequence_id, one.id),
            )
            for one in people
        ]
    )


_SKIPPED: Final[Schema] = {"type": "array", "items": {"type": "object"}}

TOOLS: Final = (
    ToolSpec(
        name=ENROLL,
        title="Enroll people on a sequence",
        description=(
            "Put people on an email sequence, so that they are sent its emails. Whoever is on it already is"
            " skipped. Before: show_sequence, and rehearse_sequence to see which mails would go"
            " out. Call it with plan=true first, then with the digest. More than 100 people are a job."
        ),
        arguments=EnrollPeople,
        output=write_schema(enrolled=NUMBER, already_enrolled=NUMBER, skipped=_SKIPPED, skipped_total=NUMBER),
        body=enroll_people,
        writes=True,
        asks="always",
        destructive=True,
    ),
    ToolSpec(
        name=STOP,
        title="Pause or unenroll people",
        description=(
            "Pause people on a sequence (they get nothing more; use it when somebody asks to stop, or has"
            " answered), or take them off for good. Nobody can be resumed or put back but by a person in the app."
        ),
        arguments=StopPeople,
        output=write_schema(paused=NUMBER),
        body=stop_people,
        writes=True,
        asks="to pause more than one person, and to take anybody off",
        destructive=True,
    ),
)
