"""A page of which only a few fields of each row have been read: for feeds, to which most rows are old news.

Most of what parsing JSON costs is making its values. msgspec reads two fields of each row and passes over the
rest, in a third to a half of the time; the rows that turn out to be new are then parsed one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

from impactive_async._http.decipher import BodyShape, rows_of
from impactive_async._http.json_bytes import loads
from impactive_async._http.structs import UNREADABLE, keys_reader
from impactive_async._http.wire import Request
from impactive_async.errors import DecodeError

_SMALL: Final = 16 * 1024
"""Bytes of an answer that is parsed at once."""
_FEW: Final = 32
"""Rows: that far from the top, or beyond that many, parsing the page costs less than cutting rows out of it."""
_BRACES: Final = 8
"""Places at which a row is tried to end."""


class UnreadPage(Sequence[Any]):
    """The rows of an answer. Each is parsed when it is asked for, and is the same value each time.

    Raises:
        DecodeError: On asking for a row: the answer is not JSON after all. Passing over text is less strict than
            reading it.
    """

    __slots__ = ("_body", "_columns", "_cut", "_read", "_request", "_size")

    def __init__(self, request: Request, body: bytes, columns: Mapping[str, list[Any]]) -> None:
        """Make a page of an answer, a bare array of objects.

        Args:
            request: What was asked for, for the error.
            body: The answer.
            columns: Some fields of all rows, by their wire names; at least one.
        """
        self._request = request
        self._body = body
        self._columns = columns
        self._size = len(next(iter(columns.values())))
        self._cut = 1  # up to where rows have been cut out: behind the bracket
        self._read: list[Any] = []  # the topmost rows, or all

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._all()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def column(self, field: str) -> list[Any]:
        """One field of all rows.

        Raises:
            LookupError: A row lacks it.
        """
        return self._columns[field] if field in self._columns else [row[field] for row in self._all()]

    def pick(self, indices: Sequence[int]) -> list[Any]:
        """Some rows, by their places in ascending order."""
        if indices and (len(indices) > _FEW or not self._cut_out(indices[-1])):
            self._all()
        return [self._read[index] for index in indices]

    def _all(self) -> list[Any]:
        if len(self._read) < self._size:
            self._read += self._parsed()[len(self._read) :]
        return self._read

    def _parsed(self) -> list[Any]:
        try:
            return rows_of(loads(self._body))
        except ValueError as error:
            problem = str(error)  # the exception itself holds the whole document
        raise DecodeError(
            f"The answer is not JSON all through: {problem}",
            method=self._request.method,
            request_path=self._request.bare_path,
        )

    def _cut_out(self, index: int) -> bool:
        """Whether all rows down to `index` could be parsed alone.

        A row ends at the first brace up to which it is a value: no value begins with another one.
        """
        while len(self._read) <= index < _FEW:
            row = self._next_row()
            if row is None:
                return False
            self._read.append(row)
        return index < len(self._read)

    def _next_row(self) -> Any:
        body, start = self._body, self._cut
        end = start
        for _ in range(_BRACES):
            end = body.find(b"},{", end) + 1
            if not end:
                return None
            try:
                row = loads(body[start:end])
            except ValueError:  # that was the brace of something within the row
                continue
            self._cut = end + 1
            return row
        return None


def column(rows: Sequence[Any], field: str) -> list[Any]:
    """One field of all rows, parsed or not.

    Raises:
        LookupError: A row lacks it.
        TypeError: A row is no mapping.
    """
    return rows.column(field) if isinstance(rows, UnreadPage) else [row[field] for row in rows]


def pick(rows: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Some rows, parsed or not, by their places in ascending order."""
    return rows.pick(places) if isinstance(rows, UnreadPage) else [rows[place] for place in places]


class unread(BodyShape[Sequence[Any]]):  # noqa: N801 - a shape like those in shapes.py
    """The answer is a list of raw rows (A2), of which a feed mostly needs no more than ids and timestamps."""

    __slots__ = ("_keys", "_request")

    def __init__(self, request: Request, id_field: str, timestamp_field: str) -> None:
        """Make the shape.

        Args:
            request: What is asked for, whatever `since`.
            id_field: Wire name of the id.
            timestamp_field: Wire name of what tells versions of a row apart.
        """
        self._request = request
        self._keys = keys_reader(id_field, timestamp_field)

    def __call__(self, data: Any) -> Sequence[Any]:
        """The rows of parsed JSON."""
        return rows_of(data)

    def of_body(self, body: bytes) -> Sequence[Any] | None:
        """The page, if the bytes are a bare array of rows that have both fields."""
        if self._keys is None or len(body) < _SMALL or body[:2] != b"[{":
            return None
        try:
            return UnreadPage(self._request, body, self._keys(body))
        except UNREADABLE:
            return None
