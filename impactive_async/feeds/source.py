"""What a feed is made of: the list it polls, and how its user wants it followed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async._http.scalars import read_since
from impactive_async.feeds import timestamps
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.rhythm import Rhythm
from impactive_async.feeds.rules import NOW, Now, Rules
from impactive_async.feeds.server_clock import THIS_MACHINE, OwnClocks
from impactive_async.models.gap import Gap
from impactive_async.stores import CursorStore

R = TypeVar("R")

INTERVAL = 300.0
"""Seconds between polls: the vendor advises 5 to 15 minutes."""

OnGap = Literal["raise", "continue"] | Callable[[Gap], Awaitable[None] | None]
OnBadRow = Literal["raise"] | Callable[[BadRow], Awaitable[None] | None]


@attrs.frozen
class Recovery:
    """What a sibling list could bring back from a gap.

    Attributes:
        rows: Raw rows, of the feed's own shape.
        complete: Whether these are certainly all that the gap hides.
    """

    rows: Sequence[Any]
    complete: bool


@attrs.frozen(kw_only=True)
class Source(Generic[R]):
    """A list that can be polled.

    Attributes:
        name: What cursors, gaps, logs and events call the feed, such as `sequences/42/replies`.
        row: The class of its rows.
        rules: How the list behaves; `None` for a list without `since`, whose rows are compared by content.
        page: Fetches the raw rows, given the `since` of the query.
        clock: What pauses are measured with.
        own: What the server's clock is compared with.
        cap: The most rows a list without `since` shows; `None` if it shows all.
        recover: Fetches what a sibling list can still show of a gap.
    """

    name: str
    row: type[R]
    rules: Rules | None
    page: Callable[[str | None], Awaitable[Answer[Sequence[Any]]]]
    clock: Clock
    own: OwnClocks = THIS_MACHINE
    cap: int | None = None
    recover: Callable[[Gap], Awaitable[Recovery]] | None = None

    def with_overlap(self, seconds: float | None) -> Source[R]:
        """Return the source with another overlap; `None` keeps its own.

        Raises:
            ValueError: It is negative or no number.
        """
        check_overlap(seconds)
        if seconds is None or self.rules is None:
            return self
        return attrs.evolve(self, rules=attrs.evolve(self.rules, overlap=int(seconds * timestamps.SECOND)))


def check_overlap(seconds: float | None) -> None:
    """Accept a number of seconds, or `None`.

    Raises:
        ValueError: It is negative, infinite or no number.
    """
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise ValueError(f"overlap is a number of seconds of at least 0, not {seconds!r}")


@attrs.frozen(kw_only=True)
class FeedOptions:
    """How a user wants a feed followed; the arguments of `watch*`.

    Raises:
        ValueError: An argument that can never be right, such as a naive `since`.
    """

    since: datetime | Now | None = attrs.field(default=None)
    store: CursorStore | None = None
    key: str | None = None
    interval: float = attrs.field(default=INTERVAL)
    max_interval: float | None = None
    on_gap: OnGap = attrs.field(default="raise")
    on_bad_row: OnBadRow = attrs.field(default="raise")

    @since.validator
    def _a_moment(self, _: Any, value: object) -> None:
        if value is not None and value is not NOW and not isinstance(value, datetime):
            raise ValueError(f"since is None, NOW, or an aware datetime; not {value!r}")
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("since is naive: give it a time zone, as in datetime.now(timezone.utc)")

    @interval.validator
    def _positive(self, _: Any, value: float) -> None:
        if not 0 < value < float("inf"):
            raise ValueError(f"interval is a positive number of seconds, not {value!r}")

    @on_gap.validator
    def _a_way_with_gaps(self, _: Any, value: object) -> None:
        if value not in ("raise", "continue") and not callable(value):
            raise ValueError(f"on_gap is 'raise', 'continue' or a callable; not {value!r}")

    @on_bad_row.validator
    def _a_way_with_bad_rows(self, _: Any, value: object) -> None:
        if value != "raise" and not callable(value):
            raise ValueError(f"on_bad_row is 'raise' or a callable; not {value!r}")

    def __attrs_post_init__(self) -> None:
        if self.max_interval is not None and not self.interval <= self.max_interval < float("inf"):
            raise ValueError(f"max_interval is at least the interval, and finite; not {self.max_interval!r}")

    def key_of(self, source: Source[Any]) -> str:
        """Return what the feed's cursor is kept under."""
        return self.key or source.name

    def rhythm_of(self, source: Source[Any]) -> Rhythm:
        """Return a new rhythm for a feed."""
        return self.rhythm(cap=source.rules.cap if source.rules else source.cap)

    def rhythm(self, *, cap: int | None) -> Rhythm:
        """Return a new rhythm for a list that shows at most `cap` rows."""
        longest = self.interval if self.max_interval is None else self.max_interval
        return Rhythm(interval=self.interval, max_interval=longest, cap=cap)


def options(
    *,
    since: datetime | str | Now | None,
    store: CursorStore | None,
    key: str | None,
    interval: float,
    max_interval: float | None,
    on_gap: OnGap,
    on_bad_row: OnBadRow,
) -> FeedOptions:
    """Check the arguments that all `watch*` methods share.

    Raises:
        ValueError: An argument that can never be right, such as a naive or unreadable `since`.
    """
    return FeedOptions(
        since=read_since(since) if isinstance(since, str) else since,
        store=store,
        key=key,
        interval=interval,
        max_interval=max_interval,
        on_gap=on_gap,
        on_bad_row=on_bad_row,
    )
