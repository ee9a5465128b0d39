"""People who are in the workspace already get what their lines say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from impactive_async import UNSET, APIStatusError
from impactive_async.bulk.refusals import is_about_the_rows
from impactive_async.cli.importing.people.person import Person
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.kit.words.complaints import Complaints

if TYPE_CHECKING:
    from impactive_async import AsyncClient

_GONE: Final = 404


async def update_existing(crm: AsyncClient, plan: Plan, concurrency: int) -> Complaints:
    """Send each of them what is filled in on the line; returns whom the server refused.

    Updating again does no harm, so that nothing is remembered of it.

    Raises:
        APIError: What fails one would fail all.
    """
    refused = Complaints("not updated")
    people = iter(list(_people(plan)))

    async def work() -> None:
        for record, person in people:
            try:
                await _update(crm, plan, record, person)
            except APIStatusError as error:
                if not is_about_the_rows(error) and error.status != _GONE:
                    raise
                plan.not_updated[record] = str(error)

    workers = [asyncio.ensure_future(work()) for _ in range(concurrency)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
    for record in sorted(plan.not_updated):
        refused.add(plan.lines[record], plan.not_updated[record])
    return refused


def _people(plan: Plan) -> Iterator[tuple[int, Person]]:
    if plan.number(Fate.UPDATED):
        for record, person in plan.persons():
            if plan.fates[record] == Fate.UPDATED and isinstance(person, Person):
                yield record, person


async def _update(crm: AsyncClient, plan: Plan, record: int, person: Person) -> None:
    draft = plan.draft_of(person)
    filled: dict[str, Any] = {name: getattr(draft, name) or UNSET for name in ("phone", "title", "company_id")}
    await crm.contacts.update(
        plan.contacts[record],
        first_name=draft.first_name,
        last_name=draft.last_name,
        extra=draft.extra or None,
        **filled,
    )
