"""Rows on demand, each with what it needs, for whoever builds a program: `impactive trigger reply`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from impactive_async.sandbox.state import State

__all__ = ["TRIGGERS", "trigger"]


def _plain(kind: str, **fields: Any) -> Callable[[State], str]:
    def make(state: State) -> str:
        return str(state.add(kind, fields).id)  # type: ignore[arg-type]  # each is a plain table

    return make


def _enrolled(state: State) -> tuple[str, str]:
    """Enroll somebody new in a sequence whose first email is due at once; return contact and enrollment."""
    sequence = next(
        (s.id for s in state.sequences.values() if s.name == "Triggered" and s.status == "active"), None
    )
    sequence = sequence or state.create_sequence("Triggered").id
    number = len(state.rows("contacts")) + 1
    contact = state.create_contact("Trigger", f"Number {number}", email=f"trigger{number}@example.com").id
    state.enroll(sequence, [contact])
    (enrollment,) = (one for one in state.enrollments(sequence) if one.contact_id == contact)
    return contact, enrollment.id


def _reply(state: State) -> str:
    enrolled = [one.contact_id for sequence in state.sequences for one in state.enrollments(sequence)]
    contact = enrolled[-1] if enrolled else _enrolled(state)[0]
    return state.add_reply(contact, body="Sounds good! Shall we talk on Thursday?").id


TRIGGERS: Final[Mapping[str, Callable[[State], str]]] = {
    "reply": _reply,
    "enrollment": lambda state: _enrolled(state)[1],
    "send": lambda state: _enrolled(state)[0],
    "contact": _plain("contacts", firstName="Ada", lastName="Lovelace", email="ada@example.com"),
    "company": _plain("companies", name="Analytical Engines"),
    "deal": _plain("deals", name="Pilot for Analytical Engines", value=12000, currency="USD"),
    "invoice": lambda state: state.add_invoice("INV-2001", 1200).id,
    "project": lambda state: state.add_project("Onboarding of Analytical Engines").id,
    "booking": _plain("bookings", title="Call with Ada Lovelace"),
}
"""What makes a row of a kind; each returns an id. The email of an enrollment goes out with the next second."""


def trigger(state: State, noun: str) -> str:
    """Make one row, and return its id; of a send, that of the contact it goes to.

    Raises:
        LookupError: There is no such noun.
    """
    if noun not in TRIGGERS:
        raise LookupError(f"nothing is called {noun!r}; there are {', '.join(TRIGGERS)}")
    return TRIGGERS[noun](state)
