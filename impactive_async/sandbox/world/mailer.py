"""What happens as time passes: due steps are sent, contacts answer."""

from datetime import datetime, timedelta

import attrs
from attrs import define

from impactive_async.sandbox.world.rows import EnrollmentRecord, ReplyRecord, SendRecord, StepRecord, TableRecord
from impactive_async.sandbox.world.timeline import Timeline
from impactive_async.sandbox.world.world import Book, World

__all__ = ["AnswerDue", "SendDue", "paused", "plan_the_waiting", "receive", "save", "show_replies_again", "wake"]

PLATFORM_SENDER = "hello@mail.impactive.example"
RETRY_AFTER = timedelta(hours=1)
MOST_FAILURES = 3
_ANSWERS = (
    "Thanks for reaching out. Could you send me some more detail?",
    "Sounds interesting! Does Thursday afternoon work for a call?",
    "Not at the moment, please try again next quarter.",
    "I am out of the office until Monday.",
    "You may want to talk to my colleague, in copy.",
)


@define(eq=False)
class SendDue:
    """What the clock runs when an email of an enrollment is due."""

    world: World
    book: Book
    enrollment_id: str
    due: datetime

    def __call__(self) -> None:
        """Send it, if the plan still holds."""
        _on_due(self.world, self.book, self.enrollment_id, self.due)


@define(eq=False)
class AnswerDue:
    """What the clock runs when somebody answers an email."""

    world: World
    send: SendRecord
    text: str

    def __call__(self) -> None:
        """Let the answer come in."""
        _answer(self.world, self.send, self.text)


def save(world: World, book: Book, enrollment: EnrollmentRecord) -> EnrollmentRecord:
    """Store a version of an enrollment: update lists, counts and history, and schedule its next send."""
    old = book.enrollments.get(enrollment.id)
    if old is not None:
        book.counts[old.status] -= 1
    book.counts[enrollment.status] += 1
    stamp, now = enrollment.updated_at, world.clock.now()
    visible_at = world.visible_at("enrollments", stamp)
    book.enrollments.put(enrollment.id, stamp, enrollment, now=now, visible_at=visible_at)
    world.history.append(enrollment)
    _plan(world, book, enrollment)
    return enrollment


def wake(world: World, book: Book) -> None:
    """Schedule again the sends that came due while the sequence was not active."""
    now = world.clock.now()
    for enrollment in book.enrollments.rows():
        if enrollment.next_send_at is not None and enrollment.next_send_at <= now:
            _plan(world, book, enrollment)


def plan_the_waiting(world: World, book: Book) -> None:
    """Give a due date to active enrollments that had no step left to wait for."""
    now = world.stamp()
    for row in list(book.enrollments.rows()):
        if row.status == "active" and row.next_send_at is None and row.current_step < len(book.steps):
            due = now + timedelta(days=book.steps[row.current_step].delay_days)
            save(world, book, attrs.evolve(row, next_send_at=due, updated_at=now))


def paused(world: World, row: EnrollmentRecord, reason: str) -> EnrollmentRecord:
    """The paused version of an enrollment."""
    now = world.stamp()
    return attrs.evolve(
        row, status="paused", paused_at=now, pause_reason=reason, next_send_at=None, updated_at=now
    )


def receive(world: World, reply: ReplyRecord, visible_at: datetime | None = None) -> None:
    """Put a reply into its contact's inbox and into the lists of the sequences the contact is on."""
    now, visible_at = world.clock.now(), visible_at or world.visible_at("replies", reply.email_date)
    world.replies[reply.id] = reply
    inbox = world.inboxes.setdefault(reply.contact_id, Timeline())
    inbox.put(reply.id, reply.email_date, reply, now=now, visible_at=visible_at)
    for sequence_id in world.memberships.get(reply.contact_id, ()):
        replies = world.books[sequence_id].replies
        replies.put(reply.id, reply.email_date, reply, now=now, visible_at=visible_at)


def show_replies_again(world: World, book: Book, contact_id: str) -> None:
    """Bring a contact's earlier replies, with their old dates, into the list of a sequence it (re-)joins."""
    inbox = world.inboxes.get(contact_id)
    if inbox is not None:
        inbox.copy_to(book.replies, world.clock.now())


def _plan(world: World, book: Book, row: EnrollmentRecord) -> None:
    if row.next_send_at is not None:
        world.clock.schedule(row.next_send_at, SendDue(world, book, row.id, row.next_send_at))


def _on_due(world: World, book: Book, enrollment_id: str, due: datetime) -> None:
    """Send, unless the plan has changed since: unenrolled, paused, or planned for another moment."""
    row = book.enrollments.get(enrollment_id)
    if row is None or row.next_send_at != due or book.sequence.status != "active":
        return
    contact = world.tables["contacts"].get(row.contact_id)
    if row.current_step >= len(book.steps):
        save(world, book, _advanced(world, book, row, row.current_step))
    elif contact is None or not contact.fields.get("email"):
        save(world, book, _failed(world, row, "The contact has no email address"))
    else:
        _send(world, book, row, contact, book.steps[row.current_step])


def _send(world: World, book: Book, row: EnrollmentRecord, contact: TableRecord, step: StepRecord) -> None:
    account = world.accounts.get(book.sequence.sending_account_id or "")
    send = SendRecord(
        id=world.ids.new("snd"),
        sequence_id=book.sequence.id,
        contact_id=row.contact_id,
        sequence_step_id=step.id,
        sequence_enrollment_id=row.id,
        subject=step.subject,
        from_address=account.from_email if account else PLATFORM_SENDER,
        to_addresses=(contact.fields["email"],),
        body=step.body,
        email_date=world.stamp(),
    )
    world.sends[send.id] = send
    world.sends_by_enrollment.setdefault(row.id, []).append(send.id)
    now, visible_at = world.clock.now(), world.visible_at("sends", send.email_date)
    book.sends.put(send.id, send.email_date, send, now=now, visible_at=visible_at)
    save(world, book, _advanced(world, book, row, row.current_step + 1))
    _maybe_answer(world, send)


def _advanced(world: World, book: Book, row: EnrollmentRecord, next_step: int) -> EnrollmentRecord:
    """The version that waits for `next_step`, or is completed if there is none."""
    now = world.stamp()
    more = next_step < len(book.steps)
    return attrs.evolve(
        row,
        status="active" if more else "completed",
        current_step=next_step,
        next_send_at=now + timedelta(days=book.steps[next_step].delay_days) if more else None,
        completed_at=None if more else now,
        last_send_error=None,
        last_send_error_at=None,
        consecutive_failures=0,
        updated_at=now,
    )


def _failed(world: World, row: EnrollmentRecord, error: str) -> EnrollmentRecord:
    """The version after a failed send: tried again in an hour, paused after the third failure."""
    now = world.stamp()
    row = attrs.evolve(
        row,
        last_send_error=error,
        last_send_error_at=now,
        consecutive_failures=row.consecutive_failures + 1,
        next_send_at=now + RETRY_AFTER,
        updated_at=now,
    )
    return paused(world, row, "send_failures") if row.consecutive_failures >= MOST_FAILURES else row


def _maybe_answer(world: World, send: SendRecord) -> None:
    """Decide by the seed whether, when and with which text this contact will answer."""
    if world.ids.chance("answers", send.id) >= world.rules.reply_rate:
        return
    wait = timedelta(minutes=10) + timedelta(hours=36) * world.ids.chance("wait", send.id)
    text = _ANSWERS[int(len(_ANSWERS) * world.ids.chance("text", send.id))]
    world.clock.schedule(send.email_date + wait, AnswerDue(world, send, text))


def _answer(world: World, send: SendRecord, text: str) -> None:
    reply = ReplyRecord(
        id=world.ids.new("rep"),
        contact_id=send.contact_id,
        subject=f"Re: {send.subject}",
        from_address=send.to_addresses[0],
        body=text,
        email_date=world.stamp(),
    )
    receive(world, reply)
