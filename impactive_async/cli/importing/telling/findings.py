"""What was found on the lines: changed values, doubtful ones, duplicates, people who are there, bad lines."""

from __future__ import annotations

from impactive_async.cli.importing.people.findings import Findings
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.words.complaints import Complaints
from impactive_async.cli.kit.words.wording import count, quoted


def tell_findings(run: Run, plan: Plan) -> None:
    """Say each kind once, and each bad line while they are few."""
    _tell_kinds(run, "Cleaned: ", plan.reader.changes)
    _tell_kinds(run, "Warning, sent as it is: ", plan.reader.warnings)
    if missing := plan.companies.sentence():
        run.note(missing)
    tell_complaints(run, plan, plan.duplicates)
    if plan.number(Fate.HANDED_OVER):
        run.note(
            f"{count(plan.number(Fate.HANDED_OVER), 'line')} of {plan.sheet.name}: left to "
            f"{plan.known.notes.rejects}, where they stand and which was imported by itself."
        )
    tell_complaints(run, plan, plan.bad)


def _tell_kinds(run: Run, what: str, findings: Findings) -> None:
    for kind, found in findings:
        run.note(f"{what}{kind}, {found.where()}, such as {quoted(found.example)}.")


def tell_complaints(run: Run, plan: Plan, complaints: Complaints) -> None:
    """Say what is wrong with lines."""
    for sentence in complaints.sentences(f"{plan.sheet.name}:", f"{plan.sheet.name}: "):
        run.note(sentence)


def tell_existing(run: Run, plan: Plan, shown: int, *, update: bool) -> None:
    """Say who is in the workspace already, and how far that can be told."""
    number = plan.number(Fate.UPDATED if update else Fate.EXISTING)
    what = "updated" if update else "left alone, and not enrolled"
    run.note(
        f"{count(number, 'line')} with the address of somebody who is in the workspace: {what}. They were looked "
        f"for among the {count(shown, 'contact')} that the lists show: the 500 newest and the 100 changed last, "
        "at most. Somebody who is on neither list is created again."
    )
