"""A list whose rows begin to be late: how late is learnt, and what was late before that is looked for."""

from __future__ import annotations

import random
from functools import partial
from itertools import pairwise

import pytest

from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.cursor.evidence.sight import Sight
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.pacing.pace import Pace
from tests.feeds.consumer import Consumer, Setting
from tests.feeds.cursor.test_cursor_mutants import HourlyLooks, TakesAllToBeShown
from tests.feeds.model_server import NEW_YEAR, SECOND, Habits

POLLS = 60


def lost(
    late: float, *, drifts: bool = False, looks_type: type[Looks] = Looks, cursor_type: type[Cursor] = Cursor
) -> int:
    """How many rows are lost without a word of a list that was punctual, and whose rows are so many seconds late.

    Args:
        late: Seconds.
        drifts: Whether they become so late by and by.
        looks_type: When the cursor asks without `since`.
        cursor_type: The cursor.
    """
    habits = Habits(cap=100, precision=1_000, declared=100)
    setting = Setting(habits=habits, overlap=10 * SECOND, immutable=False, start=None)
    consumer = Consumer(setting, cursor_type, checked=False)
    consumer.cursor._judge.looks = looks_type()
    server, rng = consumer.server, random.Random(7)
    server.now = NEW_YEAR + 3600 * SECOND
    for number in range(20 + 3 * POLLS):
        done = max(0, number - 20) / (3 * POLLS)
        share = done if drifts else float(number >= 20)
        server.insert(int(late * share * SECOND))
        server.wait(rng.randrange(3, 5) * SECOND)
        if number % 3 == 0:
            consumer.poll()
            consumer.handle(len(consumer.in_flight), backwards=False)
    server.wait(120 * SECOND)
    consumer.poll()
    consumer.handle(len(consumer.in_flight), backwards=False)
    return sum(not consumer._accounted_for(version) for version in server.rows.values())


@pytest.mark.parametrize("late", [20, 60, 120, 240])
def test_rows_that_were_late_before_it_was_known_are_found(late: float) -> None:
    """The first row that is seen late makes the feed look at all that the list shows, though `since` hid it."""
    assert lost(late, cursor_type=TakesAllToBeShown) == 0


def test_rows_that_become_later_and_later_are_found() -> None:
    """The overlap grows with them, and only where it was too short a poll asks for everything."""
    assert lost(300, drifts=True, cursor_type=TakesAllToBeShown) == 0


def followed(
    seed: int,
    *,
    rate: float,
    share: float,
    interval: float,
    looks_type: type[Looks] = Looks,
    cursor_type: type[Cursor] = Cursor,
    hours: float = 2,
) -> tuple[int, int, int, Consumer]:
    """Follow a list of a hundred rows for some hours, of which some rows are up to two minutes late.

    Args:
        seed: What happens.
        rate: Rows a second.
        share: How many of them are late.
        interval: As of a feed, in seconds.
        looks_type: When the cursor asks without `since`.
        cursor_type: The cursor.
        hours: How long; then nothing happens for an hour.

    Returns:
        How many rows are lost without a word, how many polls were made, and how many of them were looks; and who
        has followed.
    """
    habits = Habits(cap=100, declared=100)
    setting = Setting(habits=habits, overlap=10 * SECOND, immutable=True, start=None)
    consumer = Consumer(setting, cursor_type, checked=False)
    consumer.cursor._judge.looks = looks_type()
    server, rng, start, polls, looks, due = consumer.server, random.Random(seed), NEW_YEAR, 0, 0, 0.0
    pace = Pace(interval=interval, max_interval=interval, cap=100, rng=rng.random)
    for at, late in _arrivals(rng, rate, share, until=hours * 3600):
        while due < at:
            server.wait(start + int(due * SECOND) - server.now)
            consumer.poll()
            polls, looks = polls + 1, looks + bool(consumer.cursor._asked_for_all)
            due += pace.after_page(len(consumer.in_flight), due)
            consumer.handle(len(consumer.in_flight), backwards=False)
        server.wait(start + int(at * SECOND) - server.now)
        server.insert(int(late * SECOND))
    for wait in (SECOND, 3600 * SECOND):
        server.wait(wait)
        consumer.poll()
        consumer.handle(len(consumer.in_flight), backwards=False)
    lost_rows = sum(not consumer._accounted_for(version) for version in server.rows.values())
    return lost_rows, polls, looks, consumer


def _arrivals(rng: random.Random, rate: float, share: float, *, until: float) -> list[tuple[float, float]]:
    """Return when each row becomes visible, and how late that is, in seconds."""
    stamped, arrivals = 0.0, []
    while stamped < until:
        stamped += rng.expovariate(rate)
        late = rng.uniform(0, 120) if rng.random() < share else 0.0
        arrivals.append((stamped + late, late))
    return sorted(arrivals)


@pytest.mark.parametrize("interval", [60.0, 300.0])
@pytest.mark.parametrize("share", [0.002, 0.01, 0.05])
def test_rows_that_are_rarely_late_on_a_busy_list_are_found(interval: float, share: float) -> None:
    """Looks come before half of what the last one showed has left the page."""
    follow = partial(followed, rate=0.3, share=share, interval=interval, cursor_type=TakesAllToBeShown)
    stories = [follow(seed) for seed in range(3)]
    assert sum(rows for rows, *_ in stories) == 0
    assert not any(consumer.told_of_whole for *_, consumer in stories)


def test_once_they_were_seen_the_usual_polls_find_them() -> None:
    """What only a look has shown makes the overlap longer."""
    *_, consumer = followed(0, rate=0.3, share=0.05, interval=60.0)
    assert consumer.cursor._watermarks.overlap >= 120 * SECOND


@pytest.mark.parametrize("rate", [0.002, 0.02, 0.3])
def test_looks_take_the_place_of_polls_and_a_quiet_list_has_one_an_hour(rate: float) -> None:
    """No request is added. A look shows at most a page, for at least a quarter of a page of new rows."""
    _, polls, looks, consumer = followed(1, rate=rate, share=0.0, interval=60.0)
    _, polls_of_hourly, hourly, _ = followed(1, rate=rate, share=0.0, interval=60.0, looks_type=HourlyLooks)
    assert polls == polls_of_hourly
    assert looks - hourly <= len(consumer.server.rows) * 4 / 100
    assert looks == hourly or rate > 0.002


def test_looks_once_an_hour_lose_them() -> None:
    """The law bites."""
    follow = partial(followed, rate=0.3, share=0.01, interval=60.0, cursor_type=TakesAllToBeShown)
    assert sum(follow(seed, looks_type=HourlyLooks)[0] for seed in range(3)) > 0


class OnlyOnceAnHour(Looks):
    """Takes no order to look at once."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "last" or value is not None or not hasattr(self, "tried"):
            object.__setattr__(self, name, value)


def test_without_that_look_they_are_lost() -> None:
    """The law bites."""
    assert lost(240, looks_type=OnlyOnceAnHour, cursor_type=TakesAllToBeShown) > 0


BUSY = [(0.6, 0.05, 300.0), (0.6, 0.002, 300.0), (1.0, 0.01, 60.0), (3.0, 0.05, 60.0)]
"""Rows a second, the share of late ones, and the interval: a page shows 167, 100 and 33 seconds of the list."""


@pytest.mark.parametrize(("rate", "share", "interval"), BUSY)
def test_rows_that_are_later_than_a_page_reaches_back_are_told(rate: float, share: float, interval: float) -> None:
    """No request shows them. Those that a page shows are nearly as late as it reaches: there may be later ones."""
    stories = [followed(seed, rate=rate, share=share, interval=interval, hours=1.5) for seed in range(2)]
    assert sum(rows for rows, *_ in stories) == 0


@pytest.mark.parametrize(("rate", "share", "interval"), [cell for cell in BUSY if cell[1] > 0.002])
def test_what_is_lost_of_a_busy_list_is_told_by_nothing_else(rate: float, share: float, interval: float) -> None:
    """The law bites."""
    follow = partial(followed, rate=rate, share=share, interval=interval, hours=1.5)
    assert sum(follow(seed, cursor_type=TakesAllToBeShown)[0] for seed in range(2)) > 0


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_of_a_busy_list_that_is_punctual_nothing_of_the_kind_is_told(rate: float) -> None:
    """A burst is told as what it is."""
    *_, consumer = followed(1, rate=rate, share=0.0, interval=60.0, hours=1)
    assert consumer.cursor._judge.sight.told == 0
    assert sum(gap.kind == "lookback" for gap in consumer.gaps) <= 1


OVERLAP = 10 * SECOND


def looked(sight: Sight, second: int, reach: float, lateness: float) -> list[Span]:
    """Make a look that reaches so many seconds behind its own time; return what is to be told."""
    sight.look(NEW_YEAR + second * SECOND, NEW_YEAR + int((second - reach) * SECOND))
    return sight.to_tell(int(lateness * SECOND), OVERLAP)


def test_where_rows_are_as_late_as_looks_reach_it_is_told_at_once_and_then_once_an_hour() -> None:
    """Until it is told, coverage has it in doubt."""
    sight, seconds = Sight(), range(0, 10_801, 60)
    told = [(second, span) for second in seconds for span in looked(sight, second, 120, 59)]
    assert [second for second, _ in told] == [180, 3780, 7380]
    assert [(span.high - NEW_YEAR) // SECOND for _, span in told] == [60, 3660, 7260]
    assert all(later.low <= span.high for (_, span), (_, later) in pairwise(told))
    assert sight.is_limit
    assert [span.high for span in sight.blind()] == [NEW_YEAR + 10_680 * SECOND]


def test_rows_no_later_than_the_overlap_are_no_reason_until_three_looks_have_reached_less_far() -> None:
    """A burst is told as what it is. Rows that are hardly seen late for as long as it lasts may be later."""
    sight, seconds = Sight(), range(0, 601, 60)
    told = [second for second in seconds if looked(sight, second, 66 if second >= 120 else 600, 9)]
    assert told == [240]


def test_what_was_shown_less_far_is_told_when_rows_turn_out_later_within_an_hour_or_two() -> None:
    """They may have been as late then, and were shown by nothing."""
    sight = Sight()
    for second in range(0, 7200, 60):
        assert looked(sight, second, 90 if second == 3000 else 660, 9 * (second > 3000)) == []
    (span,) = looked(sight, 7200, 660, 200)
    assert (span.low, span.high) == (NEW_YEAR - 3600 * SECOND, NEW_YEAR + 6540 * SECOND)
    assert looked(sight, 7260, 660, 300) == []


def test_what_was_shown_less_far_long_ago_is_not_told() -> None:
    """A burst of last month does not make a gap of a month."""
    sight = Sight()
    told = [looked(sight, second, 90 if second == 3000 else 660, 9) for second in range(0, 10_860, 60)]
    assert [*told, looked(sight, 10_860, 660, 200)] == [[]] * (len(told) + 1)
