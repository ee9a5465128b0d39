"""What a worker tells of its work: a class for each kind of thing that happens, a line for each time it does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from attrs import define, frozen

_log = logging.getLogger("impactive_async.hub")


@frozen(kw_only=True)
class Report:
    """Something that has happened; `str()` is a line for people, the attributes are for programs."""

    kind: ClassVar[str]
    level: ClassVar[int] = logging.INFO


@frozen(kw_only=True)
class Started(Report):
    """The hub and the key have passed their checks."""

    kind = "started"
    workspace: str

    def __str__(self) -> str:
        return f"working on the feeds of workspace {self.workspace!r}"


@frozen(kw_only=True)
class Discovered(Report):
    """Feeds that the hub did not have were added; another worker may have done the same at the same time."""

    kind = "discovered"
    feeds: int

    def __str__(self) -> str:
        return f"{self.feeds} feeds added"


@frozen(kw_only=True)
class Revived(Report):
    """Feeds that had died of a 404 are polled again: their sequences are listed."""

    kind = "revived"
    level = logging.WARNING
    feeds: int

    def __str__(self) -> str:
        return f"{self.feeds} dead feeds revived: their sequences are listed"


@frozen(kw_only=True)
class Polled(Report):
    """A poll was committed."""

    kind = "polled"
    feed: str
    events: int
    """Rows, gaps and rows that cannot be read."""
    gaps: int
    next_in: float
    """Seconds."""

    def __str__(self) -> str:
        return f"{self.feed}: {self.events} events; again in {self.next_in:.1f} s"


@frozen(kw_only=True)
class GapFound(Report):
    """Rows of a feed are out of the API's reach; consumers find the same among their events."""

    kind = "gap"
    level = logging.WARNING
    feed: str
    gap: str
    """`overflow`, `lookback` or `history`."""
    after: datetime | None
    before: datetime | None

    def __str__(self) -> str:
        after, before = (moment.isoformat() if moment else "…" for moment in (self.after, self.before))
        return f"{self.feed}: GAP ({self.gap}): rows from {after} to {before} may be missing"


@frozen(kw_only=True)
class PollFailed(Report):
    """A poll failed; nothing was committed, and the feed is tried again."""

    kind = "failed"
    level = logging.WARNING
    feed: str
    error: str
    failures: int
    """In a row, this one among them."""
    again_in: float
    """Seconds."""

    def __str__(self) -> str:
        return f"{self.feed}: failed ({self.failures} in a row), again in {self.again_in:.1f} s: {self.error}"


@frozen(kw_only=True)
class Died(Report):
    """A feed will not be polled until it is revived."""

    kind = "died"
    level = logging.ERROR
    feed: str
    error: str

    def __str__(self) -> str:
        return f"{self.feed}: dead until it is revived: {self.error}"


@frozen(kw_only=True)
class Fenced(Report):
    """What was polled came too late, and was refused; whoever has the feed now delivers it."""

    kind = "fenced"
    level = logging.WARNING
    feed: str

    def __str__(self) -> str:
        return f"{self.feed}: too late, its lease had ended; nothing was committed"


@frozen(kw_only=True)
class RateLimited(Report):
    """The API answered 429: this worker starts no poll for a while."""

    kind = "rate_limited"
    level = logging.WARNING
    pause: float
    """Seconds."""

    def __str__(self) -> str:
        return f"the API wants fewer requests; no poll is started for {self.pause:.1f} s"


@frozen(kw_only=True)
class Trouble(Report):
    """The hub's engine or the list of sequences could not be reached."""

    kind = "trouble"
    level = logging.WARNING
    error: str
    again_in: float
    """Seconds."""

    def __str__(self) -> str:
        return f"tried again in {self.again_in:.1f} s: {self.error}"


@frozen(kw_only=True)
class Trimmed(Report):
    """Old events that every group has acknowledged were deleted."""

    kind = "trimmed"
    events: int

    def __str__(self) -> str:
        return f"{self.events} old events deleted from the log"


@frozen(kw_only=True)
class Draining(Report):
    """No poll is started any more; those under way are finished."""

    kind = "draining"
    polls: int

    def __str__(self) -> str:
        return f"stopping; {self.polls} polls under way are finished first"


Listener = Callable[[Report], None]


def log(report: Report) -> None:
    """Log a report under `impactive_async.hub`; what happens all the time only at DEBUG."""
    quiet = isinstance(report, Polled) and not report.events
    _log.log(logging.DEBUG if quiet else report.level, "%s", report)


@define(kw_only=True)
class WorkerStats:
    """What a worker has done."""

    polls: int = 0
    """Polls committed."""
    events: int = 0
    """Events committed."""
    gaps: int = 0
    failures: int = 0
    """Polls that failed."""
    fenced: int = 0
    """Polls that were refused because they came too late."""
    troubles: int = 0
    """Failures of the hub's engine, or of the list of sequences."""

    def count(self, report: Report) -> None:
        """Count what is reported."""
        match report:
            case Polled(events=events, gaps=gaps):
                self.polls += 1
                self.events += events
                self.gaps += gaps
            case PollFailed() | Died():
                self.failures += 1
            case Fenced():
                self.fenced += 1
            case Trouble():
                self.troubles += 1
