"""Up to when a feed is complete, the spans of time in which rows may be missing, and the rows that are gone."""

from datetime import datetime, timedelta
from typing import Literal

from attrs import frozen


@frozen
class Gap:
    """Rows of a feed with timestamps from `after` to `before`, both inclusive, may never be delivered.

    A list shows a limited number of rows, the newest first, and has no further pages. No `since` reaches older
    rows.

    Attributes:
        feed: The feed's name, such as `sequences/42/replies`.
        kind: `overflow`: more rows came between two polls than a page can show. `lookback`: only rows older than
            the newest handled one can be missing: rows that became visible late, or that the server dated while
            its clock was behind. `history`: the feed's first page was full; the API does not show the rows from
            before.
        after: The oldest timestamp that may be missing, in UTC; `None`: there is no lower bound.
        before: The newest timestamp that may be missing, in UTC; `None`: there is no upper bound.
    """

    feed: str
    kind: Literal["history", "overflow", "lookback"]
    after: datetime | None
    before: datetime | None


@frozen(kw_only=True)
class Coverage:
    """What is known of a feed's completeness.

    Attributes:
        feed: The feed's name, such as `sequences/42/replies`.
        complete_until: Every row stamped before this moment was handled, or lies within a gap. Rows later than the
            overlap are not counted. `None`: nothing is known yet.
        gaps: Where rows may be missing, those included that are too unlikely to be reported.
        in_doubt: Where rows may be missing, which it is too early to report: because it is not known yet whether
            the first page with rows was cut off, or because rows were nearly as late as pages reach back, which is
            reported once an hour.
        last_page: The server's time at the last good page; `None`: there was none, or the server tells no time.
        last_row: The timestamp of the newest row handled; `None`: there was none.
        lateness: How late, behind its own timestamp, a row became visible, at the most.
        overlap: How late a row may become visible and still be found, if its page has room.
    """

    feed: str
    complete_until: datetime | None
    gaps: tuple[Gap, ...] = ()
    in_doubt: tuple[Gap, ...] = ()
    last_page: datetime | None = None
    last_row: datetime | None = None
    lateness: timedelta = timedelta()
    overlap: timedelta = timedelta()


@frozen
class Removed:
    """A row of a list that was shown and is gone: it was deleted, or it left the list.

    Attributes:
        id: The row's id.
        last_seen: When a page showed the row last, in UTC, by the server's time; `None`: that was never told.
    """

    id: str
    last_seen: datetime | None
