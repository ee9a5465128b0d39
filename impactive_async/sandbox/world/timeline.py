"""Rows kept in order of a timestamp and read newest first."""

import bisect
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

from attrs import define, field, frozen

__all__ = ["Timeline", "TimelineImage", "Version"]

Row = TypeVar("Row")


@frozen
class Version(Generic[Row]):
    """One version of a row; lists show it from `visible_at` on (`None`: at once)."""

    key: str
    stamp: datetime
    serial: int
    row: Row
    visible_at: datetime | None


@frozen
class TimelineImage(Generic[Row]):
    """A timeline as plain data: rows in order of first arrival, the versions of each from the newest back."""

    serial: int
    rows: tuple[tuple[Version[Row], ...], ...]


@define(eq=False, repr=False)
class _Entry(Generic[Row]):
    key: str
    stamp: datetime
    serial: int
    row: Row
    visible_at: datetime | None
    older: "_Entry[Row] | None"

    def visible(self, now: datetime) -> bool:
        return self.visible_at is None or self.visible_at <= now


def _order(entry: _Entry[Row]) -> tuple[datetime, int]:
    return entry.stamp, entry.serial


@define(eq=False, repr=False)
class Timeline(Generic[Row]):
    """Versions of rows by timestamp; ties are in order of arrival.

    A new version hides the older one only once it is itself visible: until its transaction commits, a reader sees
    the old one. Superseded entries stay in the list and are skipped, until they are the majority and are removed.
    A write therefore costs O(1) amortised, and a page costs what it returns. `now` never goes back between calls.
    """

    _entries: list[_Entry[Row]] = field(init=False, factory=list)
    _newest: dict[str, _Entry[Row]] = field(init=False, factory=dict)
    _serial: int = field(init=False, default=0)
    _full: int = field(init=False, default=64)

    def __len__(self) -> int:
        return len(self._newest)

    def __contains__(self, key: object) -> bool:
        return key in self._newest

    def __iter__(self) -> Iterator[str]:
        """Keys in order of their first arrival."""
        return iter(self._newest)

    def get(self, key: str) -> Row | None:
        """The newest version, whether lists show it yet or not."""
        entry = self._newest.get(key)
        return None if entry is None else entry.row

    def rows(self) -> Iterator[Row]:
        """The newest version of every row, in order of first arrival."""
        return (entry.row for entry in self._newest.values())

    def put(
        self, key: str, stamp: datetime, row: Row, *, now: datetime, visible_at: datetime | None = None
    ) -> None:
        """Add a row, or a newer version of it; lists show it from `visible_at` on (`None`: at once)."""
        self._serial += 1
        self._shown(key, now)  # forgets the versions that no later moment can show
        older = self._newest.get(key) if visible_at is not None else None
        entry = _Entry(key, stamp, self._serial, row, visible_at, older)
        self._newest[key] = entry
        if self._entries and stamp < self._entries[-1].stamp:
            bisect.insort(self._entries, entry, key=_order)
        else:
            self._entries.append(entry)
        self._sweep()

    def amend(self, key: str, row: Row) -> None:
        """Exchange a row without making it newer."""
        self._newest[key].row = row

    def copy_to(self, other: "Timeline[Row]", now: datetime) -> None:
        """Put the newest version of every row into another timeline, to be visible from the same moment."""
        for entry in self._newest.values():
            other.put(entry.key, entry.stamp, entry.row, now=now, visible_at=entry.visible_at)

    def remove(self, key: str) -> None:
        """Forget a row and all its versions; one that is not there is fine."""
        self._newest.pop(key, None)

    def shown(self, key: str, now: datetime) -> Row | None:
        """The version that lists show at that moment, if any."""
        entry = self._shown(key, now)
        return None if entry is None else entry.row

    def latest_arrived(self, now: datetime) -> Iterator[Row]:
        """The versions shown at `now`, in order of the first arrival of their row, the latest first."""
        shown = (self.shown(key, now) for key in reversed(self._newest))
        return (row for row in shown if row is not None)

    def newest_first(
        self, now: datetime, since: datetime | None = None, *, inclusive: bool = False
    ) -> Iterator[Row]:
        """The versions shown at `now`, newest first, back to `since`."""
        for entry in reversed(self._entries):
            if since is not None and (entry.stamp < since or (entry.stamp == since and not inclusive)):
                return
            if self._shown(entry.key, now) is entry:
                yield entry.row

    def image(self) -> TimelineImage[Row]:
        """All versions that this moment or a later one can show."""
        rows = (tuple(map(_version, _chain(newest))) for newest in self._newest.values())
        return TimelineImage(self._serial, tuple(rows))

    @classmethod
    def of(cls, image: TimelineImage[Row]) -> "Timeline[Row]":
        """Make the timeline of an image."""
        made = cls()
        made._serial = image.serial
        for versions in image.rows:
            for version in reversed(versions):
                made._put_back(version)
        made._entries.sort(key=_order)
        return made

    def _put_back(self, one: Version[Row]) -> None:
        entry = _Entry(one.key, one.stamp, one.serial, one.row, one.visible_at, self._newest.get(one.key))
        self._newest[one.key] = entry
        self._entries.append(entry)

    def _shown(self, key: str, now: datetime) -> _Entry[Row] | None:
        entry = self._newest.get(key)
        while entry is not None and not entry.visible(now):
            entry = entry.older
        if entry is not None:
            entry.older = None  # time only moves forward: what is hidden now stays hidden
        return entry

    def _sweep(self) -> None:
        if len(self._entries) < self._full:
            return
        kept = {id(entry) for newest in self._newest.values() for entry in _chain(newest)}
        self._entries = [entry for entry in self._entries if id(entry) in kept]
        self._full = 64 + 2 * len(self._entries)


def _chain(entry: _Entry[Row] | None) -> Iterator[_Entry[Row]]:
    while entry is not None:
        yield entry
        entry = entry.older


def _version(entry: _Entry[Row]) -> Version[Row]:
    return Version(entry.key, entry.stamp, entry.serial, entry.row, entry.visible_at)
