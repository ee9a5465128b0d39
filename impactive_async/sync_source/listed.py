"""What became of polling one list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

import attrs

from impactive_async import Coverage, Poll
from impactive_async.errors import APIError


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
    """

    cursor: str | None = None
    coverage: Mapping[str, Any] = attrs.Factory(dict)

    @classmethod
    def load(cls, saved: Mapping[str, Any] | None) -> Self:
        """Return what `dump` gave; of a list without state, its beginning."""
        return cls(**saved) if saved else cls()

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return attrs.asdict(self)

    def after(self, kind: str, sequence_id: str | None, poll: Poll[Any]) -> ListPlace:
        """Return the place once the rows of a poll are loaded."""
        covered = {} if poll.coverage is None else _row_of(poll.coverage)
        row = {"kind": kind, "sequence_id": sequence_id, **covered, "polled_at": _now(), "error": None}
        return ListPlace(cursor=poll.cursor, coverage=row)

    def failed(self, kind: str, sequence_id: str | None, feed: str, error: APIError) -> ListPlace:
        """Return the place after a poll that failed: the cursor stays, and the coverage says why."""
        row = {"feed": feed, "kind": kind, "sequence_id": sequence_id, **self.coverage, "error": str(error)}
        return attrs.evolve(self, coverage=row)


def _row_of(coverage: Coverage) -> dict[str, Any]:
    return {
        "feed": coverage.feed,
        "complete_until": _text(coverage.complete_until),
        "last_row": _text(coverage.last_row),
        "last_page": _text(coverage.last_page),
        "gaps": len(coverage.gaps),
        "in_doubt": len(coverage.in_doubt),
        "lateness_seconds": coverage.lateness.total_seconds(),
        "overlap_seconds": coverage.overlap.total_seconds(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat()
