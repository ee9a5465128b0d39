"""Filling a gap through a sibling list, as far as that reaches."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from impactive_async.errors import APIError
from impactive_async.feeds import timestamps
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.delivery import Delivery, Doubt, Filled, Fresh
from impactive_async.feeds.page import Accepted
from impactive_async.feeds.rules import Rules
from impactive_async.feeds.source import Source
from impactive_async.models.gap import Gap

_log = logging.getLogger("impactive_async.feed")


async def look_for(source: Source[Any], cursor: Cursor, gap: Gap) -> list[Delivery]:
    """Return what takes a gap's place: rows that a sibling list shows, and the gap unless they are surely all."""
    complete, accepted = False, None
    try:
        accepted, complete = await _sibling_rows(source, cursor, gap)
    except APIError as error:
        _log.warning("%s: recovering a gap failed: %s", source.name, error)
    found: list[Delivery] = [] if complete else [Doubt(gap, recoverable=False)]
    if accepted is not None:
        found += accepted.bad
        found += [Fresh(raw, cursor.version(raw), recovered=True) for raw in accepted.fresh]
    return [*found, Filled(gap)] if complete else found


async def _sibling_rows(source: Source[Any], cursor: Cursor, gap: Gap) -> tuple[Accepted | None, bool]:
    if source.recover is None:
        return None, False
    recovery = await source.recover(gap)
    accepted = cursor.recover(gap, recovery.rows)
    left_behind = _is_left_behind(cursor.since(), cursor.rules, gap, recovery.rows)
    return accepted, recovery.complete and not accepted.bad and not left_behind


def _is_left_behind(since: str | None, rules: Rules, gap: Gap, rows: Sequence[Any]) -> bool:
    """Whether some rows of a gap are so old by now that the cursor has let go of them."""
    if since is None or gap.after is None:
        return False
    start, asked = timestamps.micros(gap.after), timestamps.parse(since)
    dates = [_date(row, rules.timestamp) for row in rows]
    return any(start <= date < asked for date in dates if date is not None)


def _date(row: Any, field: str) -> int | None:
    try:
        return timestamps.parse(row[field])
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
