"""Events for what a poll brought: rows, gaps and rows that cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from impactive_async import BadRow, Gap, Poll, to_dict
from impactive_async._codec.codec import to_wire
from impactive_async.feeds.cursor.quarantine import digest
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.hub.contract.events import HubEvent, event_id
from impactive_async.hub.worker.events.shallow import shallow, shallow_row
from impactive_async.resources.watching.lists import LISTS

TYPES = "com.impactiveai."
"""The beginning of every event's type."""


def events_of(
    source: str, feed: str, poll: Poll[Any], now: datetime, *, distinct: bool = True, ignore: Collection[str] = ()
) -> Iterator[HubEvent]:
    """Yield the events of a poll: first gaps and unreadable rows, then the rows, the oldest first.

    Args:
        source: The workspace, as a URI reference.
        feed: The feed's name.
        poll: What it brought.
        now: The time of events whose row has no time of its own.
        distinct: Whether an email has the same id whichever sequence's list shows it.
        ignore: Wire names of fields that make no new version of a row whose versions are told by its content.
    """
    yield from (gap_event(source, gap, now) for gap in poll.gaps)
    yield from (bad_row_event(source, feed, bad, now) for bad in poll.bad)
    yield from (row_event(source, feed, row, now, distinct=distinct, ignore=ignore) for row in poll.rows)


def row_event(
    source: str, feed: str, row: Any, now: datetime, *, distinct: bool = True, ignore: Collection[str] = ()
) -> HubEvent:
    """Return the event of a row; for `distinct` and `ignore` see `events_of`.

    The types of emails end in `.created`. All others end in `.updated`, as the API does not tell a new row from a
    changed one. Unknown fields that are nested too deeply are cut off: see `shallow`.
    """
    kind = feed.rpartition("/")[2]
    rules = LISTS[kind].rules
    immutable = rules is not None and rules.immutable
    flat = shallow_row(row)
    named = kind if distinct and LISTS[kind].shows_emails else feed  # the log holds each id once
    return HubEvent(
        id=event_id(named, row.id, _version(rules, row, flat, ignore)),
        source=source,
        type=type_of(kind),
        subject=f"{kind}/{row.id}",
        time=(row.email_date if immutable else row.updated_at) or now,
        data=to_dict(flat),
        sequence_ids=(feed.split("/", 1)[1].rsplit("/", 1)[0],) if LISTS[kind].of_sequence else (),
    )


def type_of(kind: str) -> str:
    """Return the type of a kind's events: see `row_event`."""
    rules, noun = LISTS[kind].rules, LISTS[kind].row.__name__.lower()
    return f"{TYPES}{noun}.{'created' if rules is not None and rules.immutable else 'updated'}"


def gap_event(source: str, gap: Gap, now: datetime) -> HubEvent:
    """Return the event of a gap, by which consumers learn of lost rows."""
    bounds = {
        "after": gap.after.isoformat() if gap.after else None,
        "before": gap.before.isoformat() if gap.before else None,
    }
    return HubEvent(
        id=event_id(gap.feed, f"gap:{gap.kind}", f"{bounds['after']}+{bounds['before']}"),
        source=source,
        type=f"{TYPES}feed.gap",
        subject=gap.feed,
        time=now,
        data={"feed": gap.feed, "kind": gap.kind, **bounds},
    )


def bad_row_event(source: str, feed: str, bad: BadRow, now: datetime) -> HubEvent:
    """Return the event of a row that cannot be read."""
    row = shallow(bad.row)
    return HubEvent(
        id=event_id(feed, "bad-row", digest(row)),
        source=source,
        type=f"{TYPES}feed.bad_row",
        subject=feed,
        time=now,
        data={"feed": feed, "reason": bad.reason, "row": row},
    )


def _version(rules: Rules | None, row: Any, flat: Any, ignore: Collection[str]) -> str:
    if rules is None or not (rules.immutable or row.updated_at):
        content = {name: value for name, value in to_wire(flat).items() if name not in ignore}
        return digest(content)  # as it has always been, so that no row gets a second id
    return "1" if rules.immutable else row.updated_at.isoformat()
