"""From an input row to the JSON object that is sent for it, or to the reason why the row cannot be sent."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from math import isnan
from operator import attrgetter
from typing import Any, Final

import attrs

from impactive_async._codec.brief import brief
from impactive_async._codec.codec import dumps, encode_draft
from impactive_async._codec.encode import wire_name
from impactive_async._unset import UNSET
from impactive_async.models import ContactDraft

Body = dict[str, Any]
"""A contact as it goes over the wire."""

_FIELDS: Final = tuple(field.name for field in attrs.fields(ContactDraft))
_REQUIRED: Final = ("first_name", "last_name")
_OPTIONAL: Final = tuple(name for name in _FIELDS if name not in (*_REQUIRED, "extra"))
_PLAIN_NAMES: Final = (*_REQUIRED, *_OPTIONAL)
_PLAIN_SET: Final = frozenset(_PLAIN_NAMES)
_PLAIN_OPTIONAL: Final = tuple((name, wire_name(name)) for name in _OPTIONAL)
_plain_values: Final = attrgetter(*_PLAIN_NAMES)


@attrs.frozen(kw_only=True)
class LeftOut:
    """A row of the input that is not to be created now.

    It keeps its place in the journal, so that a later run may have a row to create there.
    """

    reason: str
    outcome: str = "left_out"
    contact_id: str | None = None
    """The contact that exists already, where that is the reason."""


class BadRowError(ValueError):
    """A row that cannot be sent. The message tells the user why."""


def plain_body(row: object) -> Body | None:
    """Return the body of a row that holds only strings under names we know, as most rows do; else `None`.

    This is a fast path. `exact_body` returns the same body for such a row, or says that JSON cannot carry it.
    """
    if type(row) is ContactDraft and row.extra == {}:
        row = dict(zip(_PLAIN_NAMES, _plain_values(row), strict=True))
    if type(row) is not dict:
        return None
    get = row.get
    first, last = get("first_name"), get("last_name")
    if type(first) is not str or type(last) is not str:
        return None
    body: Body = {"firstName": first, "lastName": last}
    for name, wire in _PLAIN_OPTIONAL:
        value = get(name)
        if type(value) is str:
            body[wire] = value
        elif value is not None:
            return None
    if len(row) > len(body) and not row.keys() <= _PLAIN_SET:
        return None
    return body if first.strip() and last.strip() else None


def exact_body(row: object) -> Body:
    """Return the body of a `ContactDraft`, or of a mapping of its fields in which `None` means: not given.

    Raises:
        BadRowError: The row is neither, has an unknown field, lacks a name, or has a value of the wrong type.
    """
    draft = row if isinstance(row, ContactDraft) else _draft_of(row)
    _check(draft)
    try:
        body = encode_draft(draft)
        dumps(body)
    except (ValueError, TypeError) as error:
        raise BadRowError(str(error)) from None
    return body


def _draft_of(row: object) -> ContactDraft:
    if not isinstance(row, Mapping):
        raise BadRowError(f"a row is a ContactDraft or a mapping of its fields, not a {type(row).__name__}")
    for name in row:
        if name is None:
            raise BadRowError(f"the row has more cells than its file has columns: {brief(row[name])}")
        if name not in _FIELDS:
            raise BadRowError(f"unknown field {name!r}{_suggestion(name)}")
    given = {name: value for name, value in row.items() if value is not None and value is not UNSET}
    for name in _REQUIRED:
        if name not in given:
            raise BadRowError(f"{name} is missing")
    return ContactDraft(**given)


def _suggestion(name: object) -> str:
    close = get_close_matches(name, _FIELDS, n=1) if isinstance(name, str) else []
    return f"; did you mean {close[0]!r}?" if close else "; other wire fields go into 'extra'"


def _check(draft: ContactDraft) -> None:
    for name in _REQUIRED:
        value: object = getattr(draft, name)
        if not isinstance(value, str):
            raise BadRowError(f"{name} is a string, not {_kind(value)}")
        if not value.strip():
            raise BadRowError(f"{name} is empty")
    for name in _OPTIONAL:
        value = getattr(draft, name)
        if value is not None and not isinstance(value, str):
            raise BadRowError(f"{name} is a string, not {_kind(value)}")
    extra: object = draft.extra
    if not isinstance(extra, Mapping):
        raise BadRowError(f"extra is a mapping of wire fields, not {_kind(extra)}")


def _kind(value: object) -> str:
    if isinstance(value, float) and isnan(value):
        return "NaN, as pandas has for an empty cell: put None there"
    return "null" if value is None else type(value).__name__
