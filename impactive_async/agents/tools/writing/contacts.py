"""Creating and changing contacts, one or thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs
from pydantic import BaseModel, ConfigDict, Field

from impactive_async import AsyncClient, Contact, CreateReport, Progress
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import NUMBER, TEXTS
from impactive_async.agents.job_files import AgentJob
from impactive_async.agents.jobs import Report
from impactive_async.agents.text.fence import fence, is_same_text
from impactive_async.agents.text.rows import Lengths, value_of
from impactive_async.agents.tools.people import reachable_people
from impactive_async.agents.tools.tool import Identifier, Text, ToolCall, ToolSpec, listed
from impactive_async.agents.tools.writing.flow import Written, as_job, begun, carried_out, result_of
from impactive_async.agents.tools.writing.plans import (
    Act,
    WriteArguments,
    WritePlan,
    act_in_order,
    count,
    named,
    write_schema,
)

NAME: Final = "save_contacts"
MOST: Final = 2000
FIELDS: Final = ("first_name", "last_name", "email", "phone", "title", "company_id")
_SHORT: Final = Lengths(100, 100)
_REASONS: Final = 20


class ContactInput(BaseModel):
    """One contact to be created or changed."""

    model_config = ConfigDict(extra="forbid")
    id: Identifier | None = Field(None, description="Of an existing contact, which is then changed.")
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    title: Text | None = None
    company_id: Identifier | None = None
    clear: list[str] = Field(
        default_factory=list, max_length=4, description="Fields to empty, of an existing contact."
    )

    def values(self) -> dict[str, Any]:
        """Return the fields that are given; those to be emptied are `None`."""
        given = {name: getattr(self, name) for name in FIELDS if getattr(self, name) is not None}
        return given | dict.fromkeys(self.clear)


class SaveContacts(WriteArguments):
    """Arguments of `save_contacts`."""

    contacts: listed(ContactInput, MOST) = Field(  # type: ignore[valid-type]
        min_length=1, description="Without an id, somebody with the same email is changed, anybody else created."
    )


@attrs.frozen
class _Sorted:
    """What is to become of each input."""

    created: tuple[dict[str, Any], ...]
    changed: tuple[tuple[Contact | None, str, dict[str, Any]], ...]
    unchanged: int


async def save_contacts(call: ToolCall, args: SaveContacts) -> Written:
    """Create and change contacts."""
    if job := begun(call, args, NAME):
        return call.service.pages.single(await _gone_on(call, job))
    people, incomplete = await reachable_people(call.service.crm)
    found = _sorted(args.contacts, people)
    plan = _plan(found, people, incomplete)
    payload = {"create": list(found.created), "change": [[one, values] for _, one, values in found.changed]}
    return await carried_out(call, args, plan, partial(_begun, call, payload))


async def _gone_on(call: ToolCall, job: AgentJob) -> dict[str, Any]:
    return result_of(job) if job.result is not None else await _saved(call, job)


async def _begun(call: ToolCall, payload: dict[str, Any], digest: str) -> dict[str, Any]:
    total = len(payload["create"]) + len(payload["change"])
    return await _saved(call, AgentJob(digest, NAME, payload, total=total))


async def _saved(call: ToolCall, job: AgentJob) -> dict[str, Any]:
    """Save the contacts: one is awaited, several are a job."""
    crm, creates, changes = call.service.crm, job.payload["create"], job.payload["change"]
    if len(creates) + len(changes) > 1:
        return await as_job(call, job, partial(_work, call, job))
    if not creates:
        return await act_in_order(_changes(crm, changes))
    made = await crm.contacts.create(**creates[0])
    return {"outcome": "done", "created": 1, "contact_ids": [value_of("id", made.id, _SHORT)]}


def _changes(crm: AsyncClient, changes: Sequence[Sequence[Any]]) -> list[Act]:
    return [
        (f"changed {value_of('id', one, _SHORT)}", partial(crm.contacts.update, one, **values))
        for one, values in changes
    ]


async def _work(call: ToolCall, job: AgentJob, report: Report) -> dict[str, Any]:
    """Create, with the journal by which a killed server's job goes on, then change."""
    crm, creates, changes = call.service.crm, job.payload["create"], job.payload["change"]
    total = len(creates) + len(changes)
    created: dict[str, Any] = {}
    if creates:
        journal = call.service.jobs.journal(job.id)

        async def progress(now: Progress) -> None:
            await report(now.done, total)

        made = await crm.contacts.create_many(creates, journal=journal, on_progress=progress, keep_results=True)
        created = _told(made)
        if created["outcome"] != "done":
            return created | {"not_done_total": len(changes)}
    changed = await act_in_order(_changes(crm, changes)) if changes else {"outcome": "done"}
    await report(total, total)
    return {**created, **changed}


def _told(report: CreateReport) -> dict[str, Any]:
    """Return what an agent is told of a report."""
    told: dict[str, Any] = {
        "outcome": "unknown" if report.unknown else "partly_done" if report.failed else "done",
        "created": report.created + report.already_created,
        "contact_ids": [value_of("id", one, _SHORT) for one in (report.contact_ids or ())[:100]],
    }
    for name, rows in (("failed", report.failed), ("unknown", report.unknown)):
        if rows:
            told[name] = [{"row": row.index, "reason": fence(row.reason, 200)} for row in rows[:_REASONS]]
            told[f"{name}_total"] = len(rows)
    if report.unknown:
        told["what_to_do"] = "Look for the unknown ones by find_people(email=…) before you create them again."
    return told


def _sorted(inputs: Sequence[ContactInput], people: Sequence[Contact]) -> _Sorted:
    """Decide what is to become of each input.

    Raises:
        ToolRefused: A name is missing, or an address is given twice or belongs to several contacts.
    """
    by_id = {one.id: one for one in people}
    by_email: dict[str, list[Contact]] = {}
    for one in people:
        by_email.setdefault((one.email or "").casefold(), []).append(one)
    created, changed, unchanged = [], [], 0
    for place, given in enumerate(inputs):
        known = by_id.get(given.id) if given.id else _with_email(given, by_email, place)
        contact_id = given.id or (known.id if known else None)
        if contact_id is None:
            created.append(_new(given, place))
        elif values := _differences(given.values(), known):
            changed.append((known, contact_id, values))
        else:
            unchanged += 1
    _check_unique([one["email"] for one in created if one.get("email")], "address")
    _check_unique([contact_id for _, contact_id, _ in changed], "contact")
    return _Sorted(tuple(created), tuple(changed), unchanged)


def _with_email(one: ContactInput, by_email: Mapping[str, list[Contact]], place: int) -> Contact | None:
    found = by_email.get(one.email.casefold(), []) if one.email else []
    if len(found) > 1:
        ids = ", ".join(str(value_of("id", other.id, _SHORT)) for other in found[:5])
        raise ToolRefused(f"contacts[{place}]: {len(found)} contacts have this address. Name one by id: {ids}.")
    return found[0] if found else None


def _new(one: ContactInput, place: int) -> dict[str, Any]:
    if not (one.first_name and one.last_name):
        raise ToolRefused(f"contacts[{place}] is new: it needs first_name and last_name.")
    if one.clear:
        raise ToolRefused(f"contacts[{place}] is new: there is nothing to clear.")
    return one.values()


def _differences(values: Mapping[str, Any], known: Contact | None) -> dict[str, Any]:
    if wrong := [name for name in values if name not in FIELDS]:
        raise ToolRefused(f"There is no field {fence(wrong[0], 40)} to clear. There are {', '.join(FIELDS[2:])}.")
    if known is None:
        return dict(values)
    return {name: value for name, value in values.items() if not _is_same(name, getattr(known, name), value)}


def _is_same(name: str, old: str | None, new: str | None) -> bool:
    return is_same_text(old, new) or (name == "email" and (old or "").casefold() == (new or "").casefold())


def _check_unique(values: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value.casefold() in seen:
            raise ToolRefused(f"The {what} {fence(value, 80)} is given twice.")
        seen.add(value.casefold())


def _plan(found: _Sorted, people: Sequence[Contact], incomplete: str) -> WritePlan:
    touched = len(found.created) + len(found.changed)
    new = [Contact(id="", first_name=one["first_name"], last_name=one["last_name"]) for one in found.created]
    known = [one or Contact(id=contact_id, first_name="", last_name="") for one, contact_id, _ in found.changed]
    parts = [f"create {count(len(new), 'contact', 'contacts')} ({named(new)})"] if new else []
    parts += [f"change {count(len(known), 'contact', 'contacts')} ({named(known)})"] if known else []
    summary = " and ".join(parts) or "change nothing"
    wanted = Counter(map(_spelt, new))
    same = [one for one in people if _spelt(one) in wanted]
    doubles = sum(wanted[name] for name in set(map(_spelt, same)))
    warnings = (
        [f"{count(doubles, 'new contact has', 'new contacts have')} the name of an existing one."]
        if doubles
        else []
    )
    if new and incomplete:
        warnings.append("Not all contacts can be searched for the same address: some may exist already.")
    facts = [
        list(found.created),
        [[contact_id, values] for _, contact_id, values in found.changed],
        sorted(one.id for one in same),  # so that the plan is another one once they are created
    ]
    return WritePlan(
        tool=NAME,
        summary=f"{summary[0].upper()}{summary[1:]}?",
        facts=facts,
        actions=_actions(found),
        asks=touched > 1,
        warnings=warnings,
    )


def _spelt(one: Contact) -> tuple[str, str]:
    return one.first_name.casefold(), one.last_name.casefold()


def _actions(found: _Sorted) -> list[dict[str, Any]]:
    created = [
        {"create": {name: value_of(name, one, _SHORT) for name, one in values.items()}} for values in found.created
    ]
    changed = [
        {
            "change": value_of("id", contact_id, _SHORT),
            "fields": {
                name: {
                    "from": value_of(name, getattr(known, name, None), _SHORT),
                    "to": value_of(name, one, _SHORT),
                }
                for name, one in values.items()
            },
        }
        for known, contact_id, values in found.changed
    ]
    return [*created, *changed, *([{"unchanged": found.unchanged}] if found.unchanged else [])]


TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="Create or change contacts",
        description=(
            "Create contacts, or change them: with an id that contact, without one whoever has the same email,"
            " else a new one. Several at once run as a job, and report their progress. Call it with plan=true"
            " first, show the plan, then call it with the same contacts and the digest."
        ),
        arguments=SaveContacts,
        output=write_schema(created=NUMBER, contact_ids=TEXTS, failed_total=NUMBER, unknown_total=NUMBER),
        body=save_contacts,
        writes=True,
        asks="for more than one contact",
        destructive=True,
        idempotent=False,
    ),
)
