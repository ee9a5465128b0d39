"""Which contacts on a list are which rows of a batch.

A row that has a value under `match_on` (its email, by default) is known by that value, any other by its names. Of
several contacts with the same, the one whose other fields fit as well is taken first. Texts are compared without
case and surrounding white space, phone numbers by their digits: servers tidy such things up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from impactive_async._http.decipher import rows_of
from impactive_async._http.encode import wire_name
from impactive_async.bulk.drafts import Body
from impactive_async.errors import DecodeError

_NAMES: Final = ("firstName", "lastName")
_FIELDS: Final = (*_NAMES, "email", "phone", "title", "companyId")

Key = tuple[str, ...]


@attrs.frozen
class Sighting:
    """A contact as a list or an answer shows it, read no further than is needed to know whose it is."""

    id: str
    fields: Mapping[str, Any] = attrs.field(repr=False)


def sighted(data: Any) -> list[Sighting]:
    """The contacts of a list. One that has no id is nobody's."""
    return [Sighting(row["id"], row) for row in rows_of(data) if type(row) is dict and _is_id(row.get("id"))]


def answered(data: Any) -> list[dict[str, Any]]:
    """The contacts of the answer to a create, as they are.

    Raises:
        DecodeError: One of them has no id.
    """
    contacts = rows_of(data)
    if all(type(row) is dict and _is_id(row.get("id")) for row in contacts):
        return contacts
    raise DecodeError("a created contact has no id", path="$[].id")


def _is_id(value: object) -> bool:
    return type(value) is str and value != ""


@attrs.frozen
class Wanted:
    """A row to look for."""

    index: int
    body: Body = attrs.field(repr=False)
    batch: int
    """Its batch's place in the input: what may be its contact depends on when it was sent."""


@attrs.frozen
class Pairing:
    """Rows by index: with the id of their contact, certainly not there, or not to be told apart."""

    found: Mapping[int, str]
    missing: frozenset[int]
    unclear: frozenset[int]


def pair(
    rows: Iterable[Wanted],
    sightings: Sequence[Sighting],
    match_on: str,
    may_be: Callable[[Wanted, Sighting], bool] = lambda *_: True,
) -> Pairing:
    """Find each row's contact among the sightings; no contact is two rows'.

    Args:
        rows: All rows that are being looked for, for a row of one batch may equal a row of another.
        sightings: What the lists show.
        match_on: A field of the draft, or a key of its `extra`.
        may_be: Whether a sighting comes into question for a row at all.
    """
    found: dict[int, str] = {}
    missing: set[int] = set()
    unclear: set[int] = set()
    contacts = _by_key(sightings, match_on)
    for key, alike in _rows_by_key(rows, match_on).items():
        left, unused = _pair_exactly(alike, contacts.get(key, []), may_be, found)
        spare = [contact for contact in unused if any(may_be(row, contact) for row in left)]
        if not spare:
            missing.update(row.index for row in left)
        elif key[0] == match_on and len(spare) >= len(left):
            found.update((row.index, contact.id) for row, contact in zip(left, spare, strict=False))
        else:
            unclear.update(row.index for row in left)
    return Pairing(found, frozenset(missing), frozenset(unclear))


def key_of(fields: Mapping[str, Any], match_on: str) -> Key:
    """What a contact is known by."""
    value = tidy(match_on, fields.get(wire_name(match_on), fields.get(match_on)))
    return ("", *(tidy(name, fields.get(name)) or "" for name in _NAMES)) if value is None else (match_on, value)


def tidy(name: str, value: object) -> str | None:
    """A value as it is compared; `None` for one that says nothing."""
    if value is None or isinstance(value, bool | Mapping | list | tuple):
        return None
    text = " ".join(str(value).split()).casefold()
    if name == "phone":
        text = "".join(filter(str.isdecimal, text))
    return text or None


def _by_key(sightings: Sequence[Sighting], match_on: str) -> Mapping[Key, list[Sighting]]:
    groups: dict[Key, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        groups[key_of(sighting.fields, match_on)].append(sighting)
    return groups


def _rows_by_key(rows: Iterable[Wanted], match_on: str) -> Mapping[Key, list[Wanted]]:
    groups: dict[Key, list[Wanted]] = defaultdict(list)
    for row in rows:
        groups[key_of(row.body, match_on)].append(row)
    return groups


def _pair_exactly(
    rows: list[Wanted],
    contacts: Sequence[Sighting],
    may_be: Callable[[Wanted, Sighting], bool],
    found: dict[int, str],
) -> tuple[list[Wanted], list[Sighting]]:
    """Pair rows with contacts that show all that the row gives; return what is left of both."""
    unused = list(contacts)
    left = []
    for row, given in sorted(((row, _given(row.body)) for row in rows), key=lambda item: -len(item[1])):
        contact = next((one for one in unused if may_be(row, one) and _shows(one, given)), None)
        if contact is None:
            left.append(row)
        else:
            unused.remove(contact)
            found[row.index] = contact.id
    return left, unused


def _shows(contact: Sighting, given: Mapping[str, str]) -> bool:
    return all(tidy(name, contact.fields.get(name)) == value for name, value in given.items())


def _given(body: Mapping[str, Any]) -> dict[str, str]:
    tidied = ((name, tidy(name, body.get(name))) for name in _FIELDS)
    return {name: value for name, value in tidied if value is not None}


def match_answer(
    sent: Sequence[Body], answer: Sequence[dict[str, Any]], match_on: str
) -> tuple[list[str] | None, bool]:
    """Whose contact each of an answer is: in the order of what was sent, unless the answer says otherwise.

    Returns:
        The ids in the order of `sent`, or `None` if there are not as many contacts; and whether the contacts are
        known by what was sent for them, which is what a search rests on.
    """
    ids = [contact["id"] for contact in answer]
    if len(set(ids)) != len(sent) or len(ids) != len(sent):
        return None, True
    if _are_alike(sent, answer, match_on):
        return ids, True
    rows = [Wanted(place, body, 0) for place, body in enumerate(sent)]
    found = pair(rows, [Sighting(contact["id"], contact) for contact in answer], match_on).found
    if len(found) == len(rows):
        return [found[row.index] for row in rows], True
    return ids, False


def _are_alike(sent: Sequence[Body], contacts: Sequence[dict[str, Any]], match_on: str) -> bool:
    wire = wire_name(match_on)
    values = [body.get(wire) for body in sent]
    if all(values) and values == [contact.get(wire) for contact in contacts]:
        return True  # nearly always, and it spares the tidying
    pairs = zip(sent, contacts, strict=True)
    return all(key_of(body, match_on) == key_of(contact, match_on) for body, contact in pairs)
