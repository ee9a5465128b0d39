"""Sequences and their steps: contract rows 6 to 12."""

from collections.abc import Mapping
from typing import Any

import attrs

from impactive_async.sandbox.world import mailer
from impactive_async.sandbox.world.errors import UnknownIdError
from impactive_async.sandbox.world.rows import SequenceRecord, StepRecord
from impactive_async.sandbox.world.world import Book, World

__all__ = ["create", "delete_step", "find", "find_step", "insert_step", "update", "update_step"]


def find(world: World, sequence_id: str) -> Book:
    """The sequence with all that belongs to it.

    Raises:
        UnknownIdError: There is none of that id.
    """
    try:
        return world.books[sequence_id]
    except KeyError:
        raise UnknownIdError("No such sequence in this workspace") from None


def create(world: World, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> Book:
    """A new sequence; `fields` as checked by `bodies`, `steps` among them."""
    now = world.stamp()
    sequence = SequenceRecord(
        id=world.ids.new("seq"),
        name=fields["name"],
        description=fields.get("description"),
        status=fields.get("status", "active"),
        sending_account_id=fields.get("sendingAccountId"),
        extra=extra,
        created_at=now,
        updated_at=now,
    )
    book = Book(sequence)
    world.books[sequence.id] = book
    for step in fields.get("steps", ()):
        insert_step(world, book, step.known, step.extra)
    return book


def update(world: World, book: Book, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> SequenceRecord:
    """Change what is given; a sequence that becomes active sends at once what was due while it was not."""
    old = book.sequence
    book.sequence = attrs.evolve(
        old,
        name=fields.get("name", old.name),
        description=fields.get("description", old.description),
        status=fields.get("status", old.status),
        sending_account_id=fields.get("sendingAccountId", old.sending_account_id),
        extra={**old.extra, **extra},
        updated_at=world.stamp(),
    )
    if book.sequence.status == "active" != old.status:
        mailer.wake(world, book)
    return book.sequence


def insert_step(world: World, book: Book, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> StepRecord:
    """A new step at `position`, or at the end; later ones shift down.

    Whoever waits at the end of the sequence for a step to send is served by it.
    """
    now = world.stamp()
    step = StepRecord(
        id=world.ids.new("stp"),
        sequence_id=book.sequence.id,
        subject=fields["subject"],
        body=fields["body"],
        delay_days=fields["delayDays"],
        extra=extra,
        created_at=now,
        updated_at=now,
    )
    _place(book, step, fields.get("position", len(book.steps)))
    mailer.plan_the_waiting(world, book)
    return step


def find_step(book: Book, step_id: str) -> StepRecord:
    """A step of this sequence.

    Raises:
        UnknownIdError: There is none of that id, or it belongs to another sequence.
    """
    for step in book.steps:
        if step.id == step_id:
            return step
    raise UnknownIdError("No such step in this sequence")


def update_step(
    world: World, book: Book, old: StepRecord, fields: Mapping[str, Any], extra: Mapping[str, Any]
) -> StepRecord:
    """Change what is given; a `position` beyond the end means the end."""
    step = attrs.evolve(
        old,
        subject=fields.get("subject", old.subject),
        body=fields.get("body", old.body),
        delay_days=fields.get("delayDays", old.delay_days),
        extra={**old.extra, **extra},
        updated_at=world.stamp(),
    )
    place = book.steps.index(old)
    del book.steps[place]
    _place(book, step, fields.get("position", place))
    return step


def delete_step(book: Book, step: StepRecord) -> None:
    """Remove it; positions close up, and who stands behind it stays at the same position."""
    book.steps.remove(step)


def _place(book: Book, step: StepRecord, position: int) -> None:
    book.steps.insert(min(position, len(book.steps)), step)  # insert() itself overflows on enormous numbers
