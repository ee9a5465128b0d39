"""What became of polling one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import attrs

from impactive_async import Coverage, Gap, Poll, RowList
from impactive_async.errors import ImpactiveError


@attrs.frozen(kw_only=True)
class ListPolled:
    """One list that was polled, as `source(on_list=…)` is told.

    Attributes:
        kind: The table.
        sequence_id: The sequence whose list it is; `None`: the list is the workspace's.
        rows: How many rows were new or had changed.
        removed: How many rows are gone.
        unreadable: How many rows could not be read, or not be stored.
        gaps: How many gaps the list has, those of earlier runs included.
        complete_until: The moment before which no row is missing, but in gaps; `None`: nothing is known yet.
        error: Why the list could not be polled; `None`: it was.
    """

    kind: str
    sequence_id: str | None
    rows: int = 0
    removed: int = 0
    unreadable: int = 0
    gaps: int = 0
    complete_until: datetime | None = None
    error: str | None = None


@attrs.frozen(kw_only=True)
class ListPlace:
    """How far a list has come, as it stands in dlt's state: JSON.

    Attributes:
        cursor: The cursor; `None`: no poll has succeeded.
        coverage: The row of the list in the table `_coverage`, with moments as text.
        gathered: Whether all rows from before the first poll were fetched that can be reached.
        closed: The id in `_gaps` of the gap that they have closed, because they are all rows; `None`: none.
        absent: Ids of rows from a load that was cut off which the whole list did not show the last time.
    """

    cursor: str | None = None
    coverage: Mapping[str, Any] = attrs.Factory(dict)
    gathered: bool = False
    closed: str | None = None
    absent: Sequence[str] = ()

    @classmethod
    def load(cls, saved: Mapping[str, Any] | None) -> Self:
        """Return what `dump` gave; of a list without state, its beginning."""
        return cls(**saved) if saved else cls()

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return attrs.asdict(self)

    def after(self, kind: str, sequence_id: str | None, poll: Poll[Any]) -> ListPlace:
        """Return the place once the rows of a poll are loaded."""
        covered = {} if poll.coverage is None else {**_row_of(poll.coverage), "gaps": len(self.gaps_of(poll))}
        row = {"kind": kind, "sequence_id": sequence_id, **covered, "polled_at": _now(), "error": None}
        return attrs.evolve(self, cursor=poll.cursor, coverage=row)

    def reached(self, poll: Poll[Any], *, whole: bool) -> ListPlace:
        """Return the place once all rows that can be reached were fetched; if they are whole, none is missing."""
        history = next((gap_id(gap) for gap in _known_gaps(poll) if gap.kind == "history"), None)
        return attrs.evolve(self, gathered=True, closed=history if whole else None)

    def looked_for(self, uncertain: Iterable[str], listed: RowList[Any] | None) -> tuple[ListPlace, Sequence[str]]:
        """Return the place after rows were looked for that the cursor may not know, and which of them are gone.

        Two whole lists in a row must lack a row. One that is shown is loaded as it is, and no longer uncertain.
        """
        if listed is None or listed.truncated:
            return self, ()
        absent = sorted({*uncertain}.difference(row.id for row in listed))
        gone = [one for one in absent if one in self.absent]
        return attrs.evolve(self, absent=[one for one in absent if one not in gone]), gone

    def gaps_of(self, poll: Poll[Any]) -> list[Gap]:
        """Return the gaps of the list after a poll, those of earlier polls included, but not the closed one."""
        return [gap for gap in _known_gaps(poll) if gap_id(gap) != self.closed]

    def failed(self, kind: str, sequence_id: str | None, feed: str, error: ImpactiveError) -> ListPlace:
        """Return the place after a poll that failed: the cursor stays, and the coverage says why."""
        row = {"feed": feed, "kind": kind, "sequence_id": sequence_id, **self.coverage, "error": str(error)}
        return attrs.evolve(self, coverage=row)


def gap_id(gap: Gap) -> str:
    """Return the id of a gap in the table `_gaps`."""
    return f"{gap.feed}/{gap.kind}/{gap.after}/{gap.before}"


def _known_gaps(poll: Poll[Any]) -> tuple[Gap, ...]:
    return () if poll.coverage is None else poll.coverage.gaps


def _row_of(coverage: Coverage) -> dict[str, Any]:
    return {
        "feed": coverage.feed,
        "complete_until": _text(coverage.complete_until),
        "last_row": _text(coverage.last_row),
        "last_page": _text(coverage.last_page),
        "in_doubt": len(coverage.in_doubt),
        "lateness_seconds": coverage.lateness.total_seconds(),
        "overlap_seconds": coverage.overlap.total_seconds(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat()
