"""What a page brought that is new, from when it is shown until it is handled."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from impactive_async.feeds.known import Version
from impactive_async.feeds.page import Arrival, Row
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.quarantine import BadRow, digest

_at: Final[Callable[[Arrival], int]] = itemgetter(0)


class Taken(NamedTuple):
    """What came of a page's rows.

    Attributes:
        fresh: Rows now in hand.
        twins: Rows that contradict another one of the same page.
        unasked: How many are older than what was asked for.
    """

    fresh: list[Row]
    twins: list[BadRow]
    unasked: int


class Hand:
    """Rows that were shown to the consumer and are not handled."""

    __slots__ = ("_immutable", "left_behind", "rows")

    def __init__(self, *, immutable: bool) -> None:
        self._immutable = immutable
        self.rows: dict[Version, Arrival] = {}
        """By their versions. Whoever handles one takes it out."""
        self.left_behind: int | None = None
        """The oldest row in hand when the state was saved: it comes again."""

    def __len__(self) -> int:
        return len(self.rows)

    def oldest(self) -> int | None:
        """Return the timestamp of the oldest row in hand, also as a saved state remembers it."""
        held = min(map(_at, self.rows.values()), default=self.left_behind)
        return held if held is None or self.left_behind is None else min(held, self.left_behind)

    def take(self, arrivals: Sequence[Arrival], progress: Progress) -> Taken:
        """Take what is neither handled nor in hand, of arrivals of one page.

        It cannot fail half-way: a row that was taken and not handed over would never be.
        """
        fresh: list[Row] = []
        twins: list[BadRow] = []
        asked, line, unasked = progress.asked_from, progress.line_tick, 0
        in_hand, immutable = self.rows, self._immutable
        known, latest = progress.known, progress.known.latest
        for arrival in arrivals:
            at, _, index, row_id, raw, row = arrival
            if at < asked:
                unasked += at < line  # from the line to the origin rows were asked for, and are none of the feed's
            elif row_id not in latest or not (immutable or known.remembers(row_id, at, raw)):
                held = in_hand.setdefault((row_id, "" if immutable else raw), arrival)
                if held is arrival:
                    fresh.append(row)
                elif any(held[5] is one for one in fresh) and digest(held[5]) != digest(row):
                    # Between pages that is no contradiction.
                    twins.append(BadRow(index, "another row of this page has the same id and version", row))
        return Taken(fresh, twins, unasked)
