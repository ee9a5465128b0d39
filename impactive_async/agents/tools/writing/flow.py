"""From a plan to its result: shown, checked against its digest, asked about, carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import attrs
from mcp.types import InputRequiredResult, LoggingMessageNotification, LoggingMessageNotificationParams

from impactive_async import APIError
from impactive_async.agents.answering.refusals import ToolRefused, explain
from impactive_async.agents.job_files import JOBS_URI, AgentJob
from impactive_async.agents.jobs import JobWork
from impactive_async.agents.service import AgentService
from impactive_async.agents.text.tokens import compact
from impactive_async.agents.tools.tool import ToolCall
from impactive_async.agents.tools.writing.consent import consent, is_of_older_era
from impactive_async.agents.tools.writing.plans import WriteArguments, WritePlan

Written = dict[str, Any] | InputRequiredResult


async def carried_out(
    call: ToolCall, args: WriteArguments, plan: WritePlan, work: Callable[[str], Awaitable[Mapping[str, Any]]]
) -> Written:
    """Show a plan, or carry it out once the user has agreed where that is needed. `work` is given the digest.

    Raises:
        ToolRefused: The user does not agree, or the digest is of another plan.
        APIError: The write failed, and certainly did nothing.
    """
    pages, plan = call.service.pages, _renewed(call, plan)
    if args.plan:
        return pages.single(plan.shown())
    if args.digest is not None and args.digest != plan.digest:
        raise ToolRefused(
            "Nothing was done: what would be done is no longer what that digest stands for. Look at the new plan,"
            f" and call with its digest if it is still right: {compact(pages.single(plan.shown()))}"
        )
    if plan.asks and (question := await consent(call, plan)):
        return question
    return pages.single(
        await call.service.carried.run(_key(plan.tool, plan.digest), partial(_outcome, work, plan.digest))
    )


def _renewed(call: ToolCall, plan: WritePlan) -> WritePlan:
    """Return a plan whose digest stands for nothing that is done already: the same may be wanted again."""
    while _is_done(call.service, plan):
        plan = attrs.evolve(plan, again=plan.again + 1)
    return plan


def _is_done(service: AgentService, plan: WritePlan) -> bool:
    job = service.jobs.known(plan.digest)
    return service.carried.is_done(_key(plan.tool, plan.digest)) or (job is not None and job.result is not None)


def _key(tool: str, digest: str) -> str:
    return f"{tool} {digest}"


async def _outcome(work: Callable[[str], Awaitable[Mapping[str, Any]]], digest: str) -> Mapping[str, Any]:
    try:
        return await work(digest)
    except APIError as error:
        if not error.outcome_unknown:
            raise
        return {"outcome": "unknown", "what_to_do": explain(error)}


async def done_before(call: ToolCall, args: Any) -> dict[str, Any] | None:
    """Return what came of a digest that is carried out already, or under way; `None`: nothing has."""
    if not isinstance(args, WriteArguments) or args.plan or args.digest is None:
        return None
    outcome = await call.service.carried.result(_key(call.params.name, args.digest))
    return None if outcome is None else call.service.pages.single({**outcome, "digest": args.digest})


async def as_job(call: ToolCall, job: AgentJob, work: JobWork) -> dict[str, Any]:
    """Carry out work as a job, with notices of its progress; return the result, or how to ask for it."""
    service = call.service

    async def told(done: int, total: int | None) -> None:
        await call.context.session.report_progress(done, total, f"{done:,} of {total:,}" if total else None)

    async def later(ended: AgentJob) -> None:
        is_quiet = id(call.context.session.client_params) in service.quiet
        if is_of_older_era(call) and not is_quiet:  # in the newer one, only whoever listens to the job can be told
            await call.context.session.send_notification(_over(ended))

    return result_of(await service.jobs.run(job, work, told, service.settings.patience, later))


def _over(job: AgentJob) -> LoggingMessageNotification:
    """Return the notice that a job is over: an id and words of this server."""
    outcome = (job.result or {}).get("outcome", job.state)
    text = f"The job {job.id} ({job.tool}) is over: {outcome}. Call {job.tool} with this digest for the result."
    params = LoggingMessageNotificationParams(level="notice", logger="impactive.jobs", data=text)
    return LoggingMessageNotification(params=params)


def result_of(job: AgentJob) -> dict[str, Any]:
    """Return the result of a job, or where it is."""
    if job.result is not None:
        return {**job.result, "job": job.id}
    how = (
        "It goes on by itself. Ask for its result with digest, or with list_records(kind='jobs'); a client that"
        f" subscribes to {JOBS_URI}/{job.id} is told of its end."
    )
    return {"outcome": "running", **job.shown(), "what_to_do": how} | {"outcome": "running"}


def begun(call: ToolCall, args: WriteArguments, tool: str) -> AgentJob | None:
    """Return the job that a digest names; `None`: there is none, so the digest is one of a plan."""
    job = call.service.jobs.known(args.digest) if args.digest and not args.plan else None
    return job if job is not None and job.tool == tool else None
