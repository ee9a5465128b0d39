"""Looking for the rows of a gap in a sibling list."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from impactive_async.errors import APIError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.page import Accepted
from impactive_async.feeds.delivery.items import Delivery, FilledGap, PendingGap, RecoveredRow
from impactive_async.feeds.delivery.source import Source
from impactive_async.models.gap import Gap

_log = logging.getLogger("impactive_async.feed")


async def look_for(source: Source[Any], cursor: Cursor, gap: Gap) -> list[Delivery]:
    """Return what takes a gap's place in the queue: the rows that a sibling list shows, and the gap.

    If the rows are certainly all that the gap hides, the gap comes last and is not reported. Otherwise it comes
    first, to be reported. A failed request is logged and finds nothing.
    """
    complete, accepted = False, None
    try:
        accepted, complete = await _sibling_rows(source, cursor, gap)
    except APIError as error:
        _log.warning("%s: recovering a gap failed: %s", source.name, error)
    found: list[Delivery] = [] if complete else [PendingGap(gap, recoverable=False)]
    if accepted is not None:
        found += accepted.bad
        found += [RecoveredRow(version, row) for version, row in accepted.fresh]
    return [*found, FilledGap(gap)] if complete else found


async def _sibling_rows(source: Source[Any], cursor: Cursor, gap: Gap) -> tuple[Accepted | None, bool]:
    if source.recover is None:
        return None, False
    recovery = await source.recover(gap)
    accepted = cursor.recover(gap, recovery.rows)
    left_behind = _are_left_behind(cursor, gap, recovery.rows)
    return accepted, recovery.complete and not accepted.bad and not left_behind


def _are_left_behind(cursor: Cursor, gap: Gap, rows: Sequence[Any]) -> bool:
    """Whether some rows of the gap are older than what the cursor asks for by now: it does not deliver those."""
    asked = cursor.asked_from
    if asked is None or gap.after is None:
        return False
    start = timestamps.micros(gap.after)
    dates = [_date(row, cursor.rules.timestamp) for row in rows]
    return any(start <= date < asked for date in dates if date is not None)


def _date(row: Any, field: str) -> int | None:
    try:
        return timestamps.parse(row[field])
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
