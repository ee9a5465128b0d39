"""The rows of a list answer: an array, or the array within an object (A2)."""

from __future__ import annotations

from collections.abc import Callable, Sized
from contextlib import suppress
from typing import Any, Final, TypeVar

from impactive_async._codec.bodies import json_of
from impactive_async._codec.fast.structs import AVAILABLE
from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant import markers
from impactive_async._codec.tolerant.envelopes import (
    Located,
    find_rows,
    in_frame,
    members_of,
    plain_members,
    shapes_tried,
    unreadable,
)
from impactive_async._codec.tolerant.notes import current
from impactive_async._codec.tolerant.refusals import raise_refusal

P = TypeVar("P", bound=Sized)

USUAL_CAPS: Final = (10, 20, 25, 30, 50, 100, 200, 250)
"""Lengths at which services cut lists: one of such a length may not be whole."""
_BOM: Final = b"\xef\xbb\xbf"


def rows_within(body: bytes, plural: str = "rows") -> Located:
    """Find the rows of a list answer (A2): the array itself, or the one within an object, as text where it can be.

    Args:
        body: The answer.
        plural: The noun of the rows.

    Raises:
        NotJson: The body is not JSON.
        DecodeError: No array is found in it, or more than one that it could be.
        Refusal: The body says that the server refused.
    """
    document: Any = body.removeprefix(_BOM).lstrip()
    if not AVAILABLE:
        with suppress(ValueError):  # as text it may still be taken apart
            document = loads(document)
    return _checked(find_rows(document, plural), document, plural, lambda: json_of(body))


def rows_in_frame(body: bytes, plural: str, read: Callable[[memoryview], P | None]) -> P | None:
    """Read the rows of an answer whose only array they are, in the time that reading them takes.

    Args:
        body: The answer.
        plural: The noun of the rows.
        read: Reads an array's text; `None` if it cannot.

    Returns:
        What was read; `None` if the answer is not so, or its rows cannot be read so.

    Raises:
        Refusal: The body says that the server refused.
    """
    framed = in_frame(body.removeprefix(_BOM).lstrip(), plural)
    if framed is None:
        return None
    found, frame = framed
    rows = read(found.value)
    if rows is not None:
        _accept(found, frame, shows=len(rows) > 0)
        tell_more(found, len(rows))
    return rows


def _checked(found: Located | None, document: Any, plural: str, whole: Callable[[], Any]) -> Located:
    if found is None:
        data = whole()
        raise_refusal(data)
        raise unreadable(f"list of {plural}", shapes_tried(plural, plural), data)
    if found.deviations:
        _accept(found, plain_members(members_of(document)), shows=found.value not in ([], b"[]"))
    return found


def _accept(found: Located, document: Any, *, shows: bool) -> None:
    raise_refusal(document, shows=shows, beside_rows=True)
    notes = current()
    for deviation in found.deviations if notes else ():
        notes.deviate(deviation)  # type: ignore[union-attr]  # there are none otherwise


def values_of(found: Located) -> list[Any]:
    """Return the rows that were found as plain values; tell the notes whether there are more.

    A row that is not JSON stays text, beside others that are.

    Raises:
        NotJson: Their text is not JSON, and cannot be taken apart.
    """
    rows: list[Any] = _rows_of_text(found.value) if type(found.value) is bytes else found.value
    tell_more(found, len(rows))
    return rows


def _rows_of_text(text: bytes) -> list[Any]:
    try:
        rows: list[Any] = loads(text)
    except ValueError:
        from impactive_async._codec.tolerant.nearly_json import rows_apart  # few services need it

        apart = rows_apart(text)
        return json_of(text) if apart is None else apart  # it says what is wrong
    return rows


def tell_more(found: Located, shown: int) -> None:
    """Tell the notes of an answer whether what stands beside its rows says that there are more."""
    notes = current()
    if notes is not None and found.beside and markers.says_more(found.beside, shown):
        notes.more = True


def says_more() -> bool:
    """Whether the answer whose rows were read says that the list has more."""
    notes = current()
    return notes is not None and notes.more


def rows_of(data: Any, plural: str = "rows") -> list[Any]:
    """Return the rows of a list answer's plain value; see `rows_within`."""
    return values_of(_checked(find_rows(data, plural), data, plural, lambda: data))
