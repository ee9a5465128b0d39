"""The laws bite: each cursor below breaks one rule of the design, and is caught."""

from datetime import UTC, datetime
from typing import Any, Self

import pytest
from attrs import evolve

from impactive_async._codec.json_bytes import StoredJson
from impactive_async._codec.page import Rows
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.evidence.doubt import Doubt
from impactive_async.feeds.cursor.evidence.judge import Judge
from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.cursor.evidence.order import Order
from impactive_async.feeds.cursor.evidence.sight import Sight
from impactive_async.feeds.cursor.evidence.witnesses import Witnesses
from impactive_async.feeds.cursor.gap_finder import GapFinder
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.in_flight import InFlight
from impactive_async.feeds.cursor.page import Accepted, Page
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.watermarks import Watermarks
from tests.feeds.consumer import Setting
from tests.feeds.model_server import SECOND, Habits
from tests.feeds.traffic import Story, play
from tests.feeds.trials import BEYOND, RARE, trial


class WithOtherRules(Cursor):
    """Knows better than the rules."""

    def __init__(self, rules: Rules, **options: Any) -> None:
        super().__init__(self.mistaken(rules), **options)

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        raise NotImplementedError


class TellsNothing(Judge):
    """See `TakesAllToBeShown`."""

    def unseen(self) -> list[Span]:
        self.sight = Sight()
        return []


class TakesAllToBeShown(Cursor):
    """Takes each page to reach as far back as any row is late."""

    judge_type = TellsNothing


class NoOverlap(WithOtherRules):
    """Asks from the frontier on: late rows are missed, and if nobody looked how far pages reach, silently."""

    judge_type = TellsNothing

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        return evolve(rules, overlap=0)


class IdIsTheKey(WithOtherRules):
    """Takes a row's id for its version: updates are swallowed."""

    @staticmethod
    def mistaken(rules: Rules) -> Rules:
        return evolve(rules, immutable=True)

    @classmethod
    def loads(cls, text: StoredJson, rules: Rules, feed: str) -> Self:
        return super().loads(text, evolve(rules, immutable=True), feed)


class NoTickEarlyProgress(Watermarks):
    """See `NoTickEarly`."""

    def since_for(self, floor: int) -> int:
        return floor


class NoTickEarly(Cursor):
    """Asks from the floor itself: `>` and rounding hide rows of that tick."""

    watermarks_type = NoTickEarlyProgress


class TrustsTiesJudge(GapFinder):
    """See `TrustsTies`."""

    def proven_from(self, page: Page) -> int:
        return super().proven_from(page) - self._watermarks.tick


class TrustsTies(Cursor):
    """Takes a page that ends within the frontier's tick for proof (`>` for `>=`): ties cut off are lost."""

    gap_finder_type = TrustsTiesJudge


class AcksAtAccept(Cursor):
    """Counts rows as handled when they are shown: a crash loses them."""

    def accept(self, rows: Rows, server_now: int | None, *, fell_back: int = 0) -> Accepted:
        accepted = super().accept(rows, server_now, fell_back=fell_back)
        for version, _ in accepted.fresh:
            self.ack(version)
        return accepted


class BelievesTheFutureProgress(Watermarks):
    """See `BelievesTheFuture`."""

    @property
    def latest_from(self) -> int:
        return (self.frontier or 0) - self.overlap

    @property
    def horizon(self) -> int:
        return 1 << 62


class BelievesTheFuture(Cursor):
    """Lets rows from the future move the frontier: the present is then asked for no more."""

    watermarks_type = BelievesTheFutureProgress


class EmptyHand(InFlight):
    """See `ForgetsRowsInHand`."""

    def oldest(self) -> int | None:
        return None


class ForgetsRowsInHand(Cursor):
    """Moves the floor past rows that are not handled: a crash loses them."""

    in_flight_type = EmptyHand


class TrustsAnyOrderJudge(GapFinder):
    """See `TrustsAnyOrder`."""

    def proven_from(self, page: Page) -> int:
        return super().proven_from(evolve(page, stamps=sorted(map(str, page.stamps), reverse=True)))


class TrustsAnyOrder(Cursor):
    """Takes the oldest row of an unsorted full page for the oldest it could show."""

    gap_finder_type = TrustsAnyOrderJudge


class IgnoresLateGapsJudge(GapFinder):
    """See `IgnoresLateGaps`."""

    def lost(self, page: Page, seen: Witnesses, *, first: bool, order: Order | None) -> list[Span]:
        return [span for span in super().lost(page, seen, first=first, order=order) if span.kind != "lookback"]


class IgnoresLateGaps(Cursor):
    """Reports overflow only: late rows that a full page hides are lost."""

    gap_finder_type = IgnoresLateGapsJudge


class GoesBackProgress(Watermarks):
    """See `GoesBack`."""

    def raise_floor(self, floor: int) -> None:
        self.floor, self.line = floor, self.since_for(floor)


class GoesBack(Cursor):
    """Follows the frontier of the moment, even backwards."""

    watermarks_type = GoesBackProgress


class ForgetsTheBoundaryProgress(Watermarks):
    """See `ForgetsTheBoundary`."""

    def raise_floor(self, floor: int) -> None:
        super().raise_floor(floor)
        self.known.forget_before(self.floor + self.tick)


class ForgetsTheBoundary(Cursor):
    """Drops known rows at the floor, though `since` lies a tick below: they come as new again."""

    watermarks_type = ForgetsTheBoundaryProgress


class RoundsUpProgress(Watermarks):
    """See `RoundsUp`."""

    def cut(self, at: int) -> int:
        return -(-at // self.tick) * self.tick + self.tick


class RoundsUp(Cursor):
    """Rounds timestamps up to the tick, and so asks from too late on: what it put away comes as new again."""

    watermarks_type = RoundsUpProgress


class SeesNoWitnessesFinder(GapFinder):
    """See `SeesNoWitnesses`."""

    def was_cut(self, page: Page, seen: Witnesses) -> bool:
        return False


class SeesNoWitnesses(Cursor):
    """Believes the cap that the contract declares: a list that shows less loses rows."""

    gap_finder_type = SeesNoWitnessesFinder


class NeverDue(Looks):
    """See `NeverLooks`."""

    def is_due(self, clock: int | None) -> bool:
        return False


class NeverLooksJudge(Judge):
    """See `NeverLooks`."""

    looks_type = NeverDue


class HourlyLooks(Looks):
    """See `LooksOnceAnHour`."""

    def is_due(self, clock: int | None) -> bool:
        self.left = 1 << 62
        return super().is_due(clock)


class HourlyLooksJudge(Judge):
    """See `LooksOnceAnHour`."""

    looks_type = HourlyLooks


class LooksOnceAnHour(Cursor):
    """Looks once an hour, however fast the list fills: what is rarely late leaves the page before."""

    judge_type = HourlyLooksJudge


class NeverLooks(Cursor):
    """Always asks with `since`: a server that misreads it withholds all that is new."""

    judge_type = NeverLooksJudge


class NeverGoesBackProgress(Watermarks):
    """See `NeverGoesBack`."""

    def go_back(self, lowest: int, wanted: int) -> list[Span]:
        return []


class NeverGoesBack(Cursor):
    """Keeps the floor that an answer ahead of its time has moved: what comes until then is lost."""

    watermarks_type = NeverGoesBackProgress


class DoubtsNothing(Doubt):
    """See `NeverDoubts`."""

    def about(self, page: Page, spans: list[Span], proven: int) -> None:
        pass


class NeverDoubtsJudge(Judge):
    """See `NeverDoubts`."""

    doubt_type = DoubtsNothing


class NeverDoubts(Cursor):
    """Takes the first rows of a list for all of them."""

    judge_type = NeverDoubtsJudge


class ForgetsThePastProgress(Watermarks):
    """See `ForgetsThePast`."""

    def forget_before(self, end: int) -> None:
        self.known.forget_before(end)


class ForgetsThePast(Cursor):
    """Does not remember what it asks for no more: each look brings it again."""

    watermarks_type = ForgetsThePastProgress


LOST, REPEATED, WENT_BACK = "was lost silently", "a duplicate|accepted twice", "since decreased"
EXACT = Habits(printing="exact", cap=None)
CAPPED = Habits(printing="exact", cap=3)
LATE = 10 * SECOND


def setting(
    habits: Habits = EXACT, *, overlap: int = LATE, immutable: bool = True, start: datetime | None = None
) -> Setting:
    return Setting(habits=habits, overlap=overlap, immutable=immutable, start=start)


BEFORE, AFTER = [("burst", 20, SECOND)] * 2, [("burst", 30, 0), *[("poll and handle", False)] * 2]

# Found by drawing stories and shrunk: hardly anything can be left out of them.
WITNESSES: list[tuple[type[Cursor], str, Story]] = [
    (
        NoTickEarly,
        LOST,
        (
            setting(Habits(inclusive=False, cap=50), overlap=0, start=datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)),
            [
                ("insert", 0),
                ("poll and handle", False),
                *[("burst", 10, SECOND), ("poll and handle", False)] * 2,
                *[("burst", 40, SECOND), ("poll and handle", False)] * 2,
            ],
        ),
    ),
    (TrustsTies, LOST, (setting(CAPPED), [("burst", 2, 0), ("future", LATE + 1_000), ("future", 3600 * SECOND)])),
    (IdIsTheKey, LOST, (setting(immutable=False), [("future", 1_000), ("poll",), ("change", 16, 1)])),
    (AcksAtAccept, LOST, (setting(immutable=False), [("burst", 7, 1_000), ("die midway", 2, True)])),
    (
        ForgetsRowsInHand,
        LOST,
        (
            setting(evolve(CAPPED, cap=50)),
            [*BEFORE, ("poll",), ("handle", 39, True), ("save",), ("crash",), ("burst", 4, 0), *AFTER],
        ),
    ),
    (TrustsAnyOrder, LOST, (setting(evolve(CAPPED, order="scrambled"), overlap=0), [("burst", 5, SECOND)])),
    (GoesBack, WENT_BACK, (setting(start=datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)), [("burst", 5, SECOND)])),
    (ForgetsTheBoundary, REPEATED, (setting(overlap=0), [("burst", 5, SECOND)])),
]


@pytest.mark.parametrize(("mutant", "law", "story"), WITNESSES, ids=lambda value: getattr(value, "__name__", None))
def test_a_cursor_that_breaks_a_rule_breaks_a_law(mutant: type[Cursor], law: str, story: Story) -> None:
    """Each of the design's rules is needed: without it some traffic loses or repeats a row silently."""
    with pytest.raises(AssertionError, match=law):
        play(story, mutant)
    play(story)


TRIALS: list[tuple[type[Cursor], str, str, int]] = [
    (NoOverlap, LOST, "none", 83),
    (IgnoresLateGaps, LOST, "none", 1),
    (RoundsUp, REPEATED, "ahead", 4),
    (BelievesTheFuture, LOST, "coarse", 32),
    (SeesNoWitnesses, LOST, "cap", 4),
    (NeverLooks, LOST, "zone", 2),
    (LooksOnceAnHour, LOST, RARE, 8),
    (TakesAllToBeShown, LOST, BEYOND, 2),
    (NeverGoesBack, LOST, "ahead", 3),
    (NeverGoesBack, LOST, "jump", 0),
    (NeverDoubts, LOST, "none", 30),
    (ForgetsThePast, REPEATED, "cap", 0),
]


@pytest.mark.parametrize(
    ("mutant", "law", "fault", "seed"), TRIALS, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_cursor_that_lacks_evidence_fails_a_trial(mutant: type[Cursor], law: str, fault: str, seed: int) -> None:
    """Each kind of evidence is needed: without it some server makes the cursor lose or repeat a row silently."""
    with pytest.raises(AssertionError, match=law):
        trial(seed, mutant, fault=fault)
    trial(seed, fault=fault)
