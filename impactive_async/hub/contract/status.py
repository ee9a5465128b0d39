"""What a hub says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from impactive_async import Coverage
from impactive_async.errors import CursorError
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.delivery.coverage import coverage_of
from impactive_async.resources.watching.lists import LISTS

DEAD_SHOWN = 100
"""How many feeds `HubStatus.dead` and `HubStatus.paused` list at most."""


@frozen(kw_only=True)
class DeadFeed:
    """A feed that is not polled until it is revived, and the error that ended it."""

    feed: str
    failures: int
    error: str


@frozen(kw_only=True)
class GroupStatus:
    """A consumer group.

    Attributes:
        name: The group.
        behind: Events in the log that it has not acknowledged, without dead letters; None where the engine would
            have to count them all.
        in_flight: Those among them that were delivered, whether their visibility is over or not.
        dead_letters: Events that it does not get any more; `Hub.dead_letters` lists them.
        oldest: How many seconds ago the oldest event was logged that it has not acknowledged; None: there is none.
    """

    name: str
    behind: int | None
    in_flight: int
    dead_letters: int = 0
    oldest: float | None = None


@frozen(kw_only=True)
class HubStatus:
    """A hub at one moment, by its engine's clock.

    Attributes:
        engine: The engine and its version.
        workspace: Whose feeds these are; None until a worker has begun.
        feeds: Feeds known, dead ones among them.
        leased: Feeds held by a worker now.
        due: Feeds that wait for a worker.
        lag: Seconds that the most overdue of them has waited; 0 if none is due.
        failing: Live feeds whose last claim failed.
        gaps: Gaps reported by all feeds since they were added.
        dead_count: Dead feeds.
        dead: The first of them.
        paused_count: Feeds that nobody claims until they are resumed.
        paused: The names of the first of them.
        events: Events in the log.
        groups: The consumer groups, by name.
        rate_limit: API requests a second, of all workers together; None: no limit.
        rate_wait: Seconds until the next permit.
        coverage: Up to when feeds are complete; empty unless it was asked for, with `Hub.coverage`.
    """

    engine: str
    workspace: str | None
    feeds: int
    leased: int
    due: int
    lag: float
    failing: int
    gaps: int
    dead_count: int
    dead: tuple[DeadFeed, ...]
    events: int
    groups: tuple[GroupStatus, ...]
    rate_limit: float | None
    rate_wait: float
    coverage: tuple[Coverage, ...] = ()
    paused_count: int = 0
    paused: tuple[str, ...] = ()


def hub_status(engine: str, document: Mapping[str, Any]) -> HubStatus:
    """Return an engine's answer as a value. In the answer, dead feeds and groups are rows."""
    return HubStatus(
        engine=engine,
        workspace=document["workspace"] or None,
        feeds=int(document["feeds"]),
        leased=int(document["leased"]),
        due=int(document["due"]),
        lag=max(0.0, document["lag"] or 0.0),
        failing=int(document["failing"]),
        gaps=int(document["gaps"]),
        dead_count=int(document["dead_count"]),
        dead=tuple(
            DeadFeed(feed=feed, failures=int(failures), error=error) for feed, failures, error in document["dead"]
        ),
        events=int(document["events"]),
        groups=tuple(
            GroupStatus(
                name=name,
                behind=None if behind is None else int(behind),
                in_flight=int(in_flight),
                dead_letters=int(dead_letters),
                oldest=None if oldest is None else max(0.0, float(oldest)),
            )
            for name, behind, in_flight, dead_letters, oldest in document["groups"]
        ),
        rate_limit=float(document["rate_limit"] or 0.0) or None,
        rate_wait=float(document["rate_wait"]),
        paused_count=int(document["paused_count"]),
        paused=tuple(document["paused"]),
    )


def committed_coverage(feed: str, cursor: str) -> Coverage:
    """Return what a feed's last committed cursor says; nothing is known where it is empty or cannot be read."""
    polled = LISTS.get(feed.rpartition("/")[2])
    if polled is None or not cursor:
        return Coverage(feed=feed, complete_until=None)
    try:
        loaded = (
            Snapshot.loads(cursor, feed, cap=polled.cap)
            if polled.rules is None
            else Cursor.loads(cursor, polled.rules, feed)
        )
    except CursorError:  # the feed's next poll says what is wrong with it
        return Coverage(feed=feed, complete_until=None)
    return coverage_of(feed, loaded)
