"""A list whose rows begin to be late: how late is learnt, and what was late before that is looked for."""

from __future__ import annotations

import random

import pytest

from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.pacing.pace import Pace
from tests.feeds.consumer import Consumer, Setting
from tests.feeds.cursor.test_cursor_mutants import HourlyLooks
from tests.feeds.model_server import NEW_YEAR, SECOND, Habits

POLLS = 60


def lost(late: float, *, drifts: bool = False, looks_type: type[Looks] = Looks) -> int:
    """How many rows are lost without a word of a list that was punctual, and whose rows are so many seconds late.

    Args:
        late: Seconds.
        drifts: Whether they become so late by and by.
        looks_type: When the cursor asks without `since`.
    """
    habits = Habits(cap=100, precision=1_000, declared=100)
    consumer = Consumer(Setting(habits=habits, overlap=10 * SECOND, immutable=False, start=None), checked=False)
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
    assert lost(late) == 0


def test_rows_that_become_later_and_later_are_found() -> None:
    """The overlap grows with them, and only where it was too short a poll asks for everything."""
    assert lost(300, drifts=True) == 0


def followed(
    seed: int, *, rate: float, share: float, interval: float, looks_type: type[Looks] = Looks
) -> tuple[int, int, int, Consumer]:
    """Follow a list of a hundred rows for two hours, of which some rows are up to two minutes late.

    Args:
        seed: What happens.
        rate: Rows a second.
        share: How many of them are late.
        interval: As of a feed, in seconds.
        looks_type: When the cursor asks without `since`.

    Returns:
        How many rows are lost without a word, how many polls were made, and how many of them were looks; and who
        has followed.
    """
    habits = Habits(cap=100, declared=100)
    consumer = Consumer(Setting(habits=habits, overlap=10 * SECOND, immutable=True, start=None), checked=False)
    consumer.cursor._judge.looks = looks_type()
    server, rng, start, polls, looks, due = consumer.server, random.Random(seed), NEW_YEAR, 0, 0, 0.0
    pace = Pace(interval=interval, max_interval=interval, cap=100, rng=rng.random)
    for at, late in _arrivals(rng, rate, share, until=7200):
        while due < at:
            server.wait(start + int(due * SECOND) - server.now)
            consumer.poll()
            polls, looks = polls + 1, looks + bool(consumer.cursor._asked_for_all)
            due += pace.after_page(len(consumer.in_flight), due)
            consumer.handle(len(consumer.in_flight), backwards=False)
        server.wait(start + int(at * SECOND) - server.now)
        server.insert(int(late * SECOND))
    server.wait(SECOND)
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
    stories = [followed(seed, rate=0.3, share=share, interval=interval) for seed in range(3)]
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
    lost_rows = (
        followed(seed, rate=0.3, share=0.01, interval=60.0, looks_type=HourlyLooks)[0] for seed in range(3)
    )
    assert sum(lost_rows) > 0


class OnlyOnceAnHour(Looks):
    """Takes no order to look at once."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "last" or value is not None or not hasattr(self, "tried"):
            object.__setattr__(self, name, value)


def test_without_that_look_they_are_lost() -> None:
    """The law bites."""
    assert lost(240, looks_type=OnlyOnceAnHour) > 0
