"""The rows of a workspace as an image, and back."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

from impactive_async.sandbox.snapshot.images import BookImage, DueAnswerImage, DueSendImage, IdsImage, WorldImage
from impactive_async.sandbox.world.clock import Due, VirtualClock
from impactive_async.sandbox.world.ids import IdGenerator
from impactive_async.sandbox.world.mailer import AnswerDue, SendDue
from impactive_async.sandbox.world.timeline import Timeline
from impactive_async.sandbox.world.world import Book, World

__all__ = ["due_in", "image_of_world", "world_of"]


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_WithId)


def image_of_world(world: World) -> WorldImage:
    """Return the rows, and the emails and answers that are due. What others have scheduled is not in it."""
    due = world.clock.pending()
    return WorldImage(
        now=world.clock.now(),
        scheduled=world.clock.scheduled,
        due_sends=tuple(_due_sends(due)),
        due_answers=tuple(_due_answers(due)),
        rules=world.rules,
        ids=IdsImage(seed=world.ids.seed, numbered=tuple(sorted(world.ids.numbered)), made=dict(world.ids.made)),
        workspace=world.workspace,
        tables={kind: rows.image() for kind, rows in world.tables.items()},
        deal_stages=tuple(world.deal_stages.values()),
        project_stages=tuple(world.project_stages.values()),
        accounts=tuple(world.accounts.values()),
        tags=tuple(world.tags.values()),
        lists=tuple(world.lists.values()),
        books=tuple(map(_image_of_book, world.books.values())),
        inboxes={contact: inbox.image() for contact, inbox in world.inboxes.items()},
        sends=tuple(world.sends.values()),
        replies=tuple(world.replies.values()),
        history=tuple(world.history),
        lateness=dict(world.lateness),
    )


def _image_of_book(book: Book) -> BookImage:
    return BookImage(
        sequence=book.sequence,
        steps=tuple(book.steps),
        enrollments=book.enrollments.image(),
        sends=book.sends.image(),
        replies=book.replies.image(),
        by_contact=dict(book.by_contact),
    )


def _due_sends(due: Iterable[Due]) -> Iterable[DueSendImage]:
    for at, number, action in due:
        if isinstance(action, SendDue):
            sequence_id = action.book.sequence.id
            yield DueSendImage(
                at=at,
                number=number,
                sequence_id=sequence_id,
                enrollment_id=action.enrollment_id,
                due=action.due,
            )


def _due_answers(due: Iterable[Due]) -> Iterable[DueAnswerImage]:
    for at, number, action in due:
        if isinstance(action, AnswerDue):
            yield DueAnswerImage(at=at, number=number, send_id=action.send.id, text=action.text)


def world_of(image: WorldImage, clock: VirtualClock) -> World:
    """Make the workspace of an image, on a clock that stands at the image's moment."""
    ids = IdGenerator(image.ids.seed, frozenset(image.ids.numbered))
    ids.made.update(image.ids.made)
    world = World(clock, image.rules, ids, image.workspace)
    world.tables = {kind: Timeline.of(image.tables[kind]) for kind in world.tables}
    world.deal_stages, world.project_stages = _by_id(image.deal_stages), _by_id(image.project_stages)
    world.accounts, world.tags, world.lists = _by_id(image.accounts), _by_id(image.tags), _by_id(image.lists)
    world.sends, world.replies = _by_id(image.sends), _by_id(image.replies)
    world.inboxes = {contact: Timeline.of(inbox) for contact, inbox in image.inboxes.items()}
    world.history = list(image.history)
    world.lateness = dict(image.lateness)
    for one in image.books:
        _add_book(world, one)
    for send in image.sends:
        if send.sequence_enrollment_id is not None:
            world.sends_by_enrollment.setdefault(send.sequence_enrollment_id, []).append(send.id)
    return world


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.id: row for row in rows}


def _add_book(world: World, image: BookImage) -> None:
    book = Book(image.sequence, list(image.steps))
    book.enrollments, book.sends = Timeline.of(image.enrollments), Timeline.of(image.sends)
    book.replies = Timeline.of(image.replies)
    book.counts.update(Counter(row.status for row in book.enrollments.rows()))
    book.by_contact = dict(image.by_contact)
    world.books[book.sequence.id] = book
    for contact in book.by_contact:
        world.memberships.setdefault(contact, set()).add(book.sequence.id)


def due_in(world: World, image: WorldImage) -> Iterable[Due]:
    """Yield the emails and answers that are due in the workspace of an image."""
    for one in image.due_sends:
        book = world.books[one.sequence_id]
        yield one.at, one.number, SendDue(world, book, one.enrollment_id, one.due)
    for answer in image.due_answers:
        yield answer.at, answer.number, AnswerDue(world, world.sends[answer.send_id], answer.text)
