"""Handlers of `/api/agent`: contract rows 1 to 20."""

from typing import Any

from impactive_async.sandbox.api import bodies, render
from impactive_async.sandbox.api.bodies import Body
from impactive_async.sandbox.api.exchange import Call, RouteAnswer
from impactive_async.sandbox.api.pages import page_of, page_of_timeline
from impactive_async.sandbox.world import enrollments, sequences
from impactive_async.sandbox.world.errors import InvalidRequestError, UnknownIdError
from impactive_async.sandbox.world.rows import TableRecord
from impactive_async.sandbox.world.world import Book, World


def list_contacts(call: Call) -> RouteAnswer:
    """Row 1."""
    world = call.world
    return page_of_timeline(
        call, world.tables["contacts"], lambda row: render.contact(world, row), limit=call.limit()
    )


def create_contacts(call: Call) -> RouteAnswer:
    """Row 2; a batch is all or nothing."""
    if not isinstance(call.body, list):
        return RouteAnswer(create_contact(call.world, bodies.read(call.world, bodies.CONTACT, call.body)))
    operation = "contacts.create_batch"
    batch = _read_batch(call.world, call.body, call.dialect.settings(operation).largest_batch)
    return RouteAnswer([create_contact(call.world, body) for body in batch], operation)


def create_contact(world: World, body: Body) -> dict[str, Any]:
    """Create a contact; both surfaces do it in the same way."""
    return render.contact(world, world.write("contacts", body.all))


def _read_batch(world: World, rows: list[Any], most: int | None) -> list[Body]:
    if most is not None and len(rows) > most:
        raise InvalidRequestError(f"a batch has at most {most} rows")
    return [_read_row(world, row, index) for index, row in enumerate(rows)]


def _read_row(world: World, row: Any, index: int) -> Body:
    try:
        return bodies.read(world, bodies.CONTACT, row, f"[{index}].")
    except InvalidRequestError as error:
        raise InvalidRequestError(str(error), index=index) from None


def update_contact(call: Call) -> RouteAnswer:
    """Row 3."""
    row = _contact(call)
    body = bodies.read_changes(call.world, bodies.CONTACT, call.body)
    return RouteAnswer(render.contact(call.world, call.world.write("contacts", body.all, old=row)))


def list_contact_replies(call: Call) -> RouteAnswer:
    """Row 4."""
    return page_of_timeline(call, call.world.inboxes.get(_contact(call).id), render.inbox_reply)


def list_sending_accounts(call: Call) -> RouteAnswer:
    """Row 5."""
    return page_of(call, call.world.accounts.values(), render.sending_account)


def create_sequence(call: Call) -> RouteAnswer:
    """Row 6."""
    body = bodies.read(call.world, bodies.SEQUENCE, call.body)
    book = sequences.create(call.world, body.known, body.extra)
    return RouteAnswer({**render.sequence(book.sequence), "steps": render.steps(book)})


def list_sequences(call: Call) -> RouteAnswer:
    """Row 7."""
    return page_of(call, call.world.books.values(), _listed, lambda book: book.sequence.id)


def _listed(book: Book) -> dict[str, Any]:
    return {
        **render.sequence(book.sequence),
        "stepCount": len(book.steps),
        "enrollmentCounts": render.counts(book),
    }


def get_sequence(call: Call) -> RouteAnswer:
    """Row 8."""
    book = _book(call)
    return RouteAnswer({**_listed(book), "steps": render.steps(book)})


def update_sequence(call: Call) -> RouteAnswer:
    """Row 9."""
    book = _book(call)
    body = bodies.read_changes(call.world, bodies.SEQUENCE_CHANGES, call.body)
    return RouteAnswer(render.sequence(sequences.update(call.world, book, body.known, body.extra)))


def create_step(call: Call) -> RouteAnswer:
    """Row 10."""
    book = _book(call)
    body = bodies.read(call.world, bodies.STEP, call.body)
    step = sequences.insert_step(call.world, book, body.known, body.extra)
    return RouteAnswer(render.step(book, step))


def update_step(call: Call) -> RouteAnswer:
    """Row 11."""
    book = _book(call)
    old = sequences.find_step(book, call.params["stepId"])
    body = bodies.read_changes(call.world, bodies.STEP, call.body)
    step = sequences.update_step(call.world, book, old, body.known, body.extra)
    return RouteAnswer(render.step(book, step))


def delete_step(call: Call) -> RouteAnswer:
    """Row 12."""
    book = _book(call)
    step = sequences.find_step(book, call.params["stepId"])
    sequences.delete_step(book, step)
    return RouteAnswer({"deleted": True})


def enroll(call: Call) -> RouteAnswer:
    """Row 13."""
    book = _book(call)
    audience = _audience(call)
    done = enrollments.enroll(call.world, book, audience)
    reasons = [row.reason for row in done.skipped]
    return RouteAnswer(
        {
            "enrolled": len(done.rows),
            "skipped": [{"contactId": row.contact_id, "reason": row.reason} for row in done.skipped],
            "added": [{"contactId": row.contact_id, "enrollmentId": row.id} for row in done.rows],
            "requested": len(audience),
            "skipped_count": len(reasons),
            "already_enrolled": reasons.count("already_enrolled"),
            "not_found": reasons.count("not_found"),
        }
    )


def _audience(call: Call) -> list[str]:
    body = bodies.read(call.world, bodies.ENROLL, call.body).known
    if not any(body.values()):
        raise InvalidRequestError("at least one of contactIds, tagIds and listIds must be provided")
    contact_ids, most = body.get("contactIds", ()), call.settings.largest_batch
    if most is not None and len(contact_ids) > most:
        raise InvalidRequestError(f"contactIds has at most {most} ids")
    return enrollments.resolve_audience(call.world, contact_ids, body.get("tagIds", ()), body.get("listIds", ()))


def list_enrollments(call: Call) -> RouteAnswer:
    """Row 14."""
    world = call.world
    return page_of_timeline(call, _book(call).enrollments, lambda row: render.enrollment(world, row))


def list_sends(call: Call) -> RouteAnswer:
    """Row 15."""
    return page_of_timeline(call, _book(call).sends, render.send)


def list_sequence_replies(call: Call) -> RouteAnswer:
    """Row 16."""
    book = _book(call)
    return page_of_timeline(call, book.replies, lambda row: render.sequence_reply(book, row))


def pause(call: Call) -> RouteAnswer:
    """Row 17; without a body, everyone."""
    book = _book(call)
    body = bodies.read(call.world, bodies.PAUSE, {} if call.body is None else call.body).known
    return RouteAnswer({"paused": enrollments.pause(call.world, book, body.get("contactIds"))})


def unenroll(call: Call) -> RouteAnswer:
    """Row 18."""
    enrollments.unenroll(call.world, _book(call), call.params["contactId"])
    return RouteAnswer({"unenrolled": True})


def list_bookings(call: Call) -> RouteAnswer:
    """Row 19."""
    world = call.world
    return page_of_timeline(call, world.tables["bookings"], lambda row: render.record(world, "bookings", row))


def create_booking(call: Call) -> RouteAnswer:
    """Row 20."""
    body = bodies.read(call.world, bodies.BOOKING, call.body)
    row = call.world.write("bookings", {"title": "Meeting", "status": "scheduled", **body.all})
    return RouteAnswer(render.record(call.world, "bookings", row))


def _book(call: Call) -> Book:
    return sequences.find(call.world, call.params["id"])


def _contact(call: Call) -> TableRecord:
    row = call.world.get("contacts", call.params["id"])
    if row is None:
        raise UnknownIdError("No such contact in this workspace")
    return row
