"""Rows for programs: JSON values under Python names, lines of JSON, and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Final

import attrs

from impactive_async import to_dict
from impactive_async.cli.kit.errors import UsageError
from impactive_async.pages.texts import UNSAFE

_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d ().,/-]*$)")
"""What a spreadsheet would carry out, rather than show. Phone numbers are not meant."""
_TO_ESCAPE: Final = re.compile(f"[{UNSAFE}]")


def to_json(value: Any) -> Any:
    """Return a row, or an object that holds rows, as JSON values. Rows of one class have the same keys."""
    if attrs.has(type(value)):
        return to_dict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def json_line(record: Any) -> str:
    """Return a row as one line of JSON. Characters that control a terminal or end a line are escaped."""
    text = json.dumps(to_json(record), ensure_ascii=False)
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def csv_line(cells: Sequence[Any]) -> str:
    """Return one record of CSV. Lists and objects are JSON in their cell.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def guarded(value: Any) -> Any:
    """Return a cell of CSV; a text that a spreadsheet would carry out gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return guarded(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def select(record: Any, fields: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a row, under the names that were asked for, such as `contact.email`."""
    values = to_json(record)
    return {field: _at(values, field.split(".")) for field in fields}


def _at(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@attrs.frozen
class RowFields:
    """The fields that the rows of a command have.

    Attributes:
        of: The class of the rows, or the keys of rows that are mappings.
    """

    of: type | tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields, in order."""
        return self.of if isinstance(self.of, tuple) else tuple(field.name for field in attrs.fields(self.of))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a CSV file. Each field of a nested value is a column of its own."""
        return tuple(self._flat())

    def check(self, fields: Sequence[str]) -> None:
        """Refuse names that are no fields.

        Raises:
            UsageError: A name is none. The message lists the fields.
        """
        for field in fields:
            name, dot, rest = field.partition(".")
            if name not in self.names:
                raise UsageError(f"There is no field {field!r}; there are {', '.join(self.names)}.")
            inner = self._inner(name)
            if dot and inner is not None:
                RowFields(inner).check([rest])
            elif dot and not self._is_open(name):
                raise UsageError(f"There is no field {field!r}: {name} has no fields of its own.")

    def _flat(self) -> Iterator[str]:
        for name in self.names:
            inner = self._inner(name)
            if inner is None:
                yield name
            else:
                yield from (f"{name}.{below}" for below in RowFields(inner).columns)

    def _inner(self, name: str) -> type | None:
        return next((kind for kind in self._kinds(name) if isinstance(kind, type) and attrs.has(kind)), None)

    def _is_open(self, name: str) -> bool:
        """Whether a field may hold an object with any keys."""
        kinds = self._kinds(name)
        return not kinds or any(kind is Any or typing.get_origin(kind) in (Mapping, dict) for kind in kinds)

    def _kinds(self, name: str) -> tuple[Any, ...]:
        """Return the types that a field may have; none if they are not known."""
        if isinstance(self.of, tuple):
            return ()
        hint = typing.get_type_hints(self.of)[name]
        union = typing.get_args(hint) if _is_union(hint) else ()
        return union or (hint,)


def _is_union(hint: Any) -> bool:
    return isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union
