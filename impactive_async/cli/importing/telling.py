"""What an import says: what the columns are taken for, what would be sent, and what was not created."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

from impactive_async.cli._bulk import tell_failures
from impactive_async.cli._errors import INCOMPLETE
from impactive_async.cli._run import Run
from impactive_async.cli._streams import is_watched
from impactive_async.cli.importing.columns import EXTRA, FIELDS, called
from impactive_async.cli.importing.people import Person
from impactive_async.cli.importing.plan import Plan

if TYPE_CHECKING:
    from impactive_async import CreateReport, RowFailure

_PREVIEWED = 10


def count(number: int, noun: str) -> str:
    """So many of them."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def tell_columns(run: Run, plan: Plan) -> None:
    """Say which column is which field, where people may check it; and in any case which ones are left out."""
    if is_watched():
        run.note(f"{count(len(plan), 'contact')} in {plan.sheet.path}: {_known(plan)}.")
    unused = [*plan.columns.unused, *(called(plan.sheet.header, place) for place in plan.nameless)]
    if unused:
        columns = "the column" if len(unused) == 1 else "the columns"
        run.note(f"Not imported: {columns} {', '.join(unused)}. To import one: --map COLUMN=FIELD.")


def _known(plan: Plan) -> str:
    columns, header = plan.columns, plan.sheet.header
    fields = {**columns.fields, **{EXTRA + name: place for name, place in columns.extra.items()}}
    return ", ".join(f"{header[place] or f'#{place + 1}'} → {field}" for field, place in fields.items())


def preview(run: Run, plan: Plan) -> None:
    """Put out what would be sent: for programs all of it, for people the beginning."""
    with run.before_sending():
        if run.out.as_json:
            for person in plan.persons():
                run.out.row(_fields(person))
        else:
            run.out.rows([_cells(person, plan) for person in islice(plan.persons(), _PREVIEWED)])
            more = len(plan) - _PREVIEWED
            run.note(f"{f'… and {more:,} more (--json shows all). ' if more > 0 else ''}Nothing was sent.")
    if plan.bad_lines:
        run.code = INCOMPLETE.code


def _fields(person: Person) -> dict[str, Any]:
    fields = attrs.asdict(person.draft, recurse=False)
    return {"line": person.line, **{name: value for name, value in fields.items() if value}}


def _cells(person: Person, plan: Plan) -> dict[str, Any]:
    """The same with every column that somebody fills, so that all people have the same ones."""
    fields = {name: getattr(person.draft, name) for name in FIELDS if name in plan.columns.fields}
    return {"line": person.line, **fields, **{name: person.draft.extra.get(name) for name in plan.columns.extra}}


def tell_report(run: Run, plan: Plan, report: CreateReport) -> None:
    """Say of each line that has no contact what kept it from having one, and how many have."""
    with run.signals.at_once():
        lines = plan.lines_of([failure.index for failure in (*report.failed, *report.unknown)])
    file = f"{plan.sheet.path}:"
    tell_failures(run, report.failed, "not created", file, lines.__getitem__)
    tell_failures(run, map(_in_our_words, report.unknown), "perhaps created", file, lines.__getitem__)
    if report.unknown:
        run.note(_way_forward(len(report.unknown)))
    run.summary(
        "create",
        {
            "rows": report.rows,
            "created": report.created,
            "already_created": report.already_created,
            "failed": len(report.failed),
            "unknown": len(report.unknown),
            "left_out": plan.bad_lines,
        },
    )


def _in_our_words(failure: RowFailure) -> RowFailure:
    return attrs.evolve(failure, reason=failure.reason.replace("resend_unknown=True", "--resend-unknown"))


def _way_forward(unknown: int) -> str:
    return (
        f"Of {count(unknown, 'line')} nobody knows yet. Run the same command again: what can be looked for, is. "
        "Look in the workspace for those it still calls perhaps created: if none of them is there, "
        "--resend-unknown sends them all again; if some are, create the others with `impactive contacts create`."
    )
