"""What a page leaves in doubt: stretches of time in which it may have been too full to show a row."""

from collections.abc import Sequence
from typing import Any, Final

from impactive_async.feeds import gaps, page, timestamps
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import is_id
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.rules import Rules

POSSIBLE_CAPS: Final = (100, 500)  # A7: page sizes at which a list of unknown cap may have been cut
LEAST_PLAUSIBLE_CAP: Final = 50


class Judge:
    """Judges pages by what is known of their list and of how far it was followed. Changes nothing."""

    __slots__ = ("_progress", "_rules")

    def __init__(self, rules: Rules, progress: Progress) -> None:
        self._rules = rules
        self._progress = progress

    @property
    def most_rows(self) -> int:
        """What a page may hold, as far as is known."""
        return self._rules.cap or max(POSSIBLE_CAPS)

    def lost(self, rows: Sequence[Any], *, first: bool, none_known: bool) -> list[Span]:
        """Return what a full page does not prove to be complete.

        Nothing past the server's clock is counted: rows of the future that hide others hide them again
        next time, and it is then that those are reported.

        Args:
            rows: The page.
            first: It is the feed's first one.
            none_known: It shows no row that was handled before.
        """
        if not self.is_full(rows, none_known=none_known):
            return []
        progress = self._progress
        low, high = progress.floor, min(self.proven_from(rows), progress.horizon_tick)
        if first:  # from a moment on, every row was asked for: what is missing is lost, not history
            asked_for = progress.origin > timestamps.BEGINNING
            return gaps.spans((low, high, "overflow" if asked_for else "history"))
        frontier = low if progress.frontier is None else progress.frontier
        return gaps.spans((low, min(high, frontier), "lookback"), (max(low, frontier), high, "overflow"))

    def is_full(self, rows: Sequence[Any], *, none_known: bool) -> bool:
        """Return whether the server may have cut the page off.

        With the cap unknown a page of a usual cap's size may be full, and so may a long one that shows no known
        row though some should have come back.
        """
        if self._rules.cap is not None:
            return len(rows) >= self._rules.cap
        suspicious = none_known and len(rows) >= LEAST_PLAUSIBLE_CAP
        return len(rows) in POSSIBLE_CAPS or (suspicious and self._misses_known(rows))

    def _misses_known(self, rows: Sequence[Any]) -> bool:
        ids = [row.get(self._rules.id) for row in rows if isinstance(row, dict)]
        shown = {row_id for row_id in ids if is_id(row_id)}  # a bad one may be a list, of which there are no sets
        floor, horizon = self._progress.floor, self._progress.horizon
        return any(
            floor <= at < horizon and row_id not in shown for at, row_id, _ in self._progress.known.entries()
        )

    def proven_from(self, rows: Sequence[Any]) -> int:
        """Return the moment from which on a full page certainly shows every row."""
        proven = page.proven_from(rows, self._rules.timestamp, self._progress.tick)
        return self._progress.horizon_tick if proven is None else proven
