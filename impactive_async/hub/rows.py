"""What a poll brought, as events: rows, gaps and rows that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from impactive_async import BadRow, Gap, Poll
from impactive_async._http.codec import to_wire
from impactive_async.feeds.quarantine import digest
from impactive_async.hub.events import Event, event_id
from impactive_async.hub.shallow import shallow, shallow_row

TYPES = "com.impactiveai."
"""What the types of all events begin with."""

_IMMUTABLE = ("sends", "replies")
_NOUNS = {"companies": "company", "replies": "reply"}


def events_of(source: str, feed: str, poll: Poll[Any], now: datetime) -> Iterator[Event]:
    """Yield what the log says of a poll: first what is wrong, then the rows, oldest first.

    Args:
        source: The workspace, as a URI reference.
        feed: The feed's name.
        poll: What it brought.
        now: The time of what has none of its own.
    """
    yield from (gap_event(source, gap, now) for gap in poll.gaps)
    yield from (bad_row_event(source, feed, bad, now) for bad in poll.bad)
    yield from (row_event(source, feed, row, now) for row in poll.rows)


def row_event(source: str, feed: str, row: Any, now: datetime) -> Event:
    """Return what the log says of a row.

    The types of emails end in `.created`, the others in `.updated`: the API does not tell a new row from a changed
    one. Of unknown fields that are nested beyond reason, the depths are a digest: see `shallow`.
    """
    kind = feed.rpartition("/")[2]
    noun = _NOUNS.get(kind, kind.removesuffix("s"))
    data = to_wire(shallow_row(row))
    return Event(
        id=event_id(feed, row.id, _version(kind, row, data)),
        source=source,
        type=f"{TYPES}{noun}.{'created' if kind in _IMMUTABLE else 'updated'}",
        subject=f"{kind}/{row.id}",
        time=(row.email_date if kind in _IMMUTABLE else row.updated_at) or now,
        data=data,
    )


def gap_event(source: str, gap: Gap, now: datetime) -> Event:
    """Return what the log says of a gap: consumers hear of lost rows where they hear of the others."""
    bounds = {
        "after": gap.after.isoformat() if gap.after else None,
        "before": gap.before.isoformat() if gap.before else None,
    }
    return Event(
        id=event_id(gap.feed, f"gap:{gap.kind}", f"{bounds['after']}+{bounds['before']}"),
        source=source,
        type=f"{TYPES}feed.gap",
        subject=gap.feed,
        time=now,
        data={"feed": gap.feed, "kind": gap.kind, **bounds},
    )


def bad_row_event(source: str, feed: str, bad: BadRow, now: datetime) -> Event:
    """Return what the log says of a row that cannot be read."""
    row = shallow(bad.row)
    return Event(
        id=event_id(feed, "bad-row", digest(row)),
        source=source,
        type=f"{TYPES}feed.bad_row",
        subject=feed,
        time=now,
        data={"feed": feed, "reason": bad.reason, "row": row},
    )


def _version(kind: str, row: Any, data: Any) -> str:
    if kind in _IMMUTABLE:
        return "1"  # an email does not change
    return row.updated_at.isoformat() if row.updated_at and kind != "bookings" else digest(data)
