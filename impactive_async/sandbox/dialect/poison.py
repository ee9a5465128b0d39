"""Poisoned rows: rows that a client cannot read as they stand, among others that it can."""

import hashlib
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen, validators

from impactive_async.sandbox.dialect.profile.settings import POISONS, PoisonKind

__all__ = ["Poison", "coarse_precision", "inject", "is_chosen", "poison_of", "poisoned"]

# JSON encoders refuse these bytes, so a row is printed with a mark, and the mark is exchanged in the bytes.
_MARK = "@@poison:{}@@"
_IN_TEXT = {"not_utf8": b"\xff", "surrogate": b"\\ud83d", "control": b"\x01"}
_AS_VALUE = {
    "nan": b"NaN",
    "infinity": b"Infinity",
    "huge_number": b"1e999",
    "deep": b"[" * 5000 + b"]" * 5000,
}
_COARSE = ("days", "minutes", "seconds")
_TEXT_FIELDS = ("subject", "name", "title", "firstName", "invoiceNumber", "status")
_NEW_FIELD = "score"  # undocumented: every row can have it


@frozen
class Poison:
    """What is wrong with a row.

    Attributes:
        how: The kind: bytes that are no UTF-8, half a surrogate pair or a control character in a text; a number
            that JSON does not have, or a value nested 5,000 deep; a row without id or stamps, with stamps that are
            none, or with stamps of a coarser precision.
        field: The field that has it; by default a text field, or the undocumented field `score`.
    """

    how: PoisonKind = field(validator=validators.in_(POISONS))
    field: str | None = None


def poison_of(setting: Mapping[str, Any]) -> Poison:
    """The poison that a profile asks for."""
    return Poison(setting["how"], setting.get("field"))


def is_chosen(setting: Mapping[str, Any], noun: str, row_id: str) -> bool:
    """Whether this row is one of `every` so many; the same rows each time."""
    digest = hashlib.blake2b(f"{noun}\0{row_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % int(setting["every"]) == 0


def coarse_precision(poison: Poison) -> Any:
    """The precision of the row's stamps; `None`: that of the operation."""
    return poison.how if poison.how in _COARSE else None


def poisoned(poison: Poison, row: dict[str, Any], moments: tuple[str, ...]) -> dict[str, Any]:
    """A printed row with the poison in it; `moments` are its fields that hold stamps."""
    how = poison.how
    if how in _IN_TEXT:
        name = poison.field or next((name for name in _TEXT_FIELDS if isinstance(row.get(name), str)), _NEW_FIELD)
        return {**row, name: f"{row.get(name) or ''}{_MARK.format(how)}"}
    if how in _AS_VALUE:
        return {**row, poison.field or _NEW_FIELD: _MARK.format(how)}
    if how == "no_id":
        return {name: value for name, value in row.items() if name != "id"}
    if how in _COARSE:
        return row
    return {**row, **dict.fromkeys(moments, None if how == "no_stamp" else "soon")}


def inject(body: bytes) -> bytes:
    """Exchange the marks of poisoned rows in an answer for the bytes that no encoder writes."""
    for how, raw in _IN_TEXT.items():
        body = body.replace(_MARK.format(how).encode(), raw)
    for how, raw in _AS_VALUE.items():
        body = body.replace(b'"' + _MARK.format(how).encode() + b'"', raw)
    return body
