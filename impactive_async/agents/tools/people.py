"""Finding people, and all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import Field

from impactive_async import APIError, AsyncClient, Contact, Enrollment, NotFoundError, Sequence
from impactive_async.agents.answering.pages import listing_of
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT, page_schema, row_schema
from impactive_async.agents.answering.together import together
from impactive_async.agents.text.rows import LENGTHS, Lengths, RowShape, value_of
from impactive_async.agents.tools.tool import Identifier, PageArguments, Text, ToolCall, ToolSpec
from impactive_async.models import Reply

MOST_SEQUENCES: Final = 60
"""How many sequences are searched for the enrollments of a person."""


class FindPeople(PageArguments):
    """Arguments of `find_people`."""

    query: Text | None = Field(None, description="Words in the name, address, title or company; all must occur.")
    email: Text | None = Field(None, description="The whole address, in any case.")
    company_id: Identifier | None = Field(None, description="Only people of this company.")
    sequence_id: Identifier | None = Field(None, description="Only people who are on this sequence.")


async def find_people(call: ToolCall, args: FindPeople) -> dict[str, Any]:
    """Search the contacts that the API shows."""
    pages = call.service.pages
    if args.cursor:
        return pages.go_on("find_people", args.cursor)
    shape = args.shape(Contact)
    people, incomplete = await reachable_people(call.service.crm)
    if args.sequence_id:
        rows = await call.service.crm.sequences.enrollments(args.sequence_id)
        people, incomplete = _on_sequence(people, rows), CUT if rows.truncated else ""
    found = [person for person in people if matches(person, args)]
    return pages.first(listing_of("find_people", found, shape, incomplete=incomplete), args.limit)


CUT: Final = "The API shows only a part of this list: there may be more rows than these."


async def reachable_people(crm: AsyncClient) -> tuple[list[Contact], str]:
    """Return the contacts that can be reached, the last changed first, and why that may not be all."""
    rows = await crm.zapier.contacts.list_all()
    if not rows.truncated:
        return list(rows), ""
    why = (
        f"Only the {len(rows)} contacts created or changed last can be searched: the API shows no others. Somebody"
        " who is not found may exist all the same; show_person finds anybody by id."
    )
    return list(rows), why


def matches(person: Contact, args: FindPeople) -> bool:
    """Whether a contact is what is looked for."""
    if args.email and (person.email or "").casefold() != args.email.casefold():
        return False
    if args.company_id and person.company_id != args.company_id:
        return False
    shown = (person.first_name, person.last_name, person.email, person.title, person.company_name)
    return contains(args.query, shown)


def contains(query: str | None, texts: Iterable[str | None]) -> bool:
    """Whether every word of a query occurs in one of the texts."""
    whole = " ".join(filter(None, texts)).casefold()
    return all(word in whole for word in (query or "").casefold().split())


def _on_sequence(people: list[Contact], rows: Iterable[Enrollment]) -> list[Contact]:
    """Return who is on a sequence; of somebody whom the list of contacts does not show, the summary."""
    known = {person.id: person for person in people}
    return [known.get(row.contact_id) or _summary_of(row) for row in rows]


def _summary_of(row: Enrollment) -> Contact:
    name = row.contact
    if name is None:
        return Contact(id=row.contact_id, first_name="", last_name="")
    return Contact(id=name.id, first_name=name.first_name or "", last_name=name.last_name or "", email=name.email)


class ShowPerson(PageArguments):
    """Arguments of `show_person`."""

    person: Identifier = Field(description="The id of the contact, or the whole address.")


async def show_person(call: ToolCall, args: ShowPerson) -> dict[str, Any]:
    """Show a contact with its replies and enrollments."""
    service = call.service
    if args.cursor:
        return service.pages.go_on("show_person", args.cursor)
    shape = args.shape(Reply)
    people, incomplete = await reachable_people(service.crm)
    person = _named(people, args.person, incomplete)
    contact_id = args.person if person is None else person.id
    replies, (enrolled, unsearched) = await together(
        service.crm.contacts.replies(contact_id), _enrollments_of(service.crm, contact_id)
    )
    head = {"person": _person(person, contact_id, enrolled), "enrollments": [_enrolled(*one) for one in enrolled]}
    remarks = [*unsearched, *(["The API shows the newest 100 replies only."] if replies.truncated else [])]
    listing = listing_of("show_person", replies, shape, key="replies", head=head, remarks=remarks)
    return service.pages.first(listing, args.limit)


def _named(people: list[Contact], wanted: str, incomplete: str) -> Contact | None:
    """Return the person with this id or address; `None` for an id that the lists do not show.

    Raises:
        ToolRefused: Nobody, or more than one, has this address.
    """
    if "@" not in wanted:
        return next((person for person in people if person.id == wanted), None)
    found = [person for person in people if (person.email or "").casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(value_of("id", person.id, LENGTHS["summary"])) for person in found[:10])
        raise ToolRefused(f"{len(found)} contacts have this address. Call show_person with one of the ids: {ids}.")
    raise ToolRefused(f"No contact has this address. {incomplete}".strip())


async def _enrollments_of(
    crm: AsyncClient, contact_id: str
) -> tuple[list[tuple[Sequence, Enrollment]], list[str]]:
    """Return where somebody is enrolled, and what could not be searched, in words."""
    sequences = [row for row in await crm.sequences.list() if row.status != "archived"]
    searched = sequences[:MOST_SEQUENCES]
    lists = await together(*(_enrolled_on(crm, row, contact_id) for row in searched))
    remarks = (
        [f"Only {MOST_SEQUENCES} of {len(sequences)} sequences were searched."]
        if len(sequences) > MOST_SEQUENCES
        else []
    )
    if failed := sum(one is None for one in lists):
        remarks.append(f"The enrollments of {failed} sequences could not be read.")
    return [(row, one) for row, found in zip(searched, lists, strict=True) for one in found or ()], remarks


async def _enrolled_on(crm: AsyncClient, sequence: Sequence, contact_id: str) -> list[Enrollment] | None:
    try:
        rows = await crm.sequences.enrollments(sequence.id)
    except NotFoundError:
        return []
    except APIError:
        return None
    return [row for row in rows if row.contact_id == contact_id]


def _person(
    person: Contact | None, contact_id: str, enrolled: list[tuple[Sequence, Enrollment]]
) -> dict[str, Any]:
    if person is None:
        summary = next((_summary_of(row) for _, row in enrolled if row.contact), None)
        person = summary or Contact(id=contact_id, first_name="", last_name="")
    return RowShape("full").show(person, Lengths(300, 200, 10))


def _enrolled(sequence: Sequence, row: Enrollment) -> dict[str, Any]:
    lengths = LENGTHS["summary"]
    fields = ("status", "current_step", "next_send_at", "pause_reason", "last_send_error")
    return {
        "sequence_id": sequence.id,
        "sequence_name": RowShape(fields=("name",)).show(sequence, lengths).get("name", ""),
        **{name: one for name, one in RowShape(fields=fields).show(row, lengths).items() if name != "id"},
    }


_CONTACT = row_schema(Contact)
_ENROLLED = row_schema(Enrollment, sequence_id=TEXT, sequence_name=TEXT)

TOOLS: Final = (
    ToolSpec(
        name="find_people",
        title="Find people",
        description=(
            "Search contacts by words in the name, address, title or company, by exact email, by company or by"
            " sequence. Use it to learn the id of somebody before showing, enrolling or changing them. The answer"
            " says whether it is complete (truncated, remarks): never conclude from an incomplete answer that"
            " somebody does not exist."
        ),
        arguments=FindPeople,
        output=page_schema(_CONTACT),
        body=find_people,
    ),
    ToolSpec(
        name="show_person",
        title="Show a person",
        description=(
            "Show one contact by id or exact email: all fields, the sequences they are on with the state of each,"
            " and what they wrote back, the newest first. Use it before answering or moving somebody."
        ),
        arguments=ShowPerson,
        output=page_schema(
            row_schema(Reply), "replies", person=_CONTACT, enrollments={"type": "array", "items": _ENROLLED}
        ),
        body=show_person,
    ),
)
