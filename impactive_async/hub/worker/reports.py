"""The reports of a worker: a class for each kind of thing that happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from attrs import asdict, define, frozen

from impactive_async import Coverage

_LOSSES_SHOWN = 5

_log = logging.getLogger("impactive_async.hub")


@frozen(kw_only=True)
class Report:
    """Something that has happened: `str()` gives a line for people, the attributes are for programs."""

    kind: ClassVar[str]
    level: ClassVar[int] = logging.INFO
    line: ClassVar[str]
    """What `str()` gives; the attributes stand in braces."""

    def __str__(self) -> str:
        return self.line.format_map(asdict(self, recurse=False))


@frozen(kw_only=True)
class Started(Report):
    """The hub and the key have passed their checks."""

    kind = "started"
    line = "working on the feeds of workspace {workspace!r}"
    workspace: str


@frozen(kw_only=True)
class Discovered(Report):
    """Feeds that the hub did not have were added; another worker may have done the same at the same time."""

    kind = "discovered"
    line = "{feeds} feeds added"
    feeds: int


@frozen(kw_only=True)
class Revived(Report):
    """Feeds that had died of a 404 are polled again: their sequences are listed."""

    kind = "revived"
    level = logging.WARNING
    line = "{feeds} dead feeds revived: their sequences are listed"
    feeds: int


@frozen(kw_only=True)
class Healed(Report):
    """The engine has lost some of what it had; what could be mended was mended."""

    kind = "healed"
    level = logging.WARNING
    losses: Sequence[str]
    """A sentence for each loss."""

    def __str__(self) -> str:
        shown, more = self.losses[:_LOSSES_SHOWN], len(self.losses) - _LOSSES_SHOWN
        return f"the hub has lost {'; '.join(shown)}" + (f"; and {more} more" if more > 0 else "")


@frozen(kw_only=True)
class Polled(Report):
    """A poll was committed."""

    kind = "polled"
    line = "{feed}: {events} events; again in {next_in:.1f} s"
    feed: str
    events: int
    """Rows, gaps and rows that cannot be read."""
    gaps: int
    next_in: float
    """Seconds."""
    coverage: Coverage | None = None
    """Up to when the feed is complete by now, and which of its gaps are open."""


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
    line = "{feed}: failed ({failures} in a row), again in {again_in:.1f} s: {error}"
    feed: str
    error: str
    failures: int
    """In a row, this one among them."""
    again_in: float
    """Seconds."""


@frozen(kw_only=True)
class Died(Report):
    """A feed will not be polled until it is revived."""

    kind = "died"
    level = logging.ERROR
    line = "{feed}: dead until it is revived: {error}"
    feed: str
    error: str


@frozen(kw_only=True)
class Fenced(Report):
    """What was polled came too late, and was refused; whoever has the feed now delivers it."""

    kind = "fenced"
    level = logging.WARNING
    line = "{feed}: too late, its lease had ended; nothing was committed"
    feed: str


@frozen(kw_only=True)
class RateLimited(Report):
    """The API answered 429: this worker starts no poll for a while."""

    kind = "rate_limited"
    level = logging.WARNING
    line = "the API wants fewer requests; no poll is started for {pause:.1f} s"
    pause: float
    """Seconds."""


@frozen(kw_only=True)
class WorkerTrouble(Report):
    """The hub's engine or the list of sequences could not be reached.

    It is reported once for each reason, however often the step fails for it.
    """

    kind = "trouble"
    level = logging.WARNING
    line = "{step}: tried again in {again_in:.1f} s, then less and less often: {error}"
    step: str
    """What failed: `start`, `claim`, `commit`, `discovery`, `trim`."""
    error: str
    again_in: float
    """Seconds."""


@frozen(kw_only=True)
class Recovered(Report):
    """A step that had failed has succeeded."""

    kind = "recovered"
    line = "{step}: works again, after {failures} failures in {seconds:.0f} s"
    step: str
    """As in `WorkerTrouble`."""
    failures: int
    seconds: float
    """Since the first of them."""


@frozen(kw_only=True)
class Trimmed(Report):
    """Old events that every group has acknowledged were deleted."""

    kind = "trimmed"
    line = "{events} old events deleted from the log"
    events: int


@frozen(kw_only=True)
class Draining(Report):
    """No poll is started any more; those under way are finished."""

    kind = "draining"
    line = "stopping; {polls} polls under way are finished first"
    polls: int


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
