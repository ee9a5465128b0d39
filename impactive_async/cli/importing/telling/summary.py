"""What came of an import: what was not created and why, sums that add up to the file's lines, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from impactive_async import CreateReport
from impactive_async.bulk.refusals import is_about_the_rows
from impactive_async.bulk.report import NOT_SENT
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.importing.telling.findings import tell_complaints
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.words.complaints import Complaints
from impactive_async.cli.kit.words.wording import count

if TYPE_CHECKING:
    from impactive_async import RowFailure


def tell_report(run: Run, plan: Plan, report: CreateReport) -> list[Complaints]:
    """Say of each line that has no contact what kept it from having one, and how many have; returns the former."""
    told = []
    failed = [failure for failure in report.failed if failure.reason != NOT_SENT]
    with run.signals.at_once():
        lines = plan.lines_of([failure.index for failure in (*failed, *report.unknown)])
    for what, failures in (("not created", failed), ("perhaps created", report.unknown)):
        complaints = Complaints(what)
        for failure in failures:
            complaints.add(lines[failure.index], in_our_words(failure.reason))
        tell_complaints(run, plan, complaints)
        told.append(complaints)
    if report.unknown:
        run.note(_way_forward(len(report.unknown)))
    run.summary("create", sums(plan, report))
    return told


def sums(plan: Plan, report: CreateReport) -> dict[str, int]:
    """What became of the lines of the file: the first number is the sum of the others."""
    parts = {
        "created": report.created,
        "already_created": report.already_created,
        "updated": plan.number(Fate.UPDATED) - len(plan.not_updated),
        "existing": plan.number(Fate.EXISTING),
        "duplicate": plan.number(Fate.DUPLICATE),
        "handed_over": plan.number(Fate.HANDED_OVER),
        "failed": sum(failure.reason != NOT_SENT for failure in report.failed) + len(plan.not_updated),
        "unknown": len(report.unknown),
        "left_out": plan.number(Fate.BAD),
    }
    return {"rows": len(plan), **parts, "not_sent": len(plan) - sum(parts.values())}


def in_our_words(reason: str) -> str:
    """A reason as the command line says it."""
    return reason.replace("resend_unknown=True", "--resend-unknown")


def refused(plan: Plan, report: CreateReport) -> dict[int, str]:
    """The lines that the server refused for what they say, with the reason: by their places."""
    created = {
        record: failure.reason
        for failure in report.failed
        if _is_about_the_row(failure) and (record := plan.record_at(failure.index)) is not None
    }
    return created | plan.not_updated


def _is_about_the_row(failure: RowFailure) -> bool:
    if failure.error is None:
        return failure.reason != NOT_SENT
    return is_about_the_rows(failure.error)


def tell_rejects(run: Run, plan: Plan, path: Path, number: int) -> None:
    """Say where the lines are that were not imported, and the two ways to go on."""
    run.note(
        f"{count(number, 'line')} to correct: {path} has them with their reasons. Correct and import that file, "
        f"with the same options; or correct {plan.sheet.name} itself and run the same command again."
    )


def _way_forward(unknown: int) -> str:
    return (
        f"Of {count(unknown, 'line')} nobody knows yet. Run the same command again: what can be looked for, is. "
        "Look in the workspace for those it still calls perhaps created: if none of them is there, "
        "--resend-unknown sends them all again; if some are, create the others with `impactive contacts create`."
    )
