"""A list whose rows begin to be late: how late is learnt, and what was late before that is looked for."""

from __future__ import annotations

import random

import pytest

from impactive_async.feeds.cursor.evidence.looks import Looks
from tests.feeds.consumer import Consumer, Setting
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


class OnlyOnceAnHour(Looks):
    """Takes no order to look at once."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "last" or value is not None or not hasattr(self, "tried"):
            object.__setattr__(self, name, value)


def test_without_that_look_they_are_lost() -> None:
    """The law bites."""
    assert lost(240, looks_type=OnlyOnceAnHour) > 0
