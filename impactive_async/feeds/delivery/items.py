"""What of a page is delivered to the consumer, or stands between its rows for the cursor's sake."""

from __future__ import annotations

import attrs

from impactive_async._codec.page import RawRow
from impactive_async.feeds.cursor.page import NewRow
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.seen_versions import RowId, Version
from impactive_async.models.gap import Gap, Removed


@attrs.frozen
class RecoveredRow:
    """A new row that came through a sibling list."""

    version: Version
    row: RawRow


@attrs.frozen
class PendingGap:
    """A gap, to be reported unless a sibling list can fill it."""

    gap: Gap
    recoverable: bool


@attrs.frozen
class FilledGap:
    """A gap all of whose rows stand before it in the queue: once they are handled, the cursor forgets the gap."""

    gap: Gap


@attrs.frozen
class RemovedRow:
    """A row that is gone."""

    row_id: RowId
    removed: Removed


Delivery = NewRow | RecoveredRow | BadRow | PendingGap | FilledGap | RemovedRow


def blocks_saving(delivery: Delivery) -> bool:
    """Whether the cursor must not be saved before this is delivered: true of everything but plain new rows.

    A gap or a bad row is in the cursor as soon as it is found. Saved then, it would count as reported after a
    crash. A recovered row shows on no later page, so a crash would lose it.
    """
    return not isinstance(delivery, tuple)


def version_of(delivery: Delivery) -> Version | None:
    """Return the version of a row; `None` for what is no row."""
    match delivery:
        case (version, _) | RecoveredRow(version, _):
            return version
    return None
