"""From a plan to its result: shown, checked against its digest, asked about, carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.types import InputRequiredResult

from impactive_async import APIError
from impactive_async.agents.answering.refusals import ToolRefused, explain
from impactive_async.agents.jobs import AgentJob, JobWork
from impactive_async.agents.text.tokens import compact
from impactive_async.agents.tools.tool import ToolCall
from impactive_async.agents.tools.writing.consent import consent
from impactive_async.agents.tools.writing.plans import WriteArguments, WritePlan

Written = dict[str, Any] | InputRequiredResult


async def carried_out(
    call: ToolCall, args: WriteArguments, plan: WritePlan, work: Callable[[], Awaitable[Mapping[str, Any]]]
) -> Written:
    """Show a plan, or carry it out once the user has agreed where that is needed.

    Raises:
        ToolRefused: The user does not agree, or the digest is of another plan.
        APIError: The write failed, and certainly did nothing.
    """
    pages = call.service.pages
    if args.plan:
        return pages.single(plan.shown())
    if args.digest is not None and args.digest != plan.digest:
        raise ToolRefused(
            "Nothing was done: what would be done is no longer what that digest stands for. Look at the new plan,"
            f" and call with its digest if it is still right: {compact(pages.single(plan.shown()))}"
        )
    if plan.asks and (question := await consent(call, plan)):
        return question
    try:
        return pages.single(await work())
    except APIError as error:
        if not error.outcome_unknown:
            raise
        return pages.single({"outcome": "unknown", "what_to_do": explain(error)})


async def as_job(call: ToolCall, job: AgentJob, work: JobWork) -> dict[str, Any]:
    """Carry out work as a job, with notices of its progress; return the result, or how to ask for it."""
    service = call.service

    async def told(done: int, total: int | None) -> None:
        await call.context.session.report_progress(done, total, f"{done:,} of {total:,}" if total else None)

    return result_of(await service.jobs.run(job, work, told, service.settings.patience))


def result_of(job: AgentJob) -> dict[str, Any]:
    """Return the result of a job, or where it is."""
    if job.result is not None:
        return {**job.result, "job": job.id}
    how = "It goes on by itself. Ask for its result with digest, or with list_records(kind='jobs')."
    return {"outcome": "running", **job.shown(), "what_to_do": how} | {"outcome": "running"}


def begun(call: ToolCall, args: WriteArguments, tool: str) -> AgentJob | None:
    """Return the job that a digest names; `None`: there is none, so the digest is one of a plan."""
    job = call.service.jobs.known(args.digest) if args.digest and not args.plan else None
    return job if job is not None and job.tool == tool else None
