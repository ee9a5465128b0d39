"""The laws bite: each cursor below breaks one rule of the design, and is caught."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from attrs import evolve

from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.hand import Hand
from impactive_async.feeds.judge import Judge
from impactive_async.feeds.page import Accepted
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.rules import Rules

from .consumer import Setting
from .model_server import SECOND, Habits
from .traffic import Story, play


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


class IdIsTheKey(WithOtherRules):
    """Takes a row's id for its version: updates are swallowed."""

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        return evolve(rules, immutable=True)

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


class TrustsTiesJudge(Judge):
    """See `TrustsTies`."""

    def proven_from(self, rows: Sequence[Any]) -> int:
        return super().proven_from(rows) - self._progress.tick


class TrustsTies(Cursor):
    """Takes a page that ends within the frontier's tick for proof (`>` for `>=`): ties cut off are lost."""

    judge_type = TrustsTiesJudge


class AcksAtAccept(Cursor):
    """Counts rows as handled when they are shown: a crash loses them."""

    def accept(self, rows: Sequence[Any], server_now: int | None, *, fell_back: int = 0) -> Accepted:
        accepted = super().accept(rows, server_now, fell_back=fell_back)
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


class EmptyHand(Hand):
    """See `ForgetsRowsInHand`."""

    def oldest(self) -> int | None:
        return None


class ForgetsRowsInHand(Cursor):
    """Moves the floor past rows that are not handled: a crash loses them."""

    hand_type = EmptyHand


class TrustsAnyOrderJudge(Judge):
    """See `TrustsAnyOrder`."""

    def proven_from(self, rows: Sequence[Any]) -> int:
        newest_first = sorted(rows, key=lambda row: row[self._rules.timestamp], reverse=True)
        return super().proven_from(newest_first)


class TrustsAnyOrder(Cursor):
    """Takes the oldest row of an unsorted full page for the oldest it could show."""

    judge_type = TrustsAnyOrderJudge


class IgnoresLateGapsJudge(Judge):
    """See `IgnoresLateGaps`."""

    def lost(self, rows: Sequence[Any], *, first: bool, none_known: bool) -> list[Any]:
        return [span for span in super().lost(rows, first=first, none_known=none_known) if span.kind != "lookback"]


class IgnoresLateGaps(Cursor):
    """Reports overflow only: late rows that a full page hides are lost."""

    judge_type = IgnoresLateGapsJudge


class GoesBackProgress(Progress):
    """See `GoesBack`."""

    def raise_floor(self, floor: int) -> None:
        self.floor, self.line = floor, self.since_for(floor)


class GoesBack(Cursor):
    """Follows the frontier of the moment, even backwards."""

    progress_type = GoesBackProgress


class ForgetsTheBoundaryProgress(Progress):
    """See `ForgetsTheBoundary`."""

    def raise_floor(self, floor: int) -> None:
        super().raise_floor(floor)
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
EXACT = Habits(printing="exact", cap=None)
CAPPED = Habits(printing="exact", cap=3)
LATE = 10 * SECOND


def setting(
    habits: Habits = EXACT, *, overlap: int = LATE, immutable: bool = True, start: datetime | None = None
) -> Setting:
    return Setting(habits=habits, overlap=overlap, immutable=immutable, start=start)


# Found by drawing stories and shrunk: hardly anything can be left out of them.
WITNESSES: list[tuple[type[Cursor], str, Story]] = [
    (
        NoOverlap,
        LOST,
        (
            setting(immutable=False),
            [
                ("future", SECOND),
                ("insert", LATE),
                ("insert", 2 * SECOND),
                ("future", 3600 * SECOND),
                ("poll and handle", False),
                ("change", 7, LATE),
                ("insert", LATE - 1),
                ("change", 11, SECOND - 1),
                ("poll and handle", True),
                ("change", 7, LATE - 1),
            ],
        ),
    ),
    (
        NoTickEarly,
        LOST,
        (
            setting(Habits(inclusive=False, printing="exact", cap=None), overlap=0),
            [("insert", 0), ("future", 1_000), ("insert", 0), ("poll and handle", False), ("insert", 0)],
        ),
    ),
    (TrustsTies, LOST, (setting(CAPPED), [("burst", 2, 0), ("future", LATE + 1_000), ("future", 3600 * SECOND)])),
    (IdIsTheKey, LOST, (setting(immutable=False), [("future", 1_000), ("poll",), ("change", 16, 1)])),
    (AcksAtAccept, LOST, (setting(immutable=False), [("burst", 7, 1_000), ("die midway", 2, True)])),
    (
        BelievesTheFuture,
        LOST,
        (
            setting(immutable=False),
            [("burst", 5, SECOND), ("future", 3600 * SECOND), ("poll and handle", True), ("change", 7, LATE - 1)],
        ),
    ),
    (
        ForgetsRowsInHand,
        LOST,
        (
            setting(immutable=False),
            [
                ("insert", 1),
                ("insert", SECOND),
                ("future", LATE + SECOND),
                ("poll",),
                ("handle", 2, True),
                ("change", 2, 0),
                ("die midway", 1, True),
            ],
        ),
    ),
    (TrustsAnyOrder, LOST, (setting(evolve(CAPPED, order="scrambled"), overlap=0), [("burst", 5, SECOND)])),
    (
        IgnoresLateGaps,
        LOST,
        (
            setting(evolve(CAPPED, cap=6)),
            [("burst", 5, 0), ("poll and handle", False), ("future", 3600 * SECOND), ("insert", LATE)],
        ),
    ),
    (
        RoundsUp,
        LOST,
        (
            setting(overlap=1_000),
            [("future", 2_000), ("insert", 999), ("poll and handle", True), ("insert", 999)],
        ),
    ),
    (GoesBack, WENT_BACK, (setting(start=datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)), [("burst", 5, SECOND)])),
    (ForgetsTheBoundary, REPEATED, (setting(overlap=0), [("burst", 5, SECOND)])),
]


@pytest.mark.parametrize(("mutant", "law", "story"), WITNESSES, ids=lambda value: getattr(value, "__name__", None))
def test_a_cursor_that_breaks_a_rule_breaks_a_law(mutant: type[Cursor], law: str, story: Story) -> None:
    """Each of the design's rules is needed: without it some traffic loses or repeats a row silently."""
    with pytest.raises(AssertionError, match=law):
        play(story, mutant)
    play(story)
