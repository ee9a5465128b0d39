"""What somebody should look at before a sequence is let loose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from impactive_async.models import EnrollmentStatus
from impactive_async.models import Sequence as EmailSequence
from impactive_async.rehearsal.people import Somebody
from impactive_async.rehearsal.result import RehearsalWarning, RehearsedMail, WarningKind
from impactive_async.rehearsal.sent import SentMail
from impactive_async.rehearsal.workspace import Membership, WorkspaceFacts, is_sending

_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_SATURDAY: Final = 6
_TOLD: Final = (EnrollmentStatus.ACTIVE, EnrollmentStatus.PAUSED, EnrollmentStatus.UNSUBSCRIBED)


def of_sequence(sequence: EmailSequence) -> Iterator[RehearsalWarning]:
    """Return what is to be said of the sequence."""
    if not is_sending(sequence):
        yield RehearsalWarning(
            WarningKind.NOT_ACTIVE,
            f"{sequence.name!r} is {sequence.status}: it sends nothing until it is made active. This is what it "
            "would send if it were active from the start.",
        )
    if not sequence.steps:
        yield RehearsalWarning(WarningKind.NO_STEPS, f"{sequence.name!r} has no steps: there is nothing to send.")


class PeopleWarnings:
    """What is to be said of people, one at a time.

    Args:
        facts: What is known of them.
        zone: The zone in which moments are told; `None`: the machine's.
    """

    def __init__(self, facts: WorkspaceFacts, zone: tzinfo | None) -> None:
        self._facts = facts
        self._zone = zone
        self._own = _by_person(facts.own)
        self._elsewhere = _by_person(facts.others)
        self._by_address: dict[str, list[str]] = {}
        for one in facts.people:
            self._by_address.setdefault((one.email or "").casefold(), []).append(one.contact_id or one.name)

    def of(self, person: int) -> tuple[RehearsalWarning, ...]:
        """Return the warnings about one of them."""
        one = self._facts.people[person]
        if one.row is None:
            return (self._unknown(one),)
        return tuple(
            RehearsalWarning(kind, f"{one.name}{text}")
            for kind, text in (
                *self._address(one),
                *self._doubles(one),
                *self._on_this(one, self._own.get(person, ())),
                *self._on_others(self._elsewhere.get(person, ())),
            )
        )

    def _unknown(self, one: Somebody) -> RehearsalWarning:
        text = f"{one.contact_id} is no contact of this workspace."
        if not self._facts.all_shown:
            text = (
                f"{one.contact_id} is not among the contacts that the API lists. It does not list all that there "
                "are, so give the contact itself instead of its id."
            )
        return RehearsalWarning(WarningKind.UNKNOWN_CONTACT, text)

    def _address(self, one: Somebody) -> Iterator[tuple[WarningKind, str]]:
        if one.email is None:
            yield WarningKind.NO_ADDRESS, " has no email address: no mail goes out to them."
        elif not _ADDRESS.fullmatch(one.email):
            yield WarningKind.BAD_ADDRESS, f" has the address {one.email!r}, to which no mail can go."

    def _doubles(self, one: Somebody) -> Iterator[tuple[WarningKind, str]]:
        if one.times > 1:
            yield WarningKind.DUPLICATE_PERSON, f" is given {one.times} times, and enrolled once."
        sharing = self._by_address[one.email.casefold()] if one.email else ()
        if len(sharing) > 1:
            others = ", ".join(name for name in sharing if name != (one.contact_id or one.name)) or "somebody else"
            yield (
                WarningKind.DUPLICATE_PERSON,
                f" shares the address {one.email} with {others}: each gets all mails.",
            )

    def _on_this(self, one: Somebody, memberships: Iterable[Membership]) -> Iterator[tuple[WarningKind, str]]:
        for membership in memberships:
            enrollment = membership.enrollment
            if not membership.is_own:
                other = f"{enrollment.contact_id}, who is on the sequence already"
                yield WarningKind.DUPLICATE_PERSON, f" shares the address {one.email} with {other}."
                continue
            state = f"{enrollment.status}{self._next_of(membership)}"
            yield WarningKind.ALREADY_ENROLLED, f" is on the sequence already ({state}): enrolling skips them."

    def _on_others(self, memberships: Iterable[Membership]) -> Iterator[tuple[WarningKind, str]]:
        for membership in memberships:
            enrollment, name = membership.enrollment, membership.sequence.name
            if enrollment.status == EnrollmentStatus.UNSUBSCRIBED:
                yield WarningKind.UNSUBSCRIBED, f" has unsubscribed from {name!r}."
            elif enrollment.status in _TOLD:
                text = f" is on {name!r}, too ({enrollment.status}{self._next_of(membership)})."
                yield WarningKind.ENROLLED_ELSEWHERE, text

    def _next_of(self, membership: Membership) -> str:
        due = membership.enrollment.next_send_at
        if not membership.is_active or due is None or not is_sending(membership.sequence):
            return ""
        return f", next mail {told(due.astimezone(self._zone))}"


def of_mail(mail: RehearsedMail, same_day: Sequence[RehearsedMail | SentMail]) -> Iterator[RehearsalWarning]:
    """Return what is to be said of a mail.

    Args:
        mail: The mail.
        same_day: All mails to its address on its day, itself among them, and those that were sent before.
    """
    which = f"Step {mail.step + 1} to {mail.name}"
    if mail.at.isoweekday() >= _SATURDAY:
        yield RehearsalWarning(WarningKind.WEEKEND, f"{which} goes out on a {mail.at:%A}.")
    other = next((one for one in same_day if one is not mail), None)
    if other is not None:
        text = f"{which} is one of {len(same_day)} mails to {mail.to} on {mail.at:%a %d %b %Y}: also "
        text += f"{_called(other)}."
        yield RehearsalWarning(WarningKind.TWO_MAILS_IN_A_DAY, text)
    for placeholder in mail.unfilled:
        why = "its value is not known" if placeholder.startswith("{{") else "only {{ name }} is filled"
        text = f"{which}: {placeholder} stays as it is, {why}."
        yield RehearsalWarning(WarningKind.UNFILLED_PLACEHOLDER, text)


def _called(mail: RehearsedMail | SentMail) -> str:
    if isinstance(mail, SentMail):
        return f"one of {mail.sequence_name!r}, sent at {mail.at:%H:%M} already"
    return f"step {mail.step + 1} of {mail.sequence_name!r} at {mail.at:%H:%M}"


def by_day(mails: Iterable[RehearsedMail | SentMail]) -> dict[tuple[str, date], list[RehearsedMail | SentMail]]:
    """Return mails by address and day."""
    found: dict[tuple[str, date], list[RehearsedMail | SentMail]] = {}
    for mail in mails:
        found.setdefault(day_of(mail), []).append(mail)
    return found


def day_of(mail: RehearsedMail | SentMail) -> tuple[str, date]:
    """Return the address that a mail goes to, and its day."""
    return mail.to.casefold(), mail.at.date()


def told(moment: datetime) -> str:
    """Return a moment as messages tell it."""
    return f"{moment:%a %d %b %Y, %H:%M}"


def _by_person(memberships: Iterable[Membership]) -> Mapping[int, list[Membership]]:
    found: dict[int, list[Membership]] = {}
    for membership in memberships:
        found.setdefault(membership.person, []).append(membership)
    return found
