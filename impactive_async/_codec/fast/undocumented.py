"""The undocumented fields that rows have had: a fast reader has a place for each of them.

A struct refuses a row with a field that it does not name, and the page is read by way of plain values. A service
that sends such fields sends them with every row, so their names are learnt from the first page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from impactive_async._codec.fields import nested_fields, nested_rows, row_class

Places: TypeAlias = tuple[tuple[type, tuple[tuple[str, bool], ...]], ...]
"""For each row class, the names of undocumented fields, and whether their values may be objects or arrays."""

MOST_NAMES: Final = 64
"""Names learnt of a class. A service that uses ids as names has new ones on each page."""

_WITHOUT_PLACE: Final = re.compile(r'[\x00-\x1f"\\]')
"""What msgspec wants in no name of a field."""


@attrs.define
class Undocumented:
    """The undocumented fields of a row class, and of the rows nested in its rows."""

    _names: dict[type, dict[str, bool]] = attrs.field(factory=dict)

    @property
    def places(self) -> Places:
        """The fields that have been learnt."""
        return tuple((cls, tuple(names.items())) for cls, names in self._names.items())

    def learn(self, cls: type, rows: Sequence[Any]) -> bool:
        """Learn the undocumented fields of rows; return whether some are new, or have values of another kind."""
        learnt = False
        for of, extra in _extras(cls, rows):
            learnt = self._take(of, extra) or learnt
        return learnt

    def _take(self, cls: type, extra: Mapping[str, Any]) -> bool:
        names, learnt = self._names.setdefault(cls, {}), False
        for name, value in extra.items():
            has_parts = isinstance(value, dict | list)
            known = names.get(name)
            if known or known is has_parts or (known is None and len(names) == MOST_NAMES):
                continue
            if not _WITHOUT_PLACE.search(name):
                names[name], learnt = has_parts, True
        return learnt


def _extras(cls: type, rows: Sequence[Any]) -> Iterator[tuple[type, Mapping[str, Any]]]:
    for row in rows:
        if row.extra:
            yield cls, row.extra
    for field in nested_fields(cls):
        yield from _extras(row_class(field), nested_rows(field, rows))
