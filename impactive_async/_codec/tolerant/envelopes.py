"""Where in a document the row or the rows are.

    row     the object that has an `id`, but for those of other things, such as a contact's company; else the
            value under the noun, `data`, `result`, `item` or `record`; an array of one row; up to two levels
            down. What stands beside it is merged into it.
    list    an array; else the array under the plural noun, `data`, `items`, `results`, `records`, `rows`
            or `_embedded`; else the only array; up to two levels down.

The members of a document may be plain values or the texts of values (`bytes`): a text is opened only where the way
leads through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final, TypeAlias

import attrs

from impactive_async._codec.fast.structs import UNREADABLE, split_object
from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant.names import IDS
from impactive_async.errors import DecodeError

ROW_KEYS: Final = ("data", "result", "item", "record", "account", "user")
ITEM_KEYS: Final = ("node", "data", "result", "item", "record")
LIST_KEYS: Final = ("data", "items", "results", "records", "rows", "_embedded")
DEPTH: Final = 2
_OTHERS: Final = frozenset((
    "contact", "company", "deal", "invoice", "project", "booking", "sequence", "step", "enrollment", "send",
    "reply", "sendingAccount", "sending_account", "workspace", "organization", "team", "account", "user", "owner",
    "author", "assignee", "createdBy", "created_by", "updatedBy", "updated_by", "list", "stage", "tag",
))  # fmt: skip
"""What an object is called that belongs to a row, or stands beside it, and has an id of its own."""
_OF_WORKSPACES: Final = frozenset(("account", "user", "organization", "team"))
_NO_ROWS: Final = frozenset(("error", "errors", "warnings", "messages", "details"))  # they say how it went
_BARE_ID: Final = re.compile(r"[^\s\[\]{}\"]+")
_SHORT: Final = 1000  # bytes of a member that is opened to see whether it speaks of an error

_FRAME: Final = 20_000  # bytes around the rows of a list, which are read twice where the rows cannot be read so

Members: TypeAlias = Mapping[str, Any]


@attrs.frozen
class Located:
    """What was found in a document.

    Attributes:
        value: The row, or the rows: a plain value, or a text.
        beside: What stood beside it, from the outermost level in.
        deviations: How the document differs from the contract's.
    """

    value: Any
    beside: tuple[Members, ...] = ()
    deviations: tuple[str, ...] = ()


def find_rows(document: Any, plural: str) -> Located | None:
    """Find the array of a list answer; `None` if there is none, or more than one that it could be.

    Args:
        document: A plain value, or a text.
        plural: The noun of the rows, as in `sendingAccounts`.
    """
    if _is_array(document):
        return Located(document)
    found = _find_array(document, (plural, *LIST_KEYS))
    return found and attrs.evolve(found, deviations=("list.envelope", *found.deviations))


def _find_array(document: Any, keys: tuple[str, ...]) -> Located | None:
    """Find the array under a known name, else the only one, unless it may be part of a row, or beside rows."""
    members = members_of(document)
    if members is None:
        return None
    places: list[tuple[Members, tuple[Members, ...]]] = [(members, ())]
    places += [
        (inner, (_without(members, key),)) for key in keys if (inner := members_of(members.get(key))) is not None
    ]
    for level, around in places:
        for key in keys:
            if key in level and _is_array(level[key]):
                return Located(level[key], (*around, _without(level, key)))
    arrays = [
        Located(value, (*around, _without(level, key)))
        for level, around in places
        if not has_id(plain_members(level))  # it is a row
        for key, value in level.items()
        if _is_array(value) and key not in _NO_ROWS
    ]
    if arrays:
        is_clear = len(arrays) == 1 and not (_is_empty(arrays[0].value) and _shows_rows(arrays[0].beside, keys))
        return arrays[0] if is_clear else None
    for level, around in places:
        for key in keys:
            if key in level and _is_null(level[key]):
                return Located([], (*around, _without(level, key)), ("list.null",))
    return None


def _is_empty(array: Any) -> bool:
    return not array[1:-1].strip() if type(array) is bytes else not array


def _shows_rows(beside: tuple[Members, ...], keys: tuple[str, ...]) -> bool:
    """Whether an object beside an empty array holds rows, or is one under a name of rows."""
    for key, value in (member for members in beside for member in members.items()):
        inner = members_of(value) or {}
        if (key in keys and has_id(plain_members(inner))) or any(map(_is_of_rows, inner.values())):
            return True
    return False


def _is_of_rows(value: Any) -> bool:
    """Whether a value is an object with an id, or an array of objects."""
    if _is_array(value):
        return (
            value[1:].lstrip()[:1] == b"{" if type(value) is bytes else isinstance(next(iter(value), None), dict)
        )
    return has_id(plain_members(members_of(value) or {}))


def _is_null(value: Any) -> bool:
    return value is None or (type(value) is bytes and value.strip() == b"null")


def in_frame(text: bytes, plural: str) -> tuple[Located, Any] | None:
    """Find the array of a list answer by its brackets, without reading its rows.

    What stands around it, with an empty array in its place, must be JSON in which that array is the one. It has no
    other brackets then. Whether the text between the brackets is one array, the caller finds out by reading it.

    Returns:
        The array's text, and the plain value of the document without its rows; `None` if it is not found so.
    """
    first, last = text.find(b"["), text.rfind(b"]") + 1
    if text[:1] != b"{" or not 0 < first < last or len(text) - (last - first) > _FRAME:
        return None
    try:
        frame = loads(text[:first] + b"[]" + text[last:])
    except ValueError:
        return None
    found = find_rows(frame, plural)
    if found is None:
        return None
    rows = memoryview(text)[first:last]  # a copy would cost a twentieth of reading a page
    return Located(rows, found.beside, found.deviations), frame


def find_row(document: Any, noun: str) -> Located | None:
    """Find the one row of an answer; `None` if there is none, or more than one that it could be.

    Args:
        document: A plain value.
        noun: The noun of the row, as in `sendingAccount`.
    """
    return _find_row(document, noun, ())


def _find_row(document: Any, noun: str, beside: tuple[Members, ...]) -> Located | None:
    if isinstance(document, list):
        inner = _find_row(document[0], noun, beside) if len(document) == 1 else None
        return inner and attrs.evolve(inner, deviations=("row.array", *inner.deviations))
    if not isinstance(document, dict):
        return None
    if has_id(document):
        return None if is_sequence(document, noun) else Located(document, beside)
    if len(beside) == DEPTH:
        return None
    objects = {key: value for key, value in document.items() if isinstance(value, dict) and key not in _NO_ROWS}
    rows = [key for key, value in objects.items() if _is_row(value)]
    rows = rows or [key for key, value in objects.items() if has_id(value)]
    if noun == "workspace" and noun in rows:  # the user whose key it is stands beside it
        rows = [noun]
    others = _OTHERS - _names_of(noun)
    keys = [key for key in (noun, *ROW_KEYS) if key not in others]
    if len(rows) == 1 and rows[0] not in keys and (rows[0] in others or row_of_id(document, noun)):
        rows = []  # a part of the row, or what stands beside it
    ways = rows or [key for key in keys if isinstance(document.get(key), dict | list)]
    if len(rows) > 1:
        return None  # two rows: nobody should guess
    for key in ways:
        inner = _find_row(document[key], noun, (*beside, _without(document, key)))
        if inner is not None:
            return attrs.evolve(inner, deviations=("row.envelope", *inner.deviations))
    return None


def _names_of(noun: str) -> Set[str]:
    """Return what a row may be called where it is the answer."""
    if noun == "workspace":
        return {noun, *_OF_WORKSPACES}
    return {"account", noun, "sending_account"} if noun == "sendingAccount" else {noun}


def find_listed_row(item: Any, noun: str) -> Located | None:
    """Find the row of an item of a list; `None` if there is none.

    The item is the row, or has it under the noun, `node`, `data`, `result`, `item` or `record`. An object under
    another name is a part of a row that lacks its id, such as the contact of an enrollment with its own id.
    """
    if not isinstance(item, dict):
        return None
    if has_id(item):
        return Located(item)
    keys = [key for key in (noun, *ITEM_KEYS) if isinstance(item.get(key), dict) and has_id(item[key])]
    if len(keys) != 1 or not item.keys().isdisjoint(("id", *IDS)):
        return row_of_id(item, noun)
    return Located(item[keys[0]], (_without(item, keys[0]),), ("row.envelope",))


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and _is_id(value.get("id"))


def is_sequence(document: Members, noun: str) -> bool:
    """Whether an object that should be a step is its sequence: it does not tell which of its steps was meant."""
    steps = document.get("steps")
    return noun == "step" and isinstance(steps, list) and any(map(_is_row, steps))


def has_id(row: Members) -> bool:
    """Whether an object has an id: a text or a whole number."""
    return _is_id(next((row[name] for name in ("id", *IDS) if name in row), None))


def _is_id(value: Any) -> bool:
    return (type(value) is str and value != "") or type(value) is int


def is_bare_id(value: Any) -> bool:
    """Whether a value in the place of a row is its id: a number, or a text that is no message and no JSON."""
    return type(value) is int or (type(value) is str and _BARE_ID.fullmatch(value) is not None)


def members_of(value: Any) -> Members | None:
    """Return the members of an object, plain or text; `None` of anything else."""
    if isinstance(value, dict):
        return value
    if type(value) is bytes and value[:1] == b"{":
        try:
            return split_object(value)
        except UNREADABLE:
            from impactive_async._codec.tolerant.nearly_json import members_apart  # few services need it

            return members_apart(value)
    return None


def plain_members(value: Any) -> Any:
    """Return an object with its short members as plain values; the others, and anything else, as they are."""
    if not isinstance(value, Mapping):
        return value
    return {key: _plain(member) for key, member in value.items()}


def _plain(member: Any) -> Any:
    if type(member) is not bytes or len(member) > _SHORT:
        return member
    try:
        return loads(member)
    except ValueError:
        return member


def merged(found: Located) -> dict[str, Any]:
    """Return a row with what stood beside it and what it lacks."""
    row: dict[str, Any] = {}
    for members in (*found.beside, found.value):
        row |= members
    return row


def row_of_id(document: Any, noun: str) -> Located | None:
    """Find at least the id of a row, under `contactId` for a contact; `None` if there is none."""
    for members in (document, document.get("data") if isinstance(document, dict) else None):
        if not isinstance(members, dict):
            continue
        for key in (f"{noun}Id", f"{noun}_id"):
            if type(members.get(key)) in (str, int) and members[key] != "":
                row = {"id": members[key], "name": members.get(f"{noun}Name", members.get(f"{noun}_name"))}
                row = {name: value for name, value in row.items() if value is not None}
                return Located(row, (members,), ("row.id_alone",))
        ids = members.get("ids")
        if isinstance(ids, list) and len(ids) == 1 and _is_id(ids[0]):
            return Located({"id": ids[0]}, (members,), ("row.id_alone",))
    return None


def _is_array(value: Any) -> bool:
    return isinstance(value, list) or (type(value) is bytes and value[:1] == b"[")


def _without(members: Members, key: str) -> Members:
    return {name: value for name, value in members.items() if name != key}


def shapes_tried(noun: str, plural: str | None = None) -> str:
    """Say where was looked, for an error."""
    if plural is not None:
        places = ", ".join((plural, *LIST_KEYS))
        return f"an array, or one under {places}, or the only one, up to {DEPTH} levels down"
    places = ", ".join((noun, *ROW_KEYS))
    return f"an object with an id, or one under {places}, or the only one, up to {DEPTH} levels down"


def structure_of(data: Any, depth: int = 2) -> str:
    """Describe a document by its structure, without its values."""
    if isinstance(data, dict):
        if not depth:
            return "{…}"
        inner = ", ".join(
            f"{str(key)[:40]}: {structure_of(value, depth - 1)}" for key, value in _first(data.items())
        )
        return "{" + inner + "}"
    if isinstance(data, list):
        return f"[{len(data)} of {structure_of(data[0], depth - 1) if data and depth else '…'}]"
    return "null" if data is None else {bool: "boolean", str: "text"}.get(type(data), "number")


def _first(items: Any, most: int = 12) -> Iterator[Any]:
    for index, item in enumerate(items):
        if index == most:
            return
        yield item


def unreadable(what: str, tried: str, data: Any) -> DecodeError:
    """The error for a document that fits no rule: what was tried, and what was found, without its values."""
    return DecodeError(
        f"no {what} found: expected {tried}; found {structure_of(data)}. Run `impactive doctor` to see how this "
        "service answers.",
        snippet=structure_of(data),
    )
