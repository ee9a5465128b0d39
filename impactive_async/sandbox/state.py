"""The state for tests, demos and traffic generators: read everything, and change it without the API."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from attrs import define, field

from impactive_async.sandbox.api import bodies
from impactive_async.sandbox.world import enrollments, mailer, sequences
from impactive_async.sandbox.world.enrollments import Enrolled
from impactive_async.sandbox.world.rows import (
    KINDS,
    Audience,
    EnrollmentRecord,
    Kind,
    ReplyRecord,
    SendingAccountRecord,
    SendRecord,
    SequenceRecord,
    StepRecord,
    TableRecord,
)
from impactive_async.sandbox.world.world import World

__all__ = ["POLLED", "State"]

POLLED = (*KINDS, "enrollments", "sends", "replies")


@define(eq=False)
class State:
    """A handle on one sandbox's workspace.

    It returns frozen rows; `TableRecord.fields` has the names of the wire. An id that does not exist raises
    `LookupError`, a field that the API would refuse raises `ValueError`.
    """

    _world: World = field(alias="world")

    def show(self, world: World) -> None:
        """Be the handle of another workspace from now on."""
        self._world = world

    # Reading.

    @property
    def sends(self) -> Sequence[SendRecord]:
        """Every email that went out, in order, with the enrollment it has (or no longer has) now."""
        return tuple(self._world.sends.values())

    @property
    def replies(self) -> Sequence[ReplyRecord]:
        """Every email that came in, in order of arrival."""
        return tuple(self._world.replies.values())

    @property
    def enrollment_history(self) -> Sequence[EnrollmentRecord]:
        """Every version that any enrollment ever had, in order; unenrolled ones included."""
        return tuple(self._world.history)

    @property
    def sequences(self) -> Mapping[str, SequenceRecord]:
        """Sequences by id, without their steps."""
        return {key: book.sequence for key, book in self._world.books.items()}

    @property
    def tags(self) -> Mapping[str, Audience]:
        """Tags by id."""
        return MappingProxyType(self._world.tags)

    @property
    def lists(self) -> Mapping[str, Audience]:
        """Lists by id."""
        return MappingProxyType(self._world.lists)

    @property
    def sending_accounts(self) -> Mapping[str, SendingAccountRecord]:
        """Sending accounts by id."""
        return MappingProxyType(self._world.accounts)

    @property
    def deal_stages(self) -> Mapping[str, str]:
        """Names of the pipeline's stages by id, in order."""
        return {stage.id: stage.name for stage in self._world.deal_stages.values()}

    def has(self, noun: str, row_id: str) -> bool:
        """Whether there is a row of that noun (as profiles name them) and id, shown by lists or not."""
        world, books = self._world, self._world.books.values()
        if noun == "enrollments":
            return any(row_id in book.enrollments for book in books)
        if noun == "steps":
            return any(step.id == row_id for book in books for step in book.steps)
        tables: dict[str, Container[object]] = {
            "sends": world.sends,
            "replies": world.replies,
            "sequences": world.books,
            "sending_accounts": world.accounts,
        }
        tables.update((kind, world.tables[kind]) for kind in KINDS)
        return row_id in tables.get(noun, ())

    def rows(self, kind: Kind) -> list[TableRecord]:
        """All rows of a plain table in order of creation, including those that lists do not show yet."""
        return list(self._world.tables[kind].rows())

    def get(self, kind: Kind, row_id: str) -> TableRecord:
        """One row of a plain table, in its newest version."""
        row = self._world.get(kind, row_id)
        if row is None:
            raise LookupError(f"{kind} has no row {row_id}")
        return row

    def steps(self, sequence_id: str) -> Sequence[StepRecord]:
        """The steps of a sequence in order of position."""
        return tuple(sequences.find(self._world, sequence_id).steps)

    def enrollments(self, sequence_id: str) -> list[EnrollmentRecord]:
        """The enrollments that a sequence has now, in order of enrollment."""
        return list(sequences.find(self._world, sequence_id).enrollments.rows())

    # Plain rows.

    def create_contact(
        self,
        first_name: str,
        last_name: str,
        *,
        email: str | None = None,
        company_id: str | None = None,
        extra: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> TableRecord:
        """A contact; `extra` has further fields by their wire names, `at` its timestamps (default: now)."""
        fields = {"firstName": first_name, "lastName": last_name, "email": email, "companyId": company_id}
        return self.add("contacts", {**fields, **(extra or {})}, at=at)

    def add_invoice(
        self, number: str, total: float, *, extra: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> TableRecord:
        """An invoice, which the API can only list."""
        fields = {"invoiceNumber": number, "total": total, "status": "draft", "currency": "USD"}
        return self.add("invoices", {**fields, **(extra or {})}, at=at)

    def add_project(
        self, name: str, *, extra: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> TableRecord:
        """A project in the first stage of the board, which the API can only list."""
        first = next(iter(self._world.project_stages), None)
        fields = {"name": name, "status": "active", "stageId": first}
        return self.add("projects", {**fields, **(extra or {})}, at=at)

    def add(
        self,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        at: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> TableRecord:
        """A row of any plain table by wire names, unchecked; lists show it from `visible_at` on."""
        return self._world.write(kind, dict(fields), at=at, visible_at=visible_at)

    def touch(
        self,
        kind: Kind,
        row_id: str,
        fields: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> TableRecord:
        """A new version of a row: `updatedAt` becomes `at` (default: now), and the fields given change."""
        old = self.get(kind, row_id)
        return self._world.write(kind, dict(fields or {}), old=old, at=at, visible_at=visible_at)

    def remove(self, kind: Kind, row_id: str) -> None:
        """Delete a row, as people do in the app: lists stop showing it."""
        self.get(kind, row_id)
        self._world.tables[kind].remove(row_id)

    def add_tag(self, name: str, contact_ids: Iterable[str]) -> Audience:
        """A tag and the contacts that carry it."""
        return self._audience(self._world.tags, "tag", name, contact_ids)

    def add_list(self, name: str, contact_ids: Iterable[str]) -> Audience:
        """A list and the contacts on it."""
        return self._audience(self._world.lists, "lst", name, contact_ids)

    def _audience(self, where: dict[str, Audience], prefix: str, name: str, ids: Iterable[str]) -> Audience:
        row = Audience(id=self._world.ids.new(prefix), name=name, contact_ids=tuple(ids))
        where[row.id] = row
        return row

    def add_sending_account(self, name: str, email: str, *, sync_enabled: bool = True) -> SendingAccountRecord:
        """A sending account that sends as `name` from `email`."""
        row = SendingAccountRecord(
            id=self._world.ids.new("acc"),
            name=name,
            from_name=name,
            from_email=email,
            smtp_host="smtp." + email.partition("@")[2],
            sync_enabled=sync_enabled,
        )
        self._world.accounts[row.id] = row
        return row

    # Sequences and mail.

    def create_sequence(
        self,
        name: str,
        delays: Iterable[int] = (0,),
        *,
        status: str = "active",
        sending_account_id: str | None = None,
    ) -> SequenceRecord:
        """A sequence with one step for each delay (in days)."""
        steps = [
            {"subject": f"{name} {number}", "body": f"Step {number} of {name}", "delayDays": delay}
            for number, delay in enumerate(delays, 1)
        ]
        raw = {"name": name, "status": status, "sendingAccountId": sending_account_id, "steps": steps}
        body = bodies.read(self._world, bodies.SEQUENCE, raw)
        return sequences.create(self._world, body.known, body.extra).sequence

    def set_sequence_status(self, sequence_id: str, status: str) -> SequenceRecord:
        """Change the status, as PATCH does."""
        book = sequences.find(self._world, sequence_id)
        body = bodies.read_changes(self._world, bodies.SEQUENCE_CHANGES, {"status": status})
        return sequences.update(self._world, book, body.known, body.extra)

    def enroll(self, sequence_id: str, contact_ids: Iterable[str]) -> Enrolled:
        """Enroll contacts, as POST enroll does."""
        return enrollments.enroll(self._world, sequences.find(self._world, sequence_id), contact_ids)

    def pause(self, sequence_id: str, contact_ids: Iterable[str] | None = None, reason: str = "manual") -> int:
        """Pause contacts, as POST pause does, with a reason of your own; returns how many were active."""
        return enrollments.pause(self._world, sequences.find(self._world, sequence_id), contact_ids, reason)

    def resume(self, sequence_id: str, contact_id: str) -> EnrollmentRecord:
        """Make an enrollment active again, with the next step due now, as the app's resume button does."""
        return enrollments.resume(self._world, sequences.find(self._world, sequence_id), contact_id)

    def unsubscribe(self, sequence_id: str, contact_id: str) -> EnrollmentRecord:
        """Unsubscribe a contact, as the link in an email does."""
        return enrollments.unsubscribe(self._world, sequences.find(self._world, sequence_id), contact_id)

    def unenroll(self, sequence_id: str, contact_id: str) -> None:
        """Unenroll a contact, as DELETE does."""
        enrollments.unenroll(self._world, sequences.find(self._world, sequence_id), contact_id)

    def add_reply(
        self,
        contact_id: str,
        *,
        body: str = "Sounds good!",
        subject: str = "Re: Hello",
        email_date: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> ReplyRecord:
        """An inbound email dated `email_date` (default: now), which lists show from `visible_at` on."""
        contact = self.get("contacts", contact_id)
        reply = ReplyRecord(
            id=self._world.ids.new("rep"),
            contact_id=contact_id,
            subject=subject,
            from_address=contact.fields.get("email") or "unknown@example.com",
            body=body,
            email_date=self._world.stamp() if email_date is None else email_date,
        )
        mailer.receive(self._world, reply, visible_at)
        return reply

    # Late rows.

    def late_rows(self, by: timedelta | None, kinds: Iterable[str] = POLLED) -> None:
        """From now on, lists show rows of these kinds only from `by` after their timestamp on.

        `None` ends the delay for rows still to come. Kinds are the plain tables, `enrollments`, `sends` and
        `replies`. A row that is visible already stays visible in its old version until the new version is.
        """
        for kind in kinds:
            if kind not in POLLED:
                raise ValueError(f"{kind!r} is not one of {', '.join(POLLED)}")
            if by is None:
                self._world.lateness.pop(kind, None)
            else:
                self._world.lateness[kind] = by
