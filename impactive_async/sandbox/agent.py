"""Handlers of `/api/agent`: contract rows 1 to 20."""

from itertools import islice
from typing import Any

from . import bodies, enrollments, render, sequences
from .bodies import Body
from .errors import BadRequestError, NotFoundError
from .exchange import Answer, Call
from .rows import Record
from .world import Book, World


def list_contacts(call: Call) -> Answer:
    """Row 1."""
    rules = call.world.rules
    limit = call.limit(rules.contacts_default, rules.contacts_max)
    rows = islice(call.world.latest_created("contacts"), limit)
    return Answer(200, [render.contact(call.world, row) for row in rows])


def create_contacts(call: Call) -> Answer:
    """Row 2; a batch is all or nothing."""
    if not isinstance(call.body, list):
        return Answer(201, create_contact(call.world, bodies.read(call.world, bodies.CONTACT, call.body)))
    batch = _read_batch(call.world, call.body)
    return Answer(201, [create_contact(call.world, body) for body in batch])


def create_contact(world: World, body: Body) -> dict[str, Any]:
    """Both surfaces create contacts alike."""
    return render.contact(world, world.write("contacts", body.all))


def _read_batch(world: World, rows: list[Any]) -> list[Body]:
    most = world.rules.max_batch
    if most is not None and len(rows) > most:
        raise BadRequestError(f"a batch has at most {most} rows")
    return [_read_row(world, row, index) for index, row in enumerate(rows)]


def _read_row(world: World, row: Any, index: int) -> Body:
    try:
        return bodies.read(world, bodies.CONTACT, row, f"[{index}].")
    except BadRequestError as error:
        raise BadRequestError(str(error), index=index) from None


def update_contact(call: Call) -> Answer:
    """Row 3."""
    row = _contact(call)
    body = bodies.read_changes(call.world, bodies.CONTACT, call.body)
    return Answer(200, render.contact(call.world, call.world.write("contacts", body.all, old=row)))


def list_contact_replies(call: Call) -> Answer:
    """Row 4."""
    world, row = call.world, _contact(call)
    inbox = world.inboxes.get(row.id)
    rows = inbox.newest_first(world.clock.now()) if inbox else iter(())
    page = islice(rows, world.rules.contact_replies_cap)
    return Answer(200, [render.inbox_reply(world, reply) for reply in page])


def list_sending_accounts(call: Call) -> Answer:
    """Row 5."""
    return Answer(200, [render.sending_account(row) for row in call.world.accounts.values()])


def create_sequence(call: Call) -> Answer:
    """Row 6."""
    body = bodies.read(call.world, bodies.SEQUENCE, call.body)
    book = sequences.create(call.world, body.known, body.extra)
    return Answer(201, {**render.sequence(call.world, book.sequence), "steps": render.steps(call.world, book)})


def list_sequences(call: Call) -> Answer:
    """Row 7."""
    books = reversed(call.world.books.values())
    return Answer(200, [_listed(call.world, book) for book in books])


def _listed(world: World, book: Book) -> dict[str, Any]:
    return {
        **render.sequence(world, book.sequence),
        "stepCount": len(book.steps),
        "enrollmentCounts": render.counts(book),
    }


def get_sequence(call: Call) -> Answer:
    """Row 8."""
    book = _book(call)
    return Answer(200, {**_listed(call.world, book), "steps": render.steps(call.world, book)})


def update_sequence(call: Call) -> Answer:
    """Row 9."""
    book = _book(call)
    body = bodies.read_changes(call.world, bodies.SEQUENCE_CHANGES, call.body)
    return Answer(200, render.sequence(call.world, sequences.update(call.world, book, body.known, body.extra)))


def create_step(call: Call) -> Answer:
    """Row 10."""
    book = _book(call)
    body = bodies.read(call.world, bodies.STEP, call.body)
    step = sequences.insert_step(call.world, book, body.known, body.extra)
    return Answer(201, render.step(call.world, book, step))


def update_step(call: Call) -> Answer:
    """Row 11."""
    book = _book(call)
    old = sequences.find_step(book, call.params["stepId"])
    body = bodies.read_changes(call.world, bodies.STEP, call.body)
    step = sequences.update_step(call.world, book, old, body.known, body.extra)
    return Answer(200, render.step(call.world, book, step))


def delete_step(call: Call) -> Answer:
    """Row 12."""
    book = _book(call)
    step = sequences.find_step(book, call.params["stepId"])
    sequences.delete_step(book, step)
    return Answer(200, {"deleted": True})


def enroll(call: Call) -> Answer:
    """Row 13."""
    book = _book(call)
    body = bodies.read(call.world, bodies.ENROLL, call.body).known
    if not any(body.values()):
        raise BadRequestError("at least one of contactIds, tagIds and listIds must be provided")
    audience = enrollments.resolve_audience(
        call.world, body.get("contactIds", ()), body.get("tagIds", ()), body.get("listIds", ())
    )
    done = enrollments.enroll(call.world, book, audience)
    skipped = [{"contactId": row.contact_id, "reason": row.reason} for row in done.skipped]
    return Answer(201, {"enrolled": len(done.rows), "skipped": skipped})


def list_enrollments(call: Call) -> Answer:
    """Row 14; `since` is exclusive."""
    book, now = _book(call), call.world.clock.now()
    rows = book.enrollments.newest_first(now, call.since())
    page = islice(rows, call.world.rules.enrollments_cap)
    return Answer(200, [render.enrollment(call.world, row) for row in page])


def list_sends(call: Call) -> Answer:
    """Row 15; `since` is inclusive."""
    book, now = _book(call), call.world.clock.now()
    rows = book.sends.newest_first(now, call.since(), inclusive=True)
    return Answer(200, [render.send(call.world, row) for row in islice(rows, call.world.rules.sends_cap)])


def list_sequence_replies(call: Call) -> Answer:
    """Row 16; `since` is inclusive."""
    book, now = _book(call), call.world.clock.now()
    rows = book.replies.newest_first(now, call.since(), inclusive=True)
    page = islice(rows, call.world.rules.replies_cap)
    return Answer(200, [render.sequence_reply(call.world, book, row) for row in page])


def pause(call: Call) -> Answer:
    """Row 17; without a body, everyone."""
    book = _book(call)
    body = bodies.read(call.world, bodies.PAUSE, {} if call.body is None else call.body).known
    return Answer(200, {"paused": enrollments.pause(call.world, book, body.get("contactIds"))})


def unenroll(call: Call) -> Answer:
    """Row 18."""
    enrollments.unenroll(call.world, _book(call), call.params["contactId"])
    return Answer(200, {"unenrolled": True})


def list_bookings(call: Call) -> Answer:
    """Row 19."""
    rows = call.world.latest_created("bookings")
    return Answer(200, [render.record(call.world, "bookings", row) for row in rows])


def create_booking(call: Call) -> Answer:
    """Row 20."""
    body = bodies.read(call.world, bodies.BOOKING, call.body)
    row = call.world.write("bookings", {"title": "Meeting", "status": "scheduled", **body.all})
    return Answer(201, render.record(call.world, "bookings", row))


def _book(call: Call) -> Book:
    return sequences.find(call.world, call.params["id"])


def _contact(call: Call) -> Record:
    row = call.world.get("contacts", call.params["id"])
    if row is None:
        raise NotFoundError("No such contact in this workspace")
    return row
