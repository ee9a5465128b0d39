"""What a rehearsal reads of the workspace. It only reads: every request is a GET."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from impactive_async.errors import NotFoundError, PermissionDeniedError
from impactive_async.models import (
    Contact,
    Enrollment,
    EnrollmentStatus,
    SendingAccount,
    Sequence,
    SequenceStatus,
    Step,
)
from impactive_async.models.row_list import RowList
from impactive_async.rehearsal.draft import SequenceDraft, as_sequence
from impactive_async.rehearsal.people import Asked, Somebody, everybody_once
from impactive_async.rehearsal.result import RehearsalWarning, WarningKind

if TYPE_CHECKING:
    from impactive_async.client import AsyncClient

T = TypeVar("T")

DENIED: Final = (PermissionDeniedError, NotFoundError)
"""What is a warning and not an error, where only a part of the workspace is hidden."""


@attrs.frozen
class Membership:
    """One of the people on a sequence.

    Attributes:
        person: Their place among the people.
        contact_id: Their id; `None` of people who are not created yet.
        enrollment: Theirs, or that of another contact with the same address.
        sequence: The sequence, with its steps if it writes to any of them.
    """

    person: int
    contact_id: str | None
    enrollment: Enrollment
    sequence: Sequence

    @property
    def is_own(self) -> bool:
        """Whether the enrollment is of the person, and not of somebody with the same address."""
        return self.enrollment.contact_id == self.contact_id

    @property
    def is_active(self) -> bool:
        """Whether the enrollment goes on by itself."""
        return self.enrollment.status == EnrollmentStatus.ACTIVE


@attrs.frozen(kw_only=True)
class WorkspaceFacts:
    """What a rehearsal knows of the workspace.

    Attributes:
        sequence: The sequence, with its steps in order.
        people: Who is asked for, everybody once.
        own: Who of them is on the sequence.
        others: Who of them is on other sequences.
        elsewhere: The other sequences of the workspace, as they are listed.
        accounts: The sending accounts by id, as far as a sequence has one.
        all_shown: Whether the lists of contacts show all that there are.
        unchecked: What the workspace did not show.
    """

    sequence: Sequence
    people: list[Somebody]
    own: list[Membership]
    others: list[Membership]
    elsewhere: list[Sequence]
    accounts: dict[str, SendingAccount]
    all_shown: bool
    unchecked: tuple[RehearsalWarning, ...]

    def account_of(self, sequence: Sequence) -> SendingAccount | None:
        """Return the account that a sequence sends from; `None`: the platform's, or it is not known."""
        return self.accounts.get(sequence.sending_account_id or "")


async def read_workspace(
    crm: AsyncClient, sequence: str | Sequence | SequenceDraft, asked: list[Asked], *, elsewhere: bool
) -> WorkspaceFacts:
    """Read what there is to know.

    Args:
        crm: The workspace.
        sequence: The sequence, its id, or one that is not created yet.
        asked: Who is asked for.
        elsewhere: Whether to look at the other sequences.

    Raises:
        NotFoundError: There is no such sequence.
        APIError: A request failed.
    """
    reader = _WorkspaceReader(crm)
    known = await reader.sequence(sequence)
    enrollments = await reader.enrollments(known)
    contacts = await reader.contacts() if any(isinstance(one, str) for one in asked) else RowList[Contact]()
    people = everybody_once(asked, {contact.id: contact for contact in contacts})
    listed = await reader.elsewhere(known) if elsewhere else []
    others = await reader.memberships(listed, people)
    return WorkspaceFacts(
        sequence=known,
        people=people,
        own=members_among(people, enrollments, known),
        others=others,
        elsewhere=listed,
        accounts=await reader.accounts([known, *(one.sequence for one in others)]),
        all_shown=not contacts.truncated,
        unchecked=tuple(reader.unchecked),
    )


@attrs.define
class _WorkspaceReader:
    """Reads a workspace, and notes what it was not shown."""

    crm: AsyncClient
    unchecked: list[RehearsalWarning] = attrs.field(factory=list)

    async def sequence(self, sequence: str | Sequence | SequenceDraft) -> Sequence:
        """Return the sequence with its steps in order."""
        if isinstance(sequence, SequenceDraft):
            return as_sequence(sequence)
        if isinstance(sequence, str) or sequence.steps is None:
            sequence = await self.crm.sequences.get(sequence if isinstance(sequence, str) else sequence.id)
        return attrs.evolve(sequence, steps=_in_order(sequence.steps or ()))

    async def contacts(self) -> RowList[Contact]:
        """Return every contact that can be reached."""
        return await self.crm.zapier.contacts.list_all()

    async def enrollments(self, sequence: Sequence) -> list[Enrollment]:
        """Return who is on a sequence: nobody, if it is not created yet."""
        if not sequence.id:
            return []
        rows = await self.crm.sequences.enrollments(sequence.id)
        if rows.truncated:
            self._note(f"The list of who is on {sequence.name!r} is cut: others may be on it, too.")
        return list(rows)

    async def accounts(self, sequences: Iterable[Sequence]) -> dict[str, SendingAccount]:
        """Return the sending accounts by id, if one of the sequences has any."""
        if not any(sequence.sending_account_id for sequence in sequences):
            return {}
        try:
            return {account.id: account for account in await self.crm.sending_accounts.list()}
        except DENIED:
            self._note("The key may not read the sending accounts: from which address mails go out is not known.")
            return {}

    async def elsewhere(self, sequence: Sequence) -> list[Sequence]:
        """Return the other sequences of the workspace."""
        try:
            return [one for one in await self.crm.sequences.list() if one.id != sequence.id]
        except DENIED:
            self._note("The key may not list the sequences: who is on others is not known.")
            return []

    async def memberships(self, others: Iterable[Sequence], people: list[Somebody]) -> list[Membership]:
        """Return the enrollments of these people on other sequences, those that are completed left out."""
        found = await side_by_side(self._memberships(one, people) for one in others if _has_people(one))
        return [membership for memberships in found for membership in memberships]

    async def _memberships(self, sequence: Sequence, people: list[Somebody]) -> list[Membership]:
        try:
            found = members_among(people, await self.enrollments(sequence), sequence)
            if not (is_sending(sequence) and any(one.is_active for one in found)):
                return found
            with_steps = await self.sequence(sequence)
        except DENIED:
            self._note(f"The key may not read who is on {sequence.name!r}.")
            return []
        return [attrs.evolve(one, sequence=with_steps) for one in found]

    def _note(self, message: str) -> None:
        self.unchecked.append(RehearsalWarning(WarningKind.NOT_CHECKED, message))


def members_among(people: list[Somebody], enrollments: list[Enrollment], sequence: Sequence) -> list[Membership]:
    """Return the enrollments of these people, by their ids and by their addresses."""
    by_id = {one.contact_id: place for place, one in enumerate(people) if one.contact_id is not None}
    by_address: dict[str, list[int]] = {}
    for place, one in enumerate(people):
        if one.email is not None:
            by_address.setdefault(one.email.casefold(), []).append(place)
    return [
        Membership(place, people[place].contact_id, enrollment, sequence)
        for enrollment in enrollments
        for place in dict.fromkeys(_places(enrollment, by_id, by_address))
    ]


def is_sending(sequence: Sequence) -> bool:
    """Whether a sequence writes to those who are active on it. A server that does not say is taken to."""
    return sequence.status in (SequenceStatus.ACTIVE, None)


def _places(enrollment: Enrollment, by_id: dict[str, int], by_address: dict[str, list[int]]) -> Iterator[int]:
    if enrollment.contact_id in by_id:
        yield by_id[enrollment.contact_id]
    address = enrollment.contact.email if enrollment.contact is not None else None
    yield from by_address.get((address or "").strip().casefold(), ())


def _has_people(sequence: Sequence) -> bool:
    """Whether it may have people about whom there is something to say."""
    counts = sequence.enrollment_counts
    return counts is None or counts.total != counts.completed


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    listed = list(enumerate(steps))
    return tuple(step for _, step in sorted(listed, key=lambda one: _position(*one)))


def _position(place: int, step: Step) -> int:
    return place if step.position is None else step.position


async def side_by_side(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await calls side by side; if one fails, cancel the others and raise its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
