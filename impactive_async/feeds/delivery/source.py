"""What a feed is made of: the list that it polls, and the options of its user."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import attrs

from impactive_async._checks import check_positive, check_seconds
from impactive_async._clock import Clock
from impactive_async._codec.encode import wire_name
from impactive_async._codec.page import Rows
from impactive_async._codec.scalars import read_moment
from impactive_async._codec.tolerant.names import other_names
from impactive_async._codec.tolerant.notes import Notes
from impactive_async._http.caller import Answer
from impactive_async._http.settings import Home, TellHome
from impactive_async.errors import InvalidArgumentError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.page import Accepted
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.rules import NOW, Now, Rules
from impactive_async.feeds.cursor.server_clock import THIS_MACHINE, OwnClocks
from impactive_async.feeds.delivery.last_page import LastPage, Unchanged
from impactive_async.feeds.delivery.page_request import PageRequest
from impactive_async.feeds.pacing.pace import INTERVAL, Pace
from impactive_async.models.gap import Gap
from impactive_async.stores import CursorStore

R = TypeVar("R")

_log = logging.getLogger("impactive_async.feed")

OnGap = Literal["raise", "continue"] | Callable[[Gap], Awaitable[None] | None]
OnBadRow = Literal["raise"] | Callable[[BadRow], Awaitable[None] | None]
Ack = Literal["auto", "manual"]


@attrs.frozen
class Recovery:
    """The rows of a page's gaps that a sibling list still shows.

    Attributes:
        rows: Raw rows, with the fields that the feed's own list has.
        filled: The gaps all of whose rows are among them, if the rows show that no list was cut off.
    """

    rows: Sequence[Any]
    filled: Collection[Gap]


Recover = Callable[[Collection[Gap]], Awaitable[Recovery]]


WaitOpen = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


async def wait_only(wait: Callable[[], Awaitable[object]]) -> None:
    """Wait for something, whatever becomes of a client."""
    await wait()


@attrs.frozen(kw_only=True)
class Source(Generic[R]):
    """A list that can be polled.

    Attributes:
        name: What cursors, gaps, logs and events call the feed, such as `sequences/42/replies`.
        path: The request's path, for errors.
        row: The class of its rows.
        rules: How the list behaves; `None` for a list without `since`, whose rows are compared by content.
        page: Fetches the raw rows, given the `since` of the query. Whoever polls repeats what fails.
        clock: Measures pauses.
        own: This machine's clocks, with which the server's is compared.
        cap: The most rows a list without `since` shows; `None` if it shows all.
        recover: Fetches the rows of a page's gaps that a sibling list still shows.
        home: Where its cursors belong; `None`: they do not say.
        tell_home: Asks the server which workspace `home` is of.
        notes: Told of rows that are not in the contract's form; `None`: such rows are unreadable.
        wait_open: Waits for something, unless the client is closed meanwhile, which it raises.
        is_news: Whether something was not told yet, so that a warning is not repeated at each poll.
    """

    name: str
    path: str = ""
    row: type[R]
    rules: Rules | None
    page: Callable[[str | None], Awaitable[Answer[Rows]]] | PageRequest
    clock: Clock
    own: OwnClocks = THIS_MACHINE
    cap: int | None = None
    recover: Recover | None = None
    notes: Notes | None = None
    home: Home | None = None
    tell_home: TellHome | None = None
    wait_open: WaitOpen = wait_only
    is_news: Callable[[str], bool] = lambda _: True

    @property
    def has_id(self) -> bool:
        """Whether the list is of one sequence or contact, as its name tells. A 404 says that there is none."""
        return self.name.count("/") > 1

    def ask(self, since: str | None, last: LastPage | None) -> Awaitable[Answer[Rows | Unchanged]]:
        """Fetch the page since a moment; `UNCHANGED` if it is the one before."""
        return self.page(since, last) if isinstance(self.page, PageRequest) else self.page(since)

    def warn_of_since(self, accepted: Accepted) -> None:
        """Tell once that the server shows other rows than `since` asks for."""
        if accepted.unasked and self.is_news(f"{self.name} ignores since"):
            _log.warning("%s: the server ignores `since` (%d older rows)", self.name, accepted.unasked)
        if accepted.misread and self.is_news(f"{self.name} misreads since"):
            _log.warning(
                "%s: the server withholds rows that `since` asks for, as if it read it in another time zone. It "
                "is asked without it, so that a page has less room for new rows: `impactive doctor` says more",
                self.name,
            )

    def within(self, seconds: float) -> Source[R]:
        """Return the source with a shorter time-out of each request, if so many seconds are shorter."""
        if not isinstance(self.page, PageRequest):
            return self
        return attrs.evolve(self, page=attrs.evolve(self.page, timeout=min(seconds, self.page.caller.timeout)))

    def patient(self) -> Source[R]:
        """Return the source with requests that are sent again as the client's calls are."""
        if not isinstance(self.page, PageRequest):
            return self
        return attrs.evolve(self, page=attrs.evolve(self.page, patient=True))

    def with_overlap(self, seconds: float | None) -> Source[R]:
        """Return the source with another overlap; `None` keeps its own.

        Raises:
            InvalidArgumentError: The overlap is negative or not a finite number.
        """
        if seconds is None:
            return self
        overlap = int(check_seconds(seconds, "overlap") * timestamps.SECOND)
        return attrs.evolve(self, rules=self.rules and attrs.evolve(self.rules, overlap=overlap))


def as_wire_names(names: Collection[str]) -> tuple[str, ...]:
    """Return names of fields with their other spellings beside them: of `view_count` also `viewCount`.

    Raises:
        InvalidArgumentError: This is a single string, or no collection of them.
    """
    given: object = names
    found = list(names) if isinstance(given, Iterable) else []  # an iterator gives its names once
    if not isinstance(given, Iterable) or isinstance(given, str) or not all(isinstance(one, str) for one in found):
        raise InvalidArgumentError(f"ignore is a collection of names of fields; not {names!r}")
    wires = set(map(wire_name, found))
    return tuple(sorted(wires.union(found, *map(other_names, wires))))


def _as_moment(value: datetime | str | Now | None) -> datetime | Now | None:
    return value if value is None or value is NOW else read_moment(value, "since")


@attrs.frozen(kw_only=True)
class FeedOptions:
    """How a user wants a feed followed: the options of the `watch*` methods.

    `resources/watching/options.py` documents each.

    Raises:
        InvalidArgumentError: An option that can never be right, such as a `since` that is naive or unreadable.
    """

    since: datetime | Now | None = attrs.field(default=None, converter=_as_moment)
    store: CursorStore | None = attrs.field(default=None)
    key: str | None = None
    interval: float = INTERVAL
    max_interval: float | None = None
    overlap: float | None = None
    on_gap: OnGap = attrs.field(default="raise")
    on_bad_row: OnBadRow = attrs.field(default="raise")
    ack: Ack = attrs.field(default="auto")
    ignore: Collection[str] = attrs.field(default=(), converter=as_wire_names)
    removals: bool = attrs.field(default=False, converter=bool)

    @store.validator
    def _check_store(self, _: Any, value: object) -> None:
        keeps = callable(getattr(value, "load", None)) and callable(getattr(value, "save", None))
        if value is not None and (not keeps or isinstance(value, type)):
            raise InvalidArgumentError(
                f"store is a cursor store, such as SqliteCursorStore('cursors.db'); not {value!r}"
            )

    @on_gap.validator
    def _check_on_gap(self, _: Any, value: object) -> None:
        if value not in ("raise", "continue") and not callable(value):
            raise InvalidArgumentError(f"on_gap is 'raise', 'continue' or a callable; not {value!r}")

    @on_bad_row.validator
    def _check_on_bad_row(self, _: Any, value: object) -> None:
        if value != "raise" and not callable(value):
            raise InvalidArgumentError(f"on_bad_row is 'raise' or a callable; not {value!r}")

    @ack.validator
    def _check_ack(self, _: Any, value: object) -> None:
        if value not in ("auto", "manual"):
            raise InvalidArgumentError(f"ack is 'auto' or 'manual'; not {value!r}")

    def __attrs_post_init__(self) -> None:
        check_positive(self.interval, "interval")
        if self.max_interval is not None and check_positive(self.max_interval, "max_interval") < self.interval:
            raise InvalidArgumentError(
                f"max_interval is at least interval ({self.interval!r}), not {self.max_interval!r}"
            )

    def key_of(self, source: Source[Any]) -> str:
        """Return the name under which the store keeps the feed's cursor."""
        return self.key or source.name

    def pace_of(self, source: Source[Any]) -> Pace:
        """Return a new pace for a feed."""
        return self.pace(cap=source.rules.cap if source.rules else source.cap)

    def pace(self, *, cap: int | None) -> Pace:
        """Return a new pace for a list that shows at most `cap` rows; `None` if that number is unknown."""
        longest = self.interval if self.max_interval is None else self.max_interval
        return Pace(interval=self.interval, max_interval=longest, cap=cap)
