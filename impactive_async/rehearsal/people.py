"""Who is meant: ids of contacts, contacts, and people who are not created yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from impactive_async._codec.brief import brief
from impactive_async._http.wire import check_id
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Contact, ContactDraft
from impactive_async.rehearsal.placeholders import name_of

Asked = str | Contact | ContactDraft

_NOBODY: Final = (
    "there is nobody to rehearse with: give ids of contacts, rows such as `crm.contacts.list()` returns, or "
    "`ContactDraft`s of people who are not created yet"
)


@attrs.frozen
class Somebody:
    """One person who is asked for.

    Attributes:
        row: What is known of them; `None`: no list shows this id.
        contact_id: Their id; `None` of people who are not created yet.
        times: How often they were given.
    """

    row: Contact | ContactDraft | None
    contact_id: str | None
    times: int

    @property
    def name(self) -> str:
        """What messages call them."""
        return (name_of(self.row) if self.row else "") or self.email or self.contact_id or "somebody"

    @property
    def email(self) -> str | None:
        """Their address; `None` if they have none."""
        return ((self.row.email or "").strip() or None) if self.row else None


def asked_for(people: Iterable[Asked]) -> list[Asked]:
    """Check what a caller gave.

    Raises:
        InvalidArgumentError: It is nobody, one string, or something else than ids, contacts and drafts.
    """
    if isinstance(people, Asked):
        raise InvalidArgumentError("people is a list of ids, contacts or drafts: put it into brackets")
    if not isinstance(people, Iterable):
        raise InvalidArgumentError(f"people is a list of ids, contacts or drafts, not {brief(people)}")
    found = list(people)
    for one in found:
        if isinstance(one, str):
            check_id(one)
        elif not isinstance(one, Contact | ContactDraft):
            raise InvalidArgumentError(f"people are ids, Contact or ContactDraft, not {type(one).__name__}")
    if not found:
        raise InvalidArgumentError(_NOBODY)
    return found


def everybody_once(asked: Iterable[Asked], known: Mapping[str, Contact]) -> list[Somebody]:
    """Return the people in order; who is given several times, by the same id or as equal drafts, is one.

    Args:
        asked: Who is asked for.
        known: The contacts that the workspace shows, by id. A row that was given goes before them.
    """
    rows: dict[object, Contact | ContactDraft | None] = {}
    times: dict[object, int] = {}
    for one in asked:
        key = _key(one)
        row = known.get(one) if isinstance(one, str) else one
        rows[key] = rows.get(key) or row
        times[key] = times.get(key, 0) + 1
    return [Somebody(row, key if isinstance(key, str) else None, times[key]) for key, row in rows.items()]


def _key(one: Asked) -> object:
    """Return the id, or of people who are not created yet all that is known of them."""
    if isinstance(one, ContactDraft):
        return _likeness(one)
    return one if isinstance(one, str) else one.id


def _likeness(draft: ContactDraft) -> tuple[object, ...]:
    return (draft.first_name, draft.last_name, draft.email, draft.phone, draft.title, draft.company_id)
