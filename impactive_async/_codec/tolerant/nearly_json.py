"""Text that is nearly JSON: cut into the parts of an array or an object, and mended value by value.

A parser refuses a whole document for half a surrogate pair in one of its strings. Here only strings, brackets and
commas count, so that such a string concerns its own row alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant.notes import current
from impactive_async.errors import DecodeError

Deviate: TypeAlias = Callable[[str], None]

DEEPEST: Final = 512
"""Levels of nesting that are kept of a value which no parser reads whole."""

_BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SIGNS: Final = re.compile(_STRING.encode() + rb'|["\[\]{},]', re.DOTALL)
_OPENS: Final = {b"]": b"[", b"}": b"{"}
_MEMBER: Final = re.compile(rb"\s*+(" + _STRING.encode() + rb")\s*+:(.*)", re.DOTALL)

_ATOMS: Final = re.compile(
    _STRING + r"|[\[\]{}]|-?(?:NaN|nan|Infinity|inf(?:inity)?)\b|-?\d[\d.eE+-]*+", re.DOTALL
)
_IN_STRING: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<surrogate>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r'|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
    r"|(?P<escape>\\)"
    r"|(?P<control>[\x00-\x1f])"
)


def rows_apart(text: bytes) -> list[Any] | None:
    """Return the rows of an array's text, each read by itself; `None` if it is no array of rows.

    A row that cannot be read stays text.
    """
    parts = _parts_of(text, b"[")
    if parts is None:
        return None
    rows = list(map(row_or_text, parts))
    # What cannot be read is taken for a row only if it is at least shaped like one.
    return None if any(type(row) is bytes and not row.startswith(b"{") for row in rows) else rows


def members_apart(text: bytes) -> dict[str, bytes] | None:
    """Return the texts of an object's members; `None` if it is no object."""
    members = {}
    for part in _parts_of(text, b"{") or ():
        member = _MEMBER.fullmatch(part)
        name = None if member is None else row_or_text(member[1])
        if member is None or type(name) is not str:
            return None
        members[name] = member[2].strip()
    return members or None


def _parts_of(text: bytes, bracket: bytes) -> list[bytes] | None:
    """Return what stands between the commas of an array or object; `None` if its brackets do not match."""
    text = text.removeprefix(_BOM).strip()
    if not text.startswith(bracket):
        return None
    parts, opened, start = [], [bracket], 1
    for sign in _SIGNS.finditer(text, 1):
        match sign[0]:
            case b"," if len(opened) == 1:
                parts.append(text[start : sign.start()].strip())
                start = sign.end()
            case b"[" | b"{" as opening:
                opened.append(opening)
            case b"]" | b"}" as closing:
                if opened.pop() != _OPENS[closing]:
                    return None
                if not opened:
                    parts.append(text[start : sign.start()].strip())
                    return _whole(parts) if sign.end() == len(text) else None
            case b'"':  # a string without an end
                return None
    return None


def _whole(parts: list[bytes]) -> list[bytes] | None:
    if parts == [b""]:
        return []
    return parts if all(parts) else None


def row_or_text(text: bytes) -> Any:
    """Return the value of a row's text, mended where the notes of the answer allow it; else the text itself."""
    try:
        return loads(text)
    except ValueError:
        notes = current()
    if notes is None:
        return text
    try:
        return mended(text, notes.deviate)
    except (ValueError, DecodeError):  # a client that is strict allows nothing
        return text


def mended(body: bytes, deviate: Deviate) -> Any:
    """Return the value of an array's or object's text that is nearly JSON.

    U+FFFD stands for bytes that are not UTF-8, and for half a surrogate pair; `null` for a number that is not
    finite, and for what lies deeper than any parser reads. Nothing else is left out.

    Args:
        body: The text.
        deviate: Told of each kind of mending.

    Raises:
        ValueError: More is wrong with the text than that.
        DecodeError: The client is strict.
    """
    if body.removeprefix(_BOM).lstrip()[:1] not in (b"{", b"[", b'"'):
        raise ValueError("no array, object or string")
    mender = _Mender()
    value = loads(mender.mend(body.removeprefix(_BOM)).encode())
    for deviation in sorted(mender.deviations):
        deviate(deviation)
    return value


class _Mender:
    """Mends one text, and remembers how."""

    def __init__(self) -> None:
        self.deviations: set[str] = set()

    def mend(self, body: bytes) -> str:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = body.decode("utf-8", "replace")
            self.deviations.add("text.not_utf8")
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> list[str]:
        pieces, end, depth = [], 0, 0
        for atom in _ATOMS.finditer(text):
            sign = atom[0]
            if sign in "[{":
                depth += 1
                if depth == DEEPEST + 1:
                    pieces += [text[end : atom.start()], "null"]
                    self.deviations.add("value.too_deep")
            elif sign in "]}":
                depth -= 1
                if depth == DEEPEST:
                    end = atom.end()
            elif depth <= DEEPEST and (whole := self._atom(sign)) != sign:
                pieces += [text[end : atom.start()], whole]
                end = atom.end()
        return [*pieces, text[end:]]

    def _atom(self, atom: str) -> str:
        if atom[0] == '"':
            return _IN_STRING.sub(self._in_string, atom)
        if _is_finite(atom):
            return atom
        self.deviations.add("number.not_finite")
        return "null"

    def _in_string(self, found: re.Match[str]) -> str:
        kind = found.lastgroup
        if kind is None:
            return found[0]
        self.deviations.add(f"text.{kind}")
        if kind == "control":
            return f"\\u{ord(found[0]):04x}"
        return "\\ufffd" if kind == "surrogate" else "\\\\"


def _is_finite(number: str) -> bool:
    try:
        return math.isfinite(float(number))
    except ValueError:  # no number at all, as the parser will say
        return True
