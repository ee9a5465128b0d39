"""A page of a polled list: two columns are read, and each row stays text until it is handed out.

Most rows of a page are known to the feed, and two fields tell which. Parsing JSON takes most of its time for
making values. So the other fields of known rows are not parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import attrs

from impactive_async._codec.bodies import Shape
from impactive_async._codec.fast.structs import AVAILABLE, UNREADABLE, columns_decoder, split_rows
from impactive_async._codec.json_bytes import dumps, loads
from impactive_async._codec.lists import rows_in_frame, rows_within, tell_more, values_of
from impactive_async._codec.tolerant.envelopes import Located, find_listed_row, has_id, merged
from impactive_async._codec.tolerant.names import renamed
from impactive_async._codec.tolerant.nearly_json import row_or_text
from impactive_async._codec.tolerant.notes import current
from impactive_async._codec.tolerant.nouns import singular_of
from impactive_async._codec.tolerant.values import Deviate, moment

RawRow: TypeAlias = Any
"""A row that was not made a row of a class yet: its JSON text as `bytes`, or its plain value.

The text may turn out not to be JSON, because msgspec skips a row without checking that it is UTF-8. Then that row
is unreadable, and the others are not.
"""

Rows: TypeAlias = "RawPage | Sequence[RawRow]"
"""A page of a list, with columns that were read, or without."""


@attrs.frozen
class RawPage:
    """The rows of a list answer.

    Attributes:
        ids: The id of each row; `None` where there is neither text nor an integer.
        stamps: The timestamp of each row as printed; `None` where there is no text.
        pick: Returns the rows at some places, in ascending order. Each call splits the page again.
        more: Whether the answer says that the list has rows which it does not show.
    """

    ids: Sequence[str | int | None]
    stamps: Sequence[str | None]
    pick: Callable[[Sequence[int]], list[RawRow]]
    more: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, places: Sequence[int]) -> RawPage:
        """Return a page of the rows at some places, in ascending order."""
        ids, stamps = [self.ids[place] for place in places], [self.stamps[place] for place in places]
        return RawPage(ids, stamps, lambda inner: self.pick([places[place] for place in inner]), self.more)


class ListedRows(list[RawRow]):
    """The rows of a list answer of which no column was read.

    Attributes:
        more: Whether the answer says that the list has rows which it does not show.
    """

    more: bool = False


def says_more(rows: Rows) -> bool:
    """Whether the answer that these rows are from says that the list has others."""
    return isinstance(rows, (RawPage, ListedRows)) and rows.more


def page(id_field: str, timestamp_field: str, plural: str = "rows") -> Shape[RawPage]:
    """The answer is a page of a list (A2).

    Args:
        id_field: Wire name of the id.
        timestamp_field: Wire name of the timestamp.
        plural: The noun of the rows, as in `sendingAccounts`.
    """
    return (_text_page if AVAILABLE else plain_page)(id_field, timestamp_field, plural)


def plain_page(id_field: str, timestamp_field: str, plural: str = "rows") -> Shape[RawPage]:
    """The answer is a page of a list (A2), and all of it is parsed: the `page` of a machine without msgspec."""
    return lambda body: page_of(values_of(rows_within(body, plural)), id_field, timestamp_field, plural)


def _text_page(id_field: str, timestamp_field: str, plural: str) -> Shape[RawPage]:
    read_columns = columns_decoder(id_field, timestamp_field)

    def read(body: bytes) -> RawPage:
        try:
            return columns_of(body)
        except UNREADABLE:
            framed = rows_in_frame(body, plural, columns_or_none)
        if framed is not None:
            return attrs.evolve(framed, more=True) if _more() else framed
        found = rows_within(body, plural)
        if found.beside and type(found.value) is bytes:
            with suppress(*UNREADABLE):
                inner = columns_of(found.value)
                tell_more(found, len(inner))
                return attrs.evolve(inner, more=_more())
        return page_of(_each_row_of(found), id_field, timestamp_field, plural)

    def columns_of(text: bytes | memoryview) -> RawPage:
        ids, stamps = read_columns(text)
        return RawPage(ids, stamps, partial(_texts, text, ids), _more())

    def columns_or_none(text: memoryview) -> RawPage | None:
        try:
            return columns_of(text)
        except UNREADABLE:
            return None

    return read


def _more() -> bool:
    """Whether the answer that is being read says that there are more rows."""
    notes = current()
    return notes is not None and notes.more


def _texts(text: bytes | memoryview, ids: Sequence[str | int], places: Sequence[int]) -> list[bytes]:
    if not places:
        return []
    body = bytes(text)
    rows = _first_texts(body, ids, places[-1] + 1) or split_rows(body)
    return [bytes(rows[place]) for place in places]  # copies, so that a row in flight does not keep the whole body


def _first_texts(body: bytes, ids: Sequence[str | int], count: int) -> list[Any]:
    """Return the texts of the first `count` rows or more, without reading the others; none where that fails.

    New rows mostly come first, and splitting a whole page takes up to half the time of parsing it. So the page is
    cut where the id of the row behind the first `count` is found, and the cut row and the array are closed there.
    The id may be found within an earlier row. The result is right all the same: a row that ends before the cut is
    the same row in the whole page, and if fewer than `count` end there, none is returned.
    """
    if count >= len(ids):
        return []
    try:
        rows = split_rows(body[: body.find(dumps(ids[count]))] + b"0}]")
    except UNREADABLE:
        return []
    return rows if len(rows) > count else []  # the last row is the one that was cut


def each_row(body: bytes, plural: str = "rows") -> ListedRows:
    """The answer is a list (A2), of which each row is read by itself.

    One that is nearly JSON is mended, where the notes of the answer allow it. One that is not JSON stays text.
    """
    found, notes = _each_row_of(rows_within(body, plural)), current()
    rows = ListedRows(found if notes is None else (_bare(row, plural, notes.deviate) for row in found))
    rows.more = _more()
    return rows


def _each_row_of(found: Located) -> list[RawRow]:
    try:
        texts = split_rows(found.value)
    except (*UNREADABLE, TypeError):
        return values_of(found)
    tell_more(found, len(texts))
    return [row_or_text(bytes(text)) for text in texts]


def _value_or_text(text: bytes) -> RawRow:
    try:
        return loads(text)
    except ValueError:
        return text


def value_of(row: RawRow) -> Any:
    """Return the plain value of a row; its text, with U+FFFD for bytes that are not UTF-8, if it is not JSON."""
    value = _value_or_text(row) if type(row) is bytes else row
    return value.decode("utf-8", "replace") if type(value) is bytes else value


def is_broken(row: RawRow) -> bool:
    """Whether a row is not JSON."""
    return type(row) is bytes and type(_value_or_text(row)) is bytes


def page_of(rows: Sequence[RawRow], id_field: str, timestamp_field: str, plural: str = "rows") -> RawPage:
    """Make a page of plain values. Moments that are numbers, or have other names, are put into text."""
    ids, stamps = _column(rows, id_field, {str, int}), _column(rows, timestamp_field, {str})
    notes = current()
    if notes is not None and (None in stamps or None in ids):
        bare = (_bare(row, plural, notes.deviate) for row in rows)
        rows = [_with_text(row, id_field, timestamp_field, notes.deviate) for row in bare]
        ids, stamps = _column(rows, id_field, {str, int}), _column(rows, timestamp_field, {str})
    return RawPage(ids, stamps, partial(_pick, rows), _more())


def _bare(item: RawRow, plural: str, deviate: Deviate) -> RawRow:
    """Return the row that an item of a list holds, or whose id it has under a name of its own; else the item."""
    if not isinstance(item, dict) or has_id(item):
        return item
    found = find_listed_row(item, singular_of(plural))
    if found is None:
        return item
    for deviation in found.deviations:
        deviate(deviation)
    return merged(found)


def _with_text(row: RawRow, id_field: str, field: str, deviate: Deviate) -> RawRow:
    """Return a row with its id, and its moment as text, where it has them under other names or as a number."""
    if not isinstance(row, dict):
        return row
    named = row if id_field in row and field in row else renamed(row, (id_field, field), deviate)
    if type(named.get(field)) not in (int, float):
        return named
    return {**named, field: moment(named[field], deviate)}


def _pick(rows: Sequence[RawRow], places: Sequence[int]) -> list[RawRow]:
    return [*rows] if len(places) == len(rows) else [rows[place] for place in places]


def _column(rows: Sequence[RawRow], field: str, types: set[type]) -> list[Any]:
    try:
        column = list(map(itemgetter(field), rows))
    except (LookupError, TypeError):
        column = [row.get(field) if isinstance(row, Mapping) else None for row in rows]
    if {*map(type, column)} <= types:
        return column
    return [value if type(value) in types else None for value in column]
