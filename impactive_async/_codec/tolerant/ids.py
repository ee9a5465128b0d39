"""Ids of services that have numbers for ids: text for us, and numbers again where they are sent back."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

from impactive_async._codec.encode import wire_name
from impactive_async._codec.json_bytes import dumps, loads
from impactive_async._codec.tolerant.notes import current
from impactive_async._codec.tolerant.nouns import noun_of, plural_of

_NOUNS: Final = {
    "contactId": "contacts",
    "contactIds": "contacts",
    "companyId": "companies",
    "sendingAccountId": "sending_accounts",
    "sequenceId": "sequences",
    "sequenceStepId": "steps",
    "enrollmentId": "enrollments",
    "sequenceEnrollmentId": "enrollments",
    "stageId": "stages",
    "tagIds": "tags",
    "listIds": "lists",
    "workspaceId": "workspace",
    "enrolledContactId": "contacts",
}
"""Whose ids stand in a field, by its wire name; nouns are spelt as profiles have them."""


def noun_of_field(cls: type, name: str) -> str:
    """Return whose ids stand in a field of a row class."""
    if name == "id":
        return _NOUNS.get(f"{noun_of(cls)}Id", plural_of(cls))
    return _NOUNS.get(wire_name(name), wire_name(name))


def id_text(row: Mapping[str, Any], noun: str) -> str | None:
    """Return the id of a row as text; `None` if it has none. A number is told to the notes.

    Args:
        row: The row's plain value.
        noun: The noun of the row as profiles spell it, such as `contacts`.
    """
    value = row.get("id")
    if type(value) is not int:
        return value if type(value) is str and value else None
    notes = current()
    if notes is not None:
        notes.deviate("id.number")
        notes.numeric.add(noun)
    return str(value)


def with_numbers(body: bytes, nouns: Set[str]) -> bytes:
    """Return the body of a request with numbers for the ids of these nouns.

    The ids of tags, lists and stages are never shown, or seldom. They are taken for numbers as soon as any are.
    """
    return dumps(_with_numbers(loads(body), nouns | {"tags", "lists", "stages"}))


def _with_numbers(value: Any, nouns: Set[str]) -> Any:
    if isinstance(value, list):
        return [_with_numbers(item, nouns) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _numbers(item) if _NOUNS.get(key) in nouns else item for key, item in value.items()}


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
