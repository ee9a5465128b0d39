"""The feeds of a workspace by name: a name is all that a hub keeps of a feed beside its cursor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from impactive_async import AsyncClient, BadRow, Feed, Gap
from impactive_async._http.codec import to_wire
from impactive_async.feeds.rules import Now
from impactive_async.hub.events import Event, event_id

TYPES = "com.impactiveai."

PER_SEQUENCE = ("enrollments", "sends", "replies")
PER_WORKSPACE = {
    "companies": "zapier/companies",
    "contacts": "zapier/contacts",
    "deals": "zapier/deals",
    "invoices": "zapier/invoices",
    "projects": "zapier/projects",
    "bookings": "bookings",
}
KINDS = (*PER_SEQUENCE, *PER_WORKSPACE)

_NOUNS = {"companies": "company", "replies": "reply"}


def feed_names(kinds: Collection[str], sequence_ids: Iterable[str]) -> Iterator[str]:
    """Yield the names of the feeds that `kinds` mean.

    Raises:
        ValueError: There is no such kind.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown or isinstance(kinds, str):
        raise ValueError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")
    yield from (name for kind, name in PER_WORKSPACE.items() if kind in kinds)
    yield from (f"sequences/{i}/{kind}" for i in sequence_ids for kind in PER_SEQUENCE if kind in kinds)


def open_feed(crm: AsyncClient, name: str, *, since: Now | None, interval: float) -> Feed[Any]:
    """Return the feed of a name, as `watch*` makes it.

    Raises:
        ValueError: No feed has this name.
    """
    match name.split("/"):
        case ["sequences", sequence_id, "enrollments" | "sends" | "replies" as kind]:
            of_sequence: Callable[..., Feed[Any]] = getattr(crm.sequences, f"watch_{kind}")
            return of_sequence(sequence_id, since=since, interval=interval)
        case ["zapier", "companies" | "contacts" | "deals" | "invoices" | "projects" as kind]:
            of_list: Callable[..., Feed[Any]] = getattr(crm.zapier, kind).watch
            return of_list(since=since, interval=interval)
        case ["bookings"]:
            return crm.bookings.watch(since=since, interval=interval)
    raise ValueError(f"no feed is called {name!r}")


def row_event(source: str, feed: str, row: Any, now: datetime) -> Event:
    """Return what the log says of a row.

    Args:
        source: The workspace, as a URI reference.
        feed: The feed's name.
        row: The row.
        now: The event's time if the row has none.
    """
    kind = feed.rpartition("/")[2]
    noun = _NOUNS.get(kind, kind.removesuffix("s"))
    data = to_wire(row)
    return Event(
        id=event_id(feed, row.id, _version(kind, row, data)),
        source=source,
        type=f"{TYPES}{noun}.{'created' if hasattr(row, 'email_date') else 'updated'}",
        subject=f"{kind}/{row.id}",
        time=getattr(row, "email_date", None) or row.updated_at or now,
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
    return Event(
        id=event_id(feed, "bad-row", _digest(bad.row)),
        source=source,
        type=f"{TYPES}feed.bad_row",
        subject=feed,
        time=now,
        data={"feed": feed, "reason": bad.reason, "row": bad.row},
    )


def _version(kind: str, row: Any, data: Any) -> str:
    if kind in ("sends", "replies"):
        return "1"  # an email does not change
    return row.updated_at.isoformat() if row.updated_at and kind != "bookings" else _digest(data)


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
