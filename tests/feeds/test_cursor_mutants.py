"""The laws bite: each cursor below breaks one rule of the design, and is caught."""

from collections.abc import Sequence
from typing import Any, Self

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

from impactive_async.feeds.cursor import Accepted, Cursor
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.rules import Rules

from .consumer import Setting
from .traffic import Action, play, stories


class WithOtherRules(Cursor):
    """Knows better than the rules."""

    def __init__(self, rules: Rules, **options: Any) -> None:
        super().__init__(self.mistaken(rules), **options)

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        raise NotImplementedError


class NoOverlap(WithOtherRules):
    """Asks from the frontier on: late rows are missed."""

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        return evolve(rules, overlap=0)


class IdIsTheKey(Cursor):
    """Takes a row's id for its version: updates are swallowed."""

    def __init__(self, rules: Rules, **options: Any) -> None:
        super().__init__(rules, **options)
        self.rules = evolve(rules, immutable=True)

    @classmethod
    def loads(cls, text: str, rules: Rules, feed: str) -> Self:
        return super().loads(text, evolve(rules, immutable=True), feed)


class NoTickEarlyProgress(Progress):
    """See `NoTickEarly`."""

    def since_for(self, floor: int) -> int:
        return floor


class NoTickEarly(Cursor):
    """Asks from the floor itself: `>` and rounding hide rows of that tick."""

    progress_type = NoTickEarlyProgress


class TrustsTies(Cursor):
    """Takes a page that ends within the frontier's tick for proof (`>` for `>=`): ties cut off are lost."""

    def _proven_from(self, rows: Sequence[Any]) -> int:
        return super()._proven_from(rows) - self._progress.tick


class AcksAtAccept(Cursor):
    """Counts rows as handled when they are shown: a crash loses them."""

    def accept(self, rows: Sequence[Any], server_now: int | None) -> Accepted:
        accepted = super().accept(rows, server_now)
        for row in accepted.fresh:
            self.ack(row)
        return accepted


class BelievesTheFutureProgress(Progress):
    """See `BelievesTheFuture`."""

    @property
    def latest_from(self) -> int:
        return (self.frontier or 0) - self.overlap

    @property
    def horizon(self) -> int:
        return 1 << 62


class BelievesTheFuture(Cursor):
    """Lets rows from the future move the frontier: the present is then asked for no more."""

    progress_type = BelievesTheFutureProgress


class ForgetsRowsInHand(Cursor):
    """Moves the floor past rows that are not handled: a crash loses them."""

    def _held(self) -> int | None:
        return None


class TrustsAnyOrder(Cursor):
    """Takes the oldest row of an unsorted full page for the oldest it could show."""

    def _proven_from(self, rows: Sequence[Any]) -> int:
        newest_first = sorted(rows, key=lambda row: row[self.rules.timestamp], reverse=True)
        return super()._proven_from(newest_first)


class IgnoresLateGaps(Cursor):
    """Reports overflow only: late rows that a full page hides are lost."""

    def _lost(self, rows: Sequence[Any], *, first: bool, none_known: bool) -> list[Any]:
        return [
            span for span in super()._lost(rows, first=first, none_known=none_known) if span.kind != "lookback"
        ]


class GoesBackProgress(Progress):
    """See `GoesBack`."""

    def raise_line(self, line: int) -> None:
        self.line = line


class GoesBack(Cursor):
    """Follows the frontier of the moment, even backwards."""

    progress_type = GoesBackProgress


class ForgetsTheBoundaryProgress(Progress):
    """See `ForgetsTheBoundary`."""

    def raise_line(self, line: int) -> None:
        super().raise_line(line)
        self.known.forget_before(self.floor + self.tick)


class ForgetsTheBoundary(Cursor):
    """Drops known rows at the floor, though `since` lies a tick below: they come as new again."""

    progress_type = ForgetsTheBoundaryProgress


class RoundsUpProgress(Progress):
    """See `RoundsUp`."""

    def cut(self, at: int) -> int:
        return -(-at // self.tick) * self.tick + self.tick


class RoundsUp(Cursor):
    """Rounds timestamps up to the tick."""

    progress_type = RoundsUpProgress


LOST, REPEATED, WENT_BACK = "was lost silently", "a duplicate|accepted twice", "since decreased"


@pytest.mark.parametrize(
    ("mutant", "broken_law"),
    [
        (NoOverlap, LOST),
        (NoTickEarly, LOST),
        (TrustsTies, LOST),
        (IdIsTheKey, LOST),
        (AcksAtAccept, LOST),
        (BelievesTheFuture, LOST),
        (ForgetsRowsInHand, LOST),
        (TrustsAnyOrder, LOST),
        (IgnoresLateGaps, LOST),
        (RoundsUp, LOST),
        (GoesBack, WENT_BACK),
        (ForgetsTheBoundary, REPEATED),
    ],
)
def test_a_cursor_that_breaks_a_rule_breaks_a_law(mutant: type[Cursor], broken_law: str) -> None:
    """Each of the design's rules is needed: without it some traffic loses or repeats a row silently."""

    @given(stories())
    @settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=3000,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    def laws(story: tuple[Setting, list[Action]]) -> None:
        play(story, mutant)

    with pytest.raises(AssertionError, match=broken_law):
        laws()
