"""Looking for the rows of a page's gaps in a sibling list."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from impactive_async.errors import APIError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.page import Accepted
from impactive_async.feeds.delivery.items import Delivery, FilledGap, PendingGap, RecoveredRow
from impactive_async.feeds.delivery.source import Recovery, Source
from impactive_async.models.gap import Gap

_log = logging.getLogger("impactive_async.feed")


async def look_for(source: Source[Any], cursor: Cursor, gaps: Sequence[Gap]) -> dict[Gap, list[Delivery]]:
    """Return what takes the place of each of a page's gaps in the queue: what a sibling list shows of it, and it.

    If the rows are certainly all that the gap hides, the gap comes last and is not reported. Otherwise it comes
    first, to be reported: so also if the sibling list lacks a row of the page, or shows none from before
    the gap, because then it may have been cut off. A failed request is logged and finds nothing.
    """
    recovery = Recovery([], filled=())
    try:
        if source.recover is not None:
            recovery = await source.recover(gaps)
    except APIError as error:
        _log.warning("%s: recovering a gap failed: %s", source.name, error)
    found = {gap: cursor.recover(gap, recovery.rows) for gap in gaps}
    # A row that cannot be read may belong to any of the gaps, and is reported with the first.
    certain = all(one.witnessed and not one.bad for one in found.values())
    return {gap: _in_place_of(gap, found[gap], recovery, cursor, certain=certain) for gap in gaps}


def _in_place_of(
    gap: Gap, accepted: Accepted, recovery: Recovery, cursor: Cursor, *, certain: bool
) -> list[Delivery]:
    filled = certain and gap in recovery.filled and not _are_left_behind(cursor, gap, recovery.rows)
    found: list[Delivery] = [] if filled else [PendingGap(gap, recoverable=False)]
    found += accepted.bad
    found += [RecoveredRow(version, row) for version, row in accepted.fresh]
    return [*found, FilledGap(gap)] if filled else found


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
