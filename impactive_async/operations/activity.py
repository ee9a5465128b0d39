"""What a worker has done lately, gathered from its reports and from the client's answers."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from impactive_async import Coverage, ResponseEvent
from impactive_async.hub import Report
from impactive_async.hub.worker.reports import (
    Died,
    Draining,
    Fenced,
    GapFound,
    Polled,
    PollFailed,
    Recovered,
    Started,
    WorkerTrouble,
)
from impactive_async.operations.hour import LastHour

SHOWN: Final = 100
"""How many failing feeds are remembered at most; a workspace may have ten thousand."""
GAPS_SHOWN: Final = 20

BAD_ANSWERS: Final = 3
"""So many failures one after the other are no passing trouble."""
LATELY: Final = 60.0
"""Seconds for which a good answer outweighs one or two failures."""

_SEQUENCE: Final = re.compile(r"sequences/(?P<sequence>.+)/(?P<kind>[^/]+)")
_REFUSED: Final = frozenset({401, 403})


@frozen
class LastError:
    """The last error of a feed that fails, or of a step of the worker."""

    error: str
    at: float
    """Seconds since 1970."""


@define
class SequenceTimes:
    """The moments of each sequence, by kind and sequence, in seconds since 1970. They are as many as sequences."""

    last_poll: dict[tuple[str, str], float] = field(factory=dict)
    complete_until: dict[tuple[str, str], float] = field(factory=dict)

    def record(self, feed: str, at: float, coverage: Coverage | None) -> None:
        """Take note of a poll."""
        named = _SEQUENCE.fullmatch(feed)
        if named is None:
            return
        place = (named["kind"], named["sequence"])
        self.last_poll[place] = at
        if coverage is not None and coverage.complete_until is not None:
            self.complete_until[place] = coverage.complete_until.timestamp()


def kind_of(feed: str) -> str:
    """Return the end of a feed's name, as `deals`. There are few of them, for metrics to count by."""
    return feed.rpartition("/")[2]


@define
class Activity:
    """The memory of one worker. It is bounded, whatever the number of feeds, unless `per_sequence` is asked for.

    Hand `record` to `run_worker(on_report=…)` and `answered` to `crm.observe(on_response=…)`.
    """

    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    workspace: str | None = None
    draining: bool = False
    polls: Counter[tuple[str, str]] = field(factory=Counter)
    """By kind and outcome: `committed`, `failed`, `fenced`."""
    events: Counter[str] = field(factory=Counter)
    """Events committed, by kind."""
    gaps: Counter[tuple[str, str]] = field(factory=Counter)
    """By kind and by what the gap comes from."""
    last_poll: dict[str, float] = field(factory=dict)
    """When the last poll of a kind was committed, in seconds since 1970."""
    lateness: dict[str, float] = field(factory=dict)
    """By how many seconds, at the most, rows of a kind became visible late, as this worker has seen it."""
    failing: dict[str, LastError] = field(factory=dict)
    """By feed, as this worker has seen them."""
    troubles: dict[str, LastError] = field(factory=dict)
    """By step of the worker: what fails now."""
    recent_gaps: deque[GapFound] = field(factory=lambda: deque(maxlen=GAPS_SHOWN))
    hour: LastHour = field(init=False)
    per_sequence: bool = False
    """Whether `sequences` are kept. A workspace may have thousands."""
    sequences: SequenceTimes = field(factory=SequenceTimes)
    last_answer: float | None = None
    """When the API last gave an answer that is neither a refusal of the key nor a failure of the server."""
    api_error: LastError | None = None
    """What the API's last request came to, if it failed."""
    bad_answers: int = 0
    """How many requests have failed since the last good answer."""
    failing_since: float | None = None
    """Since when no poll has succeeded and at least one has failed."""

    def __attrs_post_init__(self) -> None:
        self.hour = LastHour(self.now)

    def record(self, report: Report) -> None:
        """Take note of a report."""
        match report:
            case Polled(feed=feed, events=events, coverage=coverage):
                self._polled(feed, events)
                self._late(kind_of(feed), coverage)
                if self.per_sequence:
                    self.sequences.record(feed, self.now(), coverage)
            case PollFailed(feed=feed, error=error) | Died(feed=feed, error=error):
                self._failed(feed, error)
            case GapFound(feed=feed, gap=gap):
                self.gaps[kind_of(feed), gap] += 1
                self.recent_gaps.append(report)
            case Fenced(feed=feed):
                self.polls[kind_of(feed), "fenced"] += 1
            case WorkerTrouble(step=step, error=error):
                self.troubles[step] = LastError(error, self.now())
            case Recovered(step=step):
                self.troubles.pop(step, None)
            case Started(workspace=workspace):
                self.workspace = workspace
            case Draining():
                self.draining = True

    def answered(self, event: ResponseEvent) -> None:
        """Take note of what the API answered, if anything."""
        status = event.status
        if event.error == "CancelledError":
            return  # that says nothing about the API
        if status is None or status >= 500 or status in _REFUSED:
            self.api_error = LastError(event.error or f"HTTP {status}", self.now())
            self.bad_answers += BAD_ANSWERS if status == 401 else 1  # a refused key does not pass
        else:
            self.last_answer, self.api_error, self.bad_answers = self.now(), None, 0

    @property
    def api_is_down(self) -> bool:
        """Whether the API fails: several times in a row, or with no good answer lately, or it refuses the key."""
        if self.api_error is None:
            return False
        late = self.last_answer is None or self.now() - self.last_answer >= LATELY
        return late or self.bad_answers >= BAD_ANSWERS

    def _polled(self, feed: str, events: int) -> None:
        kind, now = kind_of(feed), self.now()
        self.polls[kind, "committed"] += 1
        self.events[kind] += events
        self.last_poll[kind] = now
        self.failing.pop(feed, None)
        self.failing_since = None
        self.hour.add(polls=1, events=events)

    def _late(self, kind: str, coverage: Coverage | None) -> None:
        if coverage is not None:
            self.lateness[kind] = max(self.lateness.get(kind, 0.0), coverage.lateness.total_seconds())

    def _failed(self, feed: str, error: str) -> None:
        now = self.now()
        self.polls[kind_of(feed), "failed"] += 1
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.failing.pop(feed, None)
        self.failing[feed] = LastError(error, now)
        if len(self.failing) > SHOWN:
            del self.failing[next(iter(self.failing))]  # the one that has been silent for longest

    def last_hour(self) -> tuple[int, int]:
        """Return the polls and the events committed within the last hour."""
        return self.hour.total("polls"), self.hour.total("events")
