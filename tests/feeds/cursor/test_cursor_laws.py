"""The laws of the cursor, for any traffic; `consumer.py` asserts them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, note, settings

from impactive_async.feeds.cursor.rules import NOW
from impactive_async.feeds.cursor.server_clock import LEEWAY
from tests.feeds.consumer import Setting
from tests.feeds.model_server import SECOND, Habits
from tests.feeds.traffic import Story, play, stories


@given(stories())
@settings(derandomize=True, database=None, deadline=None, max_examples=400)
def test_nothing_is_lost_silently_and_nothing_repeated_without_a_crash(story: Story) -> None:
    """Each row is delivered, once but for crashes, or lies in a reported gap; `since` never decreases."""
    note(repr(story))
    play(story)


EXACT = Habits(printing="exact", cap=None)
ONCE_BROKEN: dict[str, Story] = {
    "a state saved with an older row in hand": (
        Setting(Habits(), overlap=0, immutable=False, start=None),
        [("insert", 0), ("insert", 0), ("poll",), ("handle", 1, False), ("save",), ("crash",)],
    ),
    "a coarser tick learnt from the first page": (
        Setting(
            Habits(printing="exact", precision=SECOND),
            overlap=10 * SECOND,
            immutable=False,
            start=datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
        ),
        [("burst", 7, 0), ("change", 9, 1), ("insert", 0), ("change", 7, 0), ("insert", 6 * SECOND)],
    ),
    "rows of the future of a server that tells no time": (
        Setting(
            Habits(inclusive=False, cap=6, tells_time=False, skew=LEEWAY),
            overlap=1_000,
            immutable=True,
            start=None,
        ),
        [("future", 1_000), ("future", 1_000), ("future", 2_000), ("poll and handle", False), ("insert", 0)],
    ),
    "a clock that falls back behind NOW": (
        Setting(Habits(), overlap=0, immutable=False, start=NOW),
        [("burst", 3, 0), ("poll",), ("jump back", 3 * SECOND, False)],
    ),
    "a clock that falls back, and a late row": (
        Setting(Habits(inclusive=False, cap=6), overlap=10 * SECOND, immutable=True, start=None),
        [
            ("insert", 0),
            ("insert", 1),
            ("jump back", 13 * SECOND, True),
            ("poll and handle", False),
            ("jump back", 13 * SECOND, False),
            ("insert", 1_000),
        ],
    ),
    "a clock that falls back and has made up for it": (
        Setting(Habits(cap=6), overlap=0, immutable=True, start=None),
        [("burst", 3, 1_000), ("poll and handle", False), ("jump back", 3 * SECOND, True)],
    ),
    "a page judged by a floor raised after it was asked for": (
        Setting(EXACT, overlap=10 * SECOND, immutable=True, start=None),
        [
            ("future", 11 * SECOND),
            ("burst", 3, 0),
            ("poll and handle", True),
            ("insert", 10 * SECOND),
            ("advance", 21 * SECOND),
        ],
    ),
}


@pytest.mark.parametrize("story", ONCE_BROKEN.values(), ids=ONCE_BROKEN.keys())
def test_what_once_lost_rows_no_longer_does(story: Story) -> None:
    """Traffic that earlier forms of the cursor lost rows in loses none."""
    play(story)
