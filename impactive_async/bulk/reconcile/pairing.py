"""Which contacts on a list are which rows of a batch.

A row that has a value under `match_on` (its email, by default) is recognised by that value, any other row by its
names. If several contacts have the same value, one whose other fields fit as well is taken first. Servers tidy up
what they are given, so that texts are compared without case and extra white space, and phone numbers by their
digits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from impactive_async._codec.codec import listed_row
from impactive_async._codec.encode import wire_name
from impactive_async._codec.lists import rows_of, says_more
from impactive_async._codec.tolerant.envelopes import is_bare_id
from impactive_async._codec.tolerant.notes import current
from impactive_async.bulk.drafts import Body
from impactive_async.errors import DecodeError
from impactive_async.models import Contact

_NAMES: Final = ("firstName", "lastName")
_FIELDS: Final = (*_NAMES, "email", "phone", "title", "companyId")

Key = tuple[str, ...]

T = TypeVar("T")


@attrs.frozen
class ListedContact:
    """A contact as a list or an answer shows it. Its fields are not converted."""

    id: str
    fields: Mapping[str, Any] = attrs.field(repr=False)


class ContactPage(list[ListedContact]):
    """The contacts of a list.

    Attributes:
        cut: Whether the answer says that the list has more contacts than it shows, or the list shows no more.
    """

    cut: bool = False


def listed_contacts(data: Any, cap: int | None = None) -> ContactPage:
    """Return the contacts of a list, in the contract's form; those without an id are left out.

    Where there are such, or all are such that nobody could be recognised by them, absence proves nothing (`cut`).

    Args:
        data: The answer's plain value.
        cap: The most contacts that the list shows, where that is known.

    Raises:
        DecodeError: The answer is not a list.
    """
    rows = rows_of(data, "contacts")
    contacts = [listed_row(Contact, row) for row in rows]
    page = ContactPage(ListedContact(row["id"], row) for row in contacts if row is not None)
    is_readable = None not in contacts and (not rows or any(_given(contact.fields) for contact in page))
    page.cut = says_more() or not is_readable or (cap is not None and len(rows) >= cap)
    return page


def created_contacts(data: Any) -> list[Body]:
    """Return the contacts of the answer to a create, in the contract's form; or ids, where it tells them alone.

    Raises:
        DecodeError: The answer is not a list, or one of the contacts has no id.
    """
    rows = rows_of(data, "contacts")
    alone = current() is not None and all(map(is_bare_id, rows))
    contacts = [listed_row(Contact, {"id": row} if alone else row) for row in rows]
    known = [contact for contact in contacts if contact is not None]
    if len(known) < len(contacts):
        raise DecodeError("a created contact has no id", json_path="$[].id")
    return known


@attrs.frozen
class LostRow:
    """A row whose answer was lost, to be looked for."""

    index: int
    """Its place in the input, from 0."""
    body: Body = attrs.field(repr=False)
    batch: int
    """The place of its batch in the input. Which contacts the row can have depends on when its batch was sent."""


@attrs.frozen
class Pairing:
    """What a search has found about rows, by their index."""

    found: Mapping[int, str]
    """The id of each contact that was found."""
    missing: frozenset[int]
    """Rows that have no contact on the lists."""
    unclear: frozenset[int]
    """Rows that may have one: the lists do not tell which."""


def pair(
    rows: Collection[LostRow],
    listed: Sequence[ListedContact],
    match_on: str,
    may_be: Callable[[LostRow, ListedContact], bool] = lambda *_: True,
) -> Pairing:
    """Find the contact of each row. No contact is given to two rows.

    Args:
        rows: All lost rows. They are paired together, because a row of one batch may equal a row of another.
        listed: The contacts that the lists show.
        match_on: A field of the draft, or a key of its `extra`.
        may_be: Whether a contact can be that of a row at all.
    """
    found: dict[int, str] = {}
    missing: set[int] = set()
    unclear: set[int] = set()
    contacts = _grouped(listed, lambda contact: key_of(contact.fields, match_on))
    for key, alike in _grouped(rows, lambda row: key_of(row.body, match_on)).items():
        left, unused = _pair_exactly(alike, contacts.get(key, []), may_be, found)
        spare = [contact for contact in unused if any(may_be(row, contact) for row in left)]
        if not spare:
            missing.update(row.index for row in left)
        elif key[0] == match_on and len(spare) >= len(left):
            found.update((row.index, contact.id) for row, contact in zip(left, spare, strict=False))
        else:
            unclear.update(row.index for row in left)
    unclear |= _perhaps_there([row for row in rows if row.index in missing], contacts, may_be, found)
    return Pairing(found, frozenset(missing - unclear), frozenset(unclear))


def _perhaps_there(
    rows: Iterable[LostRow],
    contacts: Mapping[Key, list[ListedContact]],
    may_be: Callable[[LostRow, ListedContact], bool],
    found: Mapping[int, str],
) -> set[int]:
    """Return rows that may be contacts of the same names which do not show the value that would tell."""
    taken = set(found.values())
    return {
        row.index
        for row in rows
        if any(one.id not in taken and may_be(row, one) for one in contacts.get(_names_of(row.body), ()))
    }


def key_of(fields: Mapping[str, Any], match_on: str) -> Key:
    """Return what a contact is recognised by: its value under `match_on`, or else its names."""
    value = tidy(match_on, fields.get(wire_name(match_on), fields.get(match_on)))
    return _names_of(fields) if value is None else (match_on, value)


def _names_of(fields: Mapping[str, Any]) -> Key:
    return ("", *(tidy(name, fields.get(name)) or "" for name in _NAMES))


def tidy(name: str, value: object) -> str | None:
    """Return a value as it is compared; `None` for an empty one, and for one that is not a text or a number."""
    if value is None or isinstance(value, bool | Mapping | list | tuple):
        return None
    text = " ".join(str(value).split()).casefold()
    if name == "phone":
        text = "".join(filter(str.isdecimal, text))
    return text or None


def _grouped(items: Iterable[T], key: Callable[[T], Key]) -> Mapping[Key, list[T]]:
    groups: dict[Key, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _pair_exactly(
    rows: list[LostRow],
    contacts: Sequence[ListedContact],
    may_be: Callable[[LostRow, ListedContact], bool],
    found: dict[int, str],
) -> tuple[list[LostRow], list[ListedContact]]:
    """Pair rows with contacts that have all values of the row; return the rows and contacts that are left."""
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


def _shows(contact: ListedContact, given: Mapping[str, str]) -> bool:
    return all(tidy(name, contact.fields.get(name)) == value for name, value in given.items())


def _given(body: Mapping[str, Any]) -> dict[str, str]:
    tidied = ((name, tidy(name, body.get(name))) for name in _FIELDS)
    return {name: value for name, value in tidied if value is not None}


def match_answer(sent: Sequence[Body], answer: Sequence[Body], match_on: str) -> tuple[list[str] | None, bool]:
    """Tell which contact of an answer belongs to which body that was sent.

    The contacts are taken in the order of the bodies, unless their values say otherwise.

    Returns:
        The ids in the order of `sent`, or `None` if the answer has another number of contacts; and whether each
        contact can be recognised by what was sent for it. A search works only if it can.
    """
    ids = [contact["id"] for contact in answer]
    if len(set(ids)) != len(sent) or len(ids) != len(sent):
        return None, True
    if _are_alike(sent, answer, match_on):
        return ids, True
    rows = [LostRow(place, body, 0) for place, body in enumerate(sent)]
    found = pair(rows, [ListedContact(contact["id"], contact) for contact in answer], match_on).found
    if len(found) == len(rows):
        return [found[row.index] for row in rows], True
    return ids, False


def _are_alike(sent: Sequence[Body], contacts: Sequence[Body], match_on: str) -> bool:
    wire = wire_name(match_on)
    values = [body.get(wire) for body in sent]
    if all(values) and values == [contact.get(wire) for contact in contacts]:
        return True  # nearly always; comparing tidied values costs more
    pairs = zip(sent, contacts, strict=True)
    return all(key_of(body, match_on) == key_of(contact, match_on) for body, contact in pairs)
