"""What the console shows and rows alone do not: mails as threads, sequences with their counts, what is due."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from impactive_async.sandbox.control.call import ControlCall
from impactive_async.sandbox.control.printing import plain
from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.rows import EnrollmentRecord, ReplyRecord, SendRecord, TableRecord

__all__ = ["due", "sequences", "thread", "threads"]

Mail = dict[str, Any]


def threads(call: ControlCall) -> list[dict[str, Any]]:
    """List people, those with the latest mail first."""
    wanted, limit = call.query.get("contains", "").casefold(), call.whole("limit", 100)
    mails = _mails(call.sandbox.state)
    found = [_thread(person, mails.get(person["id"], [])) for person in _people(call.sandbox.state, mails)]
    if wanted:
        found = [one for one in found if _has(wanted, one["contact"], mails.get(one["contact"]["id"], ()))]
    found.sort(key=lambda one: one["last"]["at"] if one["last"] else "", reverse=True)
    return found[:limit]


def _thread(person: Mapping[str, Any], mails: list[Mail]) -> dict[str, Any]:
    last = {name: mails[-1][name] for name in ("at", "direction", "subject")} if mails else None
    return {"contact": person, "mails": len(mails), "last": last}


def _has(wanted: str, person: Mapping[str, Any], mails: Iterable[Mail]) -> bool:
    texts = [person["name"], person["email"], *(mail[name] for mail in mails for name in ("subject", "body"))]
    return any(wanted in str(text).casefold() for text in texts)


def thread(call: ControlCall) -> dict[str, Any]:
    """Show one person's mails, and the sequences that the person is on.

    Raises:
        LookupError: Nobody has this id.
    """
    wanted, state = call.params["id"], call.sandbox.state
    mails = _mails(state)
    for person in _people(state, mails):
        if person["id"] == wanted:
            enrolled = [_enrollment(state, one) for one in _enrollments(state) if one.contact_id == wanted]
            return {"contact": person, "enrollments": enrolled, "mails": mails.get(wanted, [])}
    raise LookupError(f"there is no contact {wanted}")


def _enrollment(state: State, row: EnrollmentRecord) -> dict[str, Any]:
    sequence = state.sequences[row.sequence_id]
    told: dict[str, Any] = plain(
        {
            "sequence_id": sequence.id,
            "sequence": sequence.name,
            "status": row.status,
            "next_send_at": row.next_send_at,
        }
    )
    return told


def sequences(call: ControlCall) -> list[dict[str, Any]]:
    """List sequences with their steps, and count who is on them and what was sent."""
    state = call.sandbox.state
    sent = Counter(send.sequence_id for send in state.sends)
    writers = {reply.contact_id for reply in state.replies}
    return [_sequence(state, sequence_id, sent[sequence_id], writers) for sequence_id in state.sequences]


def _sequence(state: State, sequence_id: str, sent: int, writers: set[str]) -> dict[str, Any]:
    row, people = state.sequences[sequence_id], state.enrollments(sequence_id)
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "steps": [
            {"subject": step.subject, "delay_days": step.delay_days, "body": step.body}
            for step in state.steps(sequence_id)
        ],
        "enrollments": Counter(one.status for one in people),
        "sends": sent,
        "replies": sum(one.contact_id in writers for one in people),
    }


def due(call: ControlCall) -> dict[str, Any]:
    """List the emails that are due, the next one first."""
    state, limit = call.sandbox.state, call.whole("limit", 100)
    names = {row.id: _person(row) for row in state.rows("contacts")}
    waiting = [(one.next_send_at, one) for one in _enrollments(state) if one.next_send_at is not None]
    waiting.sort(key=lambda pair: pair[0])
    found = [_due(state, names, at, one) for at, one in waiting[:limit]]
    return {"now": plain(call.sandbox.clock.now()), "due": found}


def _due(state: State, names: Mapping[str, Any], at: datetime, one: EnrollmentRecord) -> dict[str, Any]:
    sequence, steps = state.sequences[one.sequence_id], state.steps(one.sequence_id)
    person = names.get(one.contact_id)
    return {
        "at": plain(at),
        "contact": person or _nobody(one.contact_id),
        "sequence_id": sequence.id,
        "sequence": sequence.name,
        "status": sequence.status,
        "sends": sequence.status == "active",
        "subject": steps[one.current_step].subject if one.current_step < len(steps) else "",
    }


def _enrollments(state: State) -> Iterable[EnrollmentRecord]:
    return (row for sequence in state.sequences for row in state.enrollments(sequence))


def _people(state: State, mails: Mapping[str, Any]) -> list[dict[str, Any]]:
    known = {row.id: _person(row) for row in state.rows("contacts")}
    return [*known.values(), *(_nobody(contact) for contact in mails if contact not in known)]


def _person(row: TableRecord) -> dict[str, Any]:
    names = (row.fields.get(part) for part in ("firstName", "lastName"))
    name = " ".join(str(one) for one in names if one) or "Without a name"
    return {"id": row.id, "name": name, "email": row.fields.get("email")}


def _nobody(contact_id: str) -> dict[str, Any]:
    return {"id": contact_id, "name": "A contact that was deleted", "email": None}


def _mails(state: State) -> dict[str, list[Mail]]:
    """All mails of each contact, in order of their dates."""
    found = defaultdict[str, list[Mail]](list)
    mails: list[SendRecord | ReplyRecord] = sorted(
        (*state.sends, *state.replies), key=lambda mail: mail.email_date
    )
    for mail in mails:
        found[mail.contact_id].append(_mail(mail))
    return found


def _mail(mail: SendRecord | ReplyRecord) -> Mail:
    sent = isinstance(mail, SendRecord)
    return {
        "id": mail.id,
        "direction": "out" if sent else "in",
        "at": plain(mail.email_date),
        "subject": mail.subject,
        "body": mail.body,
        "from": mail.from_address,
        "to": list(mail.to_addresses) if isinstance(mail, SendRecord) else [],
        "sequence_id": mail.sequence_id if isinstance(mail, SendRecord) else None,
    }
