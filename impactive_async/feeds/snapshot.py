"""The state of a feed over a list without `since`: every page is the whole list, rows are compared by content.

A row is new when its id is, or when its content changed. So a row that vanishes from the list and comes back as it
was is not new; deletions are not reported. What a list no longer shows is remembered

- while the list is empty: that does not say that its rows are gone for good, and there is nothing more to keep;
- of a whole list, over the next `MISSES` pages that show other rows;
- of a capped list, for one more cap, as a deletion may bring back what was pushed off its end.

Then it is forgotten, so that the state never outgrows what the list has shown lately, and would be new again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from impactive_async.feeds import gaps, state, timestamps
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import RowId, Version, is_id
from impactive_async.feeds.page import Accepted, Row
from impactive_async.feeds.progress import FAR_FUTURE
from impactive_async.feeds.quarantine import BadRow, Quarantine, digest
from impactive_async.feeds.rules import Now
from impactive_async.feeds.server_clock import DATE_RESOLUTION
from impactive_async.models.gap import Gap

TIMESTAMPS: Final = ("emailDate", "updatedAt", "createdAt")
MISSES: Final = 10  # pages in a row that show other rows and not this one, after which it is taken for deleted
_RULES: Final = "content"


class Content(NamedTuple):
    """A row; `at` is `BEGINNING` for one without a readable timestamp."""

    at: int
    order: str
    id: RowId
    digest: str
    row: Row


class Snapshot:
    """Same interface as `Cursor`, over a list without `since`.

    Args:
        feed: The feed's name.
        start: `NOW`: what the first page shows is known. A moment: so is what it shows stamped before that, and
            what it is too full to show from then on is an overflow.
        cap: The most rows a page can have, newest first; `None` if the list is always whole.
        id: Wire name of the id.
        stamps: Wire names that may hold a row's timestamp, the first readable one counts. It orders what
            is delivered and bounds gaps; which rows are new does not depend on it.
    """

    __slots__ = (
        "_cap",
        "_clock",
        "_fields",
        "_id",
        "_known",
        "_missed",
        "_newest",
        "_pending",
        "_primed",
        "_quarantine",
        "_start",
        "feed",
    )

    def __init__(
        self,
        feed: str,
        *,
        start: datetime | Now | None = None,
        cap: int | None = None,
        id: str = "id",  # noqa: A002  (the name `Rules` has for it)
        stamps: Sequence[str] = TIMESTAMPS,
    ) -> None:
        self.feed = feed
        self._cap = cap
        self._id = id
        self._fields = stamps
        self._start = _first_wanted(start)
        self._primed = False  # a page was accepted
        self._known: dict[RowId, str] = {}  # row id -> digest of its content, the least recently shown first
        self._missed: dict[RowId, int] = {}  # of a whole list: known row -> pages in a row without it
        self._pending: dict[Version, int] = {}  # and its timestamp
        self._newest: int | None = None  # timestamp of the newest row handled, or of the last overflow's end
        self._clock: int | None = None
        self._quarantine = Quarantine()

    def since(self) -> None:
        """There is nothing to ask with."""

    @property
    def pending(self) -> int:
        """Rows handed out and not yet handled."""
        return len(self._pending)

    @property
    def server_clock(self) -> int | None:
        """The server's time at the last page that told it, in microseconds."""
        return self._clock

    def accept(self, rows: Sequence[Any], server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take one page: the whole list.

        Args:
            rows: The decoded JSON rows as they came.
            server_now: The server's time in microseconds; `None`: nothing new is known of it.
            fell_back: Makes no difference here, where nothing is asked for by date.
        """
        self._clock = self._clock if server_now is None else server_now
        first, self._primed = not self._primed, True
        contents, bad = self._read(rows)
        reported = self._lost(len(rows), contents, first=first)
        if first:
            self._known.update((one.id, one.digest) for one in contents if one.at < self._start)
        fresh = [one for one in contents if self._is_new(one)]
        self._pending.update(((one.id, one.digest), one.at) for one in fresh)
        self._forget(contents)
        return Accepted([one.row for one in fresh], reported, self._quarantine.unreported(bad))

    def version(self, row: Row) -> Version:
        """What names a fresh row and its content for good, whatever the consumer does to the row."""
        return row[self._id], digest(row)

    def ack(self, row: Row) -> bool:
        """Count a fresh row, unchanged, as handled; `False` when it was not in hand."""
        return self.ack_version(self.version(row))

    def ack_version(self, version: Version) -> bool:
        """Count the fresh row that `version` named as handled; `False` when it was not in hand."""
        if version not in self._pending:
            return False
        at = self._pending.pop(version)
        self._known[version[0]] = version[1]
        if timestamps.BEGINNING < at <= self._horizon:
            self._newest = at if self._newest is None else max(self._newest, at)
        return True

    def _read(self, rows: Sequence[Any]) -> tuple[list[Content], list[BadRow]]:
        """Each id once, oldest first; of two rows of an id that differ, one is a bad one."""
        contents: dict[RowId, Content] = {}
        bad = []
        for index, row in enumerate(rows):
            row_id = row.get(self._id) if isinstance(row, Mapping) else None
            if not is_id(row_id):
                bad.append(BadRow(index, f"no {self._id!r}", row))
                continue
            at = self._stamp(row)
            one = Content(timestamps.BEGINNING if at is None else at, str(row_id), row_id, digest(row), row)
            first = contents.setdefault(row_id, one)
            if first.digest != one.digest:  # by content, as the order of the page may change from poll to poll
                contents[row_id], loser = sorted((first, one), key=lambda twin: twin.digest)
                bad.append(BadRow(rows.index(loser.row), "another row of this page has the same id", loser.row))
        return sorted(contents.values(), key=lambda one: one[:2]), bad

    def _stamp(self, row: Row) -> int | None:
        for name in self._fields:
            try:
                return timestamps.parse(row[name])
            except (LookupError, TypeError, ValueError, OverflowError):
                continue
        return None

    def _is_new(self, one: Content) -> bool:
        return self._known.get(one.id) != one.digest and (one.id, one.digest) not in self._pending

    def _lost(self, shown: int, contents: Sequence[Content], *, first: bool) -> list[Gap]:
        """A full page that shows no row of the one before may have lost what lies between.

        A known row of the future is no proof: it stays on top whatever is pushed off below it.
        """
        if self._cap is None or shown < self._cap or self._is_contiguous(contents):
            return []
        oldest = min([self._horizon, *(one.at for one in contents)]) if contents else timestamps.BEGINNING
        if first:  # from a moment on, every row was asked for: what is missing is lost, not history
            kind: gaps.Kind = "history" if self._start <= timestamps.BEGINNING else "overflow"
            return [gaps.public(self.feed, span) for span in gaps.spans((self._start, oldest + 1, kind))]
        low = timestamps.BEGINNING if self._newest is None else min(self._newest, oldest)
        self._newest = oldest if self._newest is None else max(self._newest, oldest)  # before it: reported
        return [gaps.public(self.feed, Span(low, oldest + 1, "overflow"))]

    def _is_contiguous(self, contents: Sequence[Content]) -> bool:
        in_hand = {row_id for row_id, _ in self._pending}
        return any(one.at <= self._horizon and (one.id in self._known or one.id in in_hand) for one in contents)

    @property
    def _horizon(self) -> int:
        """The newest timestamp that time has got to; see `Progress.horizon`."""
        return FAR_FUTURE if self._clock is None else self._clock + DATE_RESOLUTION

    def _forget(self, contents: Sequence[Content]) -> None:
        if not contents:
            return
        shown = {one.id: self._known[one.id] for one in contents if one.id in self._known}
        gone = [item for item in self._known.items() if item[0] not in shown]
        if self._cap is None:
            missed = {row_id: self._missed.get(row_id, 0) + 1 for row_id, _ in gone}
            self._missed = {row_id: pages for row_id, pages in missed.items() if pages <= MISSES}
            gone = [item for item in gone if item[0] in self._missed]
        else:
            gone = gone[-self._cap :]
        self._known = dict(gone) | shown

    def dumps(self) -> str:
        """Everything but the rows in hand, which come again: compact JSON, as long as the list's last pages."""
        body = {
            "start": self._start,
            "primed": self._primed,
            "newest": self._newest,
            "clock": self._clock,
            "bad": self._quarantine.digests,
            "known": list(self._known.items()),
            "missed": list(self._missed.items()),
        }
        return state.pack("snapshot", self.feed, _RULES, body)

    @classmethod
    def loads(
        cls,
        text: str,
        feed: str,
        *,
        cap: int | None = None,
        id: str = "id",  # noqa: A002  (the name `Rules` has for it)
        stamps: Sequence[str] = TIMESTAMPS,
    ) -> Self:
        """The snapshot that `dumps` saved.

        Raises:
            CursorError: It is damaged, belongs to another feed, or was written by a newer version.
        """
        saved = state.unpack(text, "snapshot", feed, _RULES)
        snapshot = cls(feed, cap=cap, id=id, stamps=stamps)
        snapshot._restore(saved)
        return snapshot

    def dumps_later(self) -> Callable[[], str]:
        """What `dumps` returns now, to be had whenever it is called."""
        text = self.dumps()
        return lambda: text

    def fold(self) -> bytes:
        """The same as `dumps`: for `unfold` in this process."""
        return self.dumps().encode()

    @classmethod
    def unfold(cls, folded: bytes, feed: str, *, cap: int | None = None) -> Self:
        """The snapshot that `fold` made bytes of."""
        return cls.loads(folded.decode(), feed, cap=cap)

    def _restore(self, saved: state.Saved) -> None:
        self._start = saved.moment("start")
        self._primed = saved.flag("primed")
        self._newest = saved.moment_or_none("newest")
        self._clock = saved.moment_or_none("clock")
        self._quarantine = Quarantine(saved.texts("bad"))
        self._known = dict(saved.pairs("known"))
        self._missed = dict(saved.counts("missed"))


def _first_wanted(start: datetime | Now | None) -> int:
    if isinstance(start, Now):
        return timestamps.END + 1
    if start is None:
        return timestamps.BEGINNING
    if start.tzinfo is None:
        raise ValueError("start must be an aware datetime: a naive one means another moment on each machine")
    return timestamps.micros(start)
