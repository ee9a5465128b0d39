"""The state of a feed over a list without `since`. Every page is the whole list, and rows are compared by content.

A row is new if its id is new, or if its content has changed. A row that leaves the list and comes back as it was
is not new. Deletions are not reported. A row that the list no longer shows is remembered

- while the list is empty, because an empty list does not say that its rows are gone for good;
- of a whole list, over the next `MISSES` pages that show other rows;
- of a capped list, for as many rows as its cap, because a deletion may bring a row back that was pushed off its
end.

Then it is forgotten, so that the size of the state is bounded by what the list has shown lately. If the row came
back, it would be new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Self

from impactive_async._codec.json_bytes import StoredJson
from impactive_async._codec.page import Rows
from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor import saved_text as state
from impactive_async.feeds.cursor.evidence.contents import read_contents
from impactive_async.feeds.cursor.evidence.rotation import Rotation
from impactive_async.feeds.cursor.evidence.seen_rows import SeenRows
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.in_flight import InFlight
from impactive_async.feeds.cursor.page import Accepted, Arrival, SnapshotRows
from impactive_async.feeds.cursor.quarantine import Quarantine
from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.cursor.seen_versions import RowId, Version
from impactive_async.feeds.cursor.server_clock import DATE_RESOLUTION
from impactive_async.feeds.cursor.watermarks import FAR_FUTURE
from impactive_async.models.gap import Gap

TIMESTAMPS: Final = ("emailDate", "updatedAt", "createdAt")
MISSES: Final = 10
"""Pages in a row that show other rows and not a known one, after which that one is forgotten."""
_RULES: Final = "content"
MANY: Final = 1000
"""Rows: so many are read in a thread, so that the event loop is not blocked meanwhile."""


class Snapshot:
    """The progress of a feed over a list without `since`, with the methods of `Cursor`.

    Args:
        feed: The feed's name.
        start: `NOW`: the rows of the first page are not delivered. A moment: those dated before it are not
            delivered (undated ones are), and rows since then that a full first page may hide are an overflow.
        cap: The most rows a page can have, newest first; `None` if the list is always whole.
        id: Wire name of the id.
        stamps: Wire names of the fields that may have a row's timestamp; the first readable one counts. Rows are
            delivered in the order of their timestamps, which also bound gaps. Whether a row is new does not depend
            on it.
        ignore: Wire names of fields that do not count as content.
    """

    __slots__ = (
        "_again_from",
        "_cap",
        "_clock",
        "_fields",
        "_gaps",
        "_id",
        "_ignored",
        "_in_flight",
        "_known",
        "_missed",
        "_newest",
        "_primed",
        "_quarantine",
        "_rotation",
        "_start",
        "feed",
        "seen_rows",
    )

    def __init__(
        self,
        feed: str,
        *,
        start: datetime | Now | None = None,
        cap: int | None = None,
        id: str = "id",  # noqa: A002  (the name `Rules` has for it)
        stamps: Sequence[str] = TIMESTAMPS,
        ignore: Collection[str] = (),
    ) -> None:
        self.feed = feed
        self._cap = cap
        self._id = id
        self._fields = stamps
        self._ignored = frozenset(ignore)
        self._start = _first_wanted(start)
        self._primed = False  # whether a page was accepted
        self._known: dict[RowId, str] = {}  # row id -> digest of its content, the least recently shown first
        self._again_from: int | None = None  # rewound: known rows of the next page from here on come again
        self._missed: dict[RowId, int] = {}  # of a whole list: known row -> pages in a row without it
        self._in_flight = InFlight()
        self._newest: int | None = None  # timestamp of the newest row handled, or of the last overflow's end
        self._clock: int | None = None
        self._quarantine = Quarantine()
        self._gaps: list[Span] = []  # those reported
        self._rotation = Rotation()
        self.seen_rows: SeenRows | None = None
        """Who is on the list, if removals are followed."""

    def since(self) -> None:
        """Return `None`: the list knows no `since`."""

    @property
    def cap(self) -> int | None:
        """The most rows that a page can have; `None`: the list is always whole."""
        return self._cap

    @property
    def pending(self) -> int:
        """The number of rows in flight."""
        return len(self._in_flight)

    @property
    def newest(self) -> int | None:
        """The timestamp of the newest row handled, in microseconds; `None`: there was none with one."""
        return self._newest

    @property
    def known_gaps(self) -> list[Gap]:
        """All gaps reported, oldest first, with neighbours joined; at most `gaps.MAX_SPANS`."""
        return [gaps.public(self.feed, span) for span in self._gaps]

    @property
    def server_clock(self) -> int | None:
        """The server's time at the last page that told it, in microseconds; `None` if none has."""
        return self._clock

    def stays_quiet(self, server_now: int | None, fell_back: int) -> bool:
        """Whether `accept_unchanged` would report no removals."""
        return self.seen_rows is None

    def accept_unchanged(self, server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take a page that is the one before, whose rows were all handled: only the server's time is learnt."""
        self._clock = self._clock if server_now is None else server_now
        return Accepted([], removed=[] if self.seen_rows is None else self.seen_rows.show_again(self._clock or 0))

    def accept(self, rows: Rows | SnapshotRows, server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take one page: the whole list.

        Args:
            rows: The page, also if `read` has read it before.
            server_now: The server's time in microseconds; `None`: nothing new is known of it.
            fell_back: Not used, because no row is asked for by its timestamp.
        """
        self._clock = self._clock if server_now is None else server_now
        first, self._primed = not self._primed, True
        page = rows if isinstance(rows, SnapshotRows) else self.read(rows)
        arrivals, bad, cap = page.arrivals, page.bad, len(page) if page.more else self._cap
        settled = self._settled(page) if self._rotation.rows else []
        lost = [*settled, *self._lost(page, cap, first=first)]
        self._gaps, _ = gaps.recorded(self._gaps, lost, timestamps.END)
        reported = [gaps.public(self.feed, span) for span in lost]
        if first:
            self._known.update(version for at, _, _, _, (version, _) in arrivals if self._is_before_start(at))
        self._repeat(arrivals)
        new = [arrival for arrival in arrivals if self._is_new(arrival)]
        self._in_flight.add(new)
        self._forget(arrivals, cap)
        seen, clock = self.seen_rows, self._clock
        changed = {row_id for *_, ((row_id, _), _) in new}
        removed = [] if seen is None else seen.show_contents(page, cap, clock, changed)
        told = self._quarantine.unreported(bad)
        return Accepted([row for *_, row in new], reported, told, removed=removed)

    def _is_before_start(self, at: int) -> bool:
        """Whether a row of the first page is not delivered. One without a timestamp is not known to be older."""
        return at < self._start and (at > timestamps.BEGINNING or self._start > timestamps.END)

    def removal_handled(self, row_id: RowId) -> None:
        """Forget a row that is gone: if it comes back, it is new."""
        if self.seen_rows is not None:
            self.seen_rows.handled(row_id)
        self._known.pop(row_id, None)
        self._missed.pop(row_id, None)

    def ack(self, version: Version) -> bool:
        """Count the row of this version as handled; return whether it was in flight."""
        arrival = self._in_flight.done(version)
        if arrival is None:
            return False
        at, (row_id, content) = arrival[0], version
        self._known[row_id] = content
        if timestamps.BEGINNING < at <= self._horizon:
            self._newest = at if self._newest is None else max(self._newest, at)
        return True

    def ack_all(self, versions: Sequence[Version]) -> bool:
        """Count the rows of these versions as handled, as `ack` does; return whether all were in flight."""
        return sum(map(self.ack, versions)) == len(versions)

    def read(self, page: Rows) -> SnapshotRows:
        """Return the rows of a page; see `read_contents`. It changes nothing."""
        return read_contents(page, self._id, self._fields, self._ignored)

    def _is_new(self, arrival: Arrival) -> bool:
        version, _ = arrival[-1]
        return self._known.get(version[0]) != version[1] and version not in self._in_flight

    def _repeat(self, arrivals: Sequence[Arrival]) -> None:
        if arrivals and self._again_from is not None:
            again_from, self._again_from = self._again_from, None
            for at, *_, ((row_id, _), _) in arrivals:
                if at >= again_from:
                    self._known.pop(row_id, None)

    def _lost(self, page: SnapshotRows, cap: int | None, *, first: bool) -> list[Span]:
        """Return the gap before a page that was cut off and shows no row of the page before.

        It was cut off if it has as many rows as the cap, or if none of several known rows is shown. A known row of
        the future does not count, because it stays on top of the list whatever is pushed off below.
        """
        arrivals, full = page.arrivals, cap is not None and len(page) >= cap
        pushed_off = bool(arrivals) and len(self._known.keys() - self._missed.keys()) >= CERTAIN
        if self._is_contiguous(arrivals):
            return []
        oldest = min([self._horizon, *(at for at, *_ in arrivals)]) if arrivals else timestamps.BEGINNING
        low = timestamps.BEGINNING if self._newest is None else min(self._newest, oldest)
        if not (full or pushed_off):
            self._rotation.doubt(0 if first else len(page), low, oldest + 1)
            return []
        if first:  # rows from the feed's start on that are missing are lost, and not history
            kind: gaps.Kind = "history" if self._start <= timestamps.BEGINNING else "overflow"
            return gaps.spans((self._start, oldest + 1, kind))
        self._newest = max(self._newest or oldest, oldest)  # the time before it was reported
        return [Span(low, oldest + 1, "overflow")]

    def _settled(self, page: SnapshotRows) -> list[Span]:
        """Return the span of which an earlier page hides rows, as this one shows."""
        seen = (self._known.keys() - self._missed.keys()) | self._in_flight.ids()
        shown = {row_id for *_, ((row_id, _), _) in page.arrivals}
        return self._rotation.settle(len(page), came=bool(shown - seen), left=bool(seen - shown))

    def _is_contiguous(self, arrivals: Sequence[Arrival]) -> bool:
        seen = self._known.keys() | self._in_flight.ids()
        return any(at <= self._horizon and row_id in seen for at, *_, ((row_id, _), _) in arrivals)

    @property
    def _horizon(self) -> int:
        """The newest timestamp that is not in the future; see `Watermarks.horizon`."""
        return FAR_FUTURE if self._clock is None else self._clock + DATE_RESOLUTION

    def _forget(self, arrivals: Sequence[Arrival], cap: int | None) -> None:
        if not arrivals:
            return
        ids = [row_id for *_, ((row_id, _), _) in arrivals]
        shown = {row_id: self._known[row_id] for row_id in ids if row_id in self._known}
        gone = [item for item in self._known.items() if item[0] not in shown]
        if cap is None:
            missed = {row_id: self._missed.get(row_id, 0) + 1 for row_id, _ in gone}
            self._missed = {row_id: pages for row_id, pages in missed.items() if pages <= MISSES}
            gone = [item for item in gone if item[0] in self._missed]
        else:
            gone = gone[-cap:]
        self._known = dict(gone) | shown

    def dumps(self) -> str:
        """Return the state as compact JSON, without the rows in flight, which come again."""
        return self.dumps_later()()

    @property
    def is_large(self) -> bool:
        """Whether `dumps` is better done in a thread."""
        return len(self._known) > MANY

    def dumps_later(self) -> Callable[[], str]:
        """Return a function that returns what `dumps` would return now. Until it is called it costs little."""
        body = {
            "start": self._start,
            "primed": self._primed,
            "newest": self._newest,
            "clock": self._clock,
            "bad": [*self._quarantine.digests],
            "again_from": self._again_from,
            "known": list(self._known.items()),
            "missed": list(self._missed.items()),
            "gaps": [list(span) for span in self._gaps],
            "doubt": self._rotation.dump(),
        }
        if self.seen_rows is None:
            return lambda: state.pack("snapshot", self.feed, _RULES, body)
        seen = self.seen_rows.dump_later()
        return lambda: state.pack("snapshot", self.feed, _RULES, {**body, "seen_rows": seen()})

    @classmethod
    def loads(
        cls,
        text: StoredJson,
        feed: str,
        *,
        cap: int | None = None,
        id: str = "id",  # noqa: A002  (the name `Rules` has for it)
        stamps: Sequence[str] = TIMESTAMPS,
        ignore: Collection[str] = (),
    ) -> Self:
        """Return the snapshot that `dumps` saved.

        Raises:
            CursorError: The text is damaged, belongs to another feed, or was written by a newer version.
        """
        saved = state.unpack(text, "snapshot", feed, _RULES)
        snapshot = cls(feed, cap=cap, id=id, stamps=stamps, ignore=ignore)
        snapshot._restore(saved)
        return snapshot

    def _restore(self, saved: state.Saved) -> None:
        self._start = saved.moment("start")
        self._primed = saved.flag("primed")
        self._newest = saved.moment_or_none("newest")
        self._clock = saved.moment_or_none("clock")
        self._quarantine = Quarantine(saved.texts("bad"))
        self._again_from = saved.moment_or_none("again_from")
        self._known = dict(saved.pairs("known"))
        self._missed = dict(saved.counts("missed"))
        seen_rows = saved.list_or_none("seen_rows")
        self.seen_rows = None if seen_rows is None else SeenRows.load(seen_rows)
        self._rotation = Rotation.load(saved.list_or_none("doubt"))
        self._gaps = saved.spans("gaps") if "gaps" in saved.fields else []  # 0.1 saved none


def _first_wanted(start: datetime | Now | None) -> int:
    if isinstance(start, Now):
        return timestamps.END + 1
    if start is None:
        return timestamps.BEGINNING
    return timestamps.aware(start)
