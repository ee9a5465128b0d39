"""Rows under the contract's names, as the SDK reads them, beside the names that they came with."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

_HOLDERS: Final = ("attributes", "properties", "fields")
_IDS: Final = ("id", "_id", "uuid")
_BESIDE: Final = frozenset(("id", "createdAt", "updatedAt"))


def meant(row: dict[str, Any], fields: Set[str]) -> dict[str, Any]:
    """Return a row that also has the contract's names of fields which it has under others.

    Args:
        row: The row as it came.
        fields: The fields that the contract names.
    """
    known = {**_held(row, fields), **row}
    names = {field.lower(): field for field in fields} | dict.fromkeys(_IDS, "id")
    added = {
        names[plain(key)]: value for key, value in known.items() if plain(key) in names and key == key.lower()
    }
    return {**added, **{key: value for key, value in known.items() if key in fields}, **row}


def _held(row: dict[str, Any], fields: Set[str]) -> dict[str, Any]:
    if row.keys() & fields - _BESIDE:
        return {}
    return next((row[name] for name in _HOLDERS if isinstance(row.get(name), dict)), {})


def has_id(row: dict[str, Any]) -> bool:
    """Whether an object has an id, under one of the names that the SDK knows."""
    return any(isinstance(row.get(name), str | int) for name in _IDS)


def plain(name: str) -> str:
    """Return a name without its marks between words, in small letters."""
    return name if name == "_id" else name.replace("_", "").replace("-", "").lower()
