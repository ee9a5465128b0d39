"""What would be sent: for programs all of it, for people the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import attrs

from impactive_async.cli.importing.columns.fields import COMPANY, FIELDS, FIRST_NAME, LAST_NAME
from impactive_async.cli.importing.people.person import Person
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.words.wording import count, plural
from impactive_async.models import ContactDraft

_PREVIEWED: Final = 10
PREVIEW: Final = ("line", *(field.name for field in attrs.fields(ContactDraft)))
"""The keys of a line that would be imported, for programs."""


def preview(run: Run, plan: Plan) -> None:
    """Put out who would be created; an earlier run's people are counted only."""
    with run.before_sending():
        if run.out.for_programs:
            for person in _to_create(plan):
                run.out.row(_fields(plan, person))
        elif plan.to_create:
            run.out.rows([_cells(plan, person) for person in islice(_to_create(plan), _PREVIEWED)])
        if not run.out.for_programs:
            more = plan.to_create - _PREVIEWED
            run.note(f"{f'… and {more:,} more (--json shows all). ' if more > 0 else ''}Nothing was sent.")
        if already := plan.already:
            run.note(
                f"{count(already, 'line')} {plural(already, 'is')} done already, {plan.to_create:,} are left."
            )


def _to_create(plan: Plan) -> Iterator[Person]:
    for record, row in plan.persons():
        new = plan.fates[record] == Fate.CREATED and not plan.known.settled(plan.places[record])
        if new and isinstance(row, Person):
            yield row


def _fields(plan: Plan, person: Person) -> dict[str, Any]:
    return {"line": person.line, **attrs.asdict(plan.draft_of(person), recurse=False)}


def _cells(plan: Plan, person: Person) -> dict[str, Any]:
    """The same with every column that somebody fills, so that all people have the same ones."""
    columns = plan.columns
    names = dict.fromkeys((FIRST_NAME, LAST_NAME), True) | dict.fromkeys(columns.fields, True)
    fields = {name: getattr(person.draft, name, None) for name in FIELDS if name in names}
    if COMPANY in names:
        fields[COMPANY] = person.company
    return {"line": person.line, **fields, **{name: person.draft.extra.get(name) for name in columns.extra}}
