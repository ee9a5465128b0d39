"""Random trials of a cursor against servers that a client cannot know: what is lost, repeated, or told in error.

    python -m tests.feeds.trials [trials] [first seed]

prints the figures, and the first trials that broke a law.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from attrs import Factory, define, evolve

from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import NOW
from tests.feeds.consumer import Consumer, Setting
from tests.feeds.model_server import DAY, MINUTE, NEW_YEAR, SECOND, Habits
from tests.feeds.traffic import step

CAPS = (25, 40, 50, 100)
FAULTS = ("none", "none", "cap", "zone", "order", "ahead", "coarse", "jump", "deletions", "new cap")
"""What is wrong with a server, beside late rows and crashes of the consumer."""
RARE = "rarely late"
"""A fault of every eleventh trial: a row in twenty is late by up to two minutes, which no overlap expects."""
BEYOND = "rarely late, and later than pages reach"
"""The same of every twenty-second, on a list whose pages show less than a minute. What is shown of late rows can
only tell that there may be later ones."""

RATES = {RARE: [5, 10], BEYOND: [20, 40]}


@define
class Figures:
    """The sums of many trials."""

    trials: int = 0
    polls: int = 0
    rows: int = 0
    reported: int = 0
    quiet_polls: int = 0
    false_gaps: int = 0
    """Polls that told a gap, though the server had cut off no row, of lists that lost nothing."""
    cut_gaps: int = 0
    """Those whose page the server had cut off: each row cut off was known, or another page showed it."""
    beyond: int = 0
    """Trials that lost a row without a report because it was later than pages reach."""
    of_fault: Counter[str] = Factory(Counter)
    broken: Counter[str] = Factory(Counter)
    examples: list[str] = Factory(list)

    @property
    def false_share(self) -> float:
        """The share of polls that told a gap of a whole page, of the polls of lists that lost nothing."""
        return self.false_gaps / max(1, self.quiet_polls)

    def lines(self) -> list[str]:
        return [
            f"trials {self.trials}, polls {self.polls}, rows {self.rows}",
            f"rows lost without a report: {self.broken['lost']}",
            f"trials that lost a row later than pages reach without a report: {self.beyond}",
            f"rows lost and reported: {self.reported}",
            f"rows repeated without a crash: {self.broken['a duplicate']}",
            f"other laws broken: {sum(self.broken.values()) - self.broken['lost'] - self.broken['a duplicate']}",
            f"polls of lists that lost nothing: {self.quiet_polls}",
            f"of these, a gap told of a page that was whole: {self.false_gaps} ({self.false_share:.3%})",
            f"of these, a gap told of a page that was cut off: {self.cut_gaps} "
            f"({self.cut_gaps / max(1, self.quiet_polls):.3%})",
        ]


def setting_of(rng: random.Random, fault: str) -> Setting:
    """A list and a feed over it."""
    cap = rng.choice(CAPS)
    declared = rng.choice([cap, 100, None])
    if fault == "cap":
        cap, declared = rng.choice([(25, 100), (40, None), (50, 100), (100, 500)])
    habits = Habits(
        inclusive=rng.random() < 0.5,
        printing=rng.choice(["truncated", "rounded", "exact"]),
        precision=rng.choice([1_000, 1_000, SECOND]),
        cap=rng.choice([cap, cap, cap, None]) if fault in ("none", "deletions") else cap,
        declared=declared if fault in ("cap", "none", "new cap") else -1,
        order="oldest first" if fault == "order" else "newest first",
        ties=rng.randrange(100),
        tells_time=fault in ("ahead", "jump", "zone") or rng.random() < 0.9,
        zone=rng.choice([-4, 4, 1, 9]) * 60 * MINUTE if fault == "zone" else 0,
        marks_more=rng.random() < 0.2,
    )
    return Setting(
        habits=habits,
        overlap=rng.choice([10, 60]) * SECOND,
        immutable=rng.random() < 0.5,
        start=rng.choice([None, None, None, NOW]),
    )


def trial(seed: int, cursor_type: type[Cursor] = Cursor, *, fault: str | None = None) -> tuple[Consumer, str]:
    """Let a consumer follow a list for some hours; all laws are asserted."""
    rng = random.Random(seed)
    fault = fault or _fault_of(seed) or rng.choice(FAULTS)
    setting = setting_of(rng, fault)
    if fault in (RARE, BEYOND):
        setting = evolve(setting, habits=evolve(setting.habits, cap=100, declared=100), start=None)
    consumer = Consumer(setting, cursor_type, checked=False)
    consumer.server.now = NEW_YEAR + 600 * SECOND
    rate = rng.choice(RATES.get(fault, [0.02, 0.2, 1.0, 4.0]))  # rows between two polls
    for _ in range(rng.choice([0, 2, 12, 30, 130])):
        consumer.server.insert(0)
        consumer.server.wait(rng.randrange(1, 20 * SECOND))
    for number in range(rng.randrange(20, 60)):
        _live(rng, consumer, fault, rate, number)
        step(consumer, ("poll and handle", rng.random() < 0.2))
        if rng.random() < 0.02:
            step(consumer, ("die midway", rng.randrange(3), False))
    consumer.finish()
    return consumer, fault


def _fault_of(seed: int) -> str | None:
    if seed % 11 == 4:
        return RARE
    return BEYOND if seed % 22 == 9 else None


def _live(rng: random.Random, consumer: Consumer, fault: str, rate: float, number: int) -> None:
    """What happens at the server between two polls."""
    server, overlap = consumer.server, consumer.setting.overlap
    if fault in (RARE, BEYOND):
        least, most = (2 * SECOND, 5 * SECOND) if fault == RARE else (SECOND // 5, SECOND)
        for _ in range(rng.randrange(2 * int(rate) + 1)):
            server.insert(rng.randrange(120 * SECOND) if rng.random() < 0.05 else 0)
            server.wait(rng.randrange(least, most))
        return
    for _ in range(_rows(rng, consumer, rate)):
        late = rng.random() < 0.1
        if server.rows and not consumer.setting.immutable and rng.random() < 0.3:
            server.change(rng.randrange(1000), rng.randrange(overlap) if late else 0)
        else:
            server.insert(rng.randrange(overlap) if late else 0)
        server.wait(rng.randrange(1, 3 * SECOND))
    server.wait(rng.choice([2, 10, 60, 300]) * SECOND)
    match fault:
        case "ahead" if number % 7 == 5 and rng.random() < 0.5:
            server.ahead = rng.choice([10 * MINUTE, 360 * MINUTE, 365 * DAY])
        case "coarse" if rng.random() < 0.2:
            server.insert_coarse(rng.choice([MINUTE, DAY]))
        case "jump" if rng.random() < 0.1:
            server.jump_back(rng.choice([2, 60]) * MINUTE + overlap)
            server.insert(0)
        case "deletions" if rng.random() < 0.3:
            server.delete(rng.randrange(1000))
        case "new cap" if number == 10:
            server.cap = rng.choice([25, 40, 50])


def _rows(rng: random.Random, consumer: Consumer, rate: float) -> int:
    if rng.random() < 0.03:  # a burst
        return rng.randrange(1, 2 * (consumer.server.cap or 100))
    return int(rate) + (rng.random() < rate % 1)


def run(seeds: range, cursor_type: type[Cursor] = Cursor) -> Figures:
    """Make a trial of each seed."""
    figures = Figures()
    for seed in seeds:
        figures.trials += 1
        try:
            consumer, fault = trial(seed, cursor_type)
        except AssertionError as error:
            law = next(
                (law for law in ("lost", "a duplicate") if law in str(error)), str(error).partition("\n")[0]
            )
            if law == "lost" and _fault_of(seed) == BEYOND:
                figures.beyond += 1
                continue
            figures.broken[law] += 1
            if len(figures.examples) < 10:
                figures.examples.append(f"seed {seed}: {error}")
            continue
        figures.of_fault[fault] += 1
        _add(figures, consumer, fault)
    return figures


def _add(figures: Figures, consumer: Consumer, fault: str) -> None:
    lost = [one for one in consumer.server.rows.values() if not consumer.was_delivered(one)]
    figures.polls += consumer.polls
    figures.rows += len(consumer.server.rows)
    figures.reported += len(lost)
    # Beyond what pages reach nobody can know that nothing was lost.
    if fault != BEYOND and not lost and consumer.server.hidden <= consumer.ever_handled | consumer.exempt:
        figures.quiet_polls += consumer.polls
        figures.false_gaps += consumer.told_of_whole
        figures.cut_gaps += consumer.told - consumer.told_of_whole


if __name__ == "__main__":
    count, first = (int(word) for word in (sys.argv[1:] + ["1000", "0"][len(sys.argv) - 1 :])[:2])
    found = run(range(first, first + count))
    print("\n".join([*found.lines(), *found.examples]))
    sys.exit(bool(found.broken))
