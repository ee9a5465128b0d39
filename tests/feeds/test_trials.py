"""The laws of the cursor against servers that are not as the contract has them, in random trials."""

from __future__ import annotations

import pytest

from tests.feeds.trials import FAULTS, run, trial
from tests.support import often


@pytest.mark.slow
@pytest.mark.thorough
def test_random_trials_lose_nothing_silently_and_seldom_tell_in_error() -> None:
    """No row is lost without a report or repeated without a crash; hardly a whole page of a list that lost nothing
    tells a gap. A page that was cut off tells one though each row cut off was known: nobody can know that.

    `python -m tests.feeds.trials 10000` prints the figures of more.
    """
    figures = run(range(often(150, 1200)))
    assert figures.examples == []
    assert {fault for fault in FAULTS if figures.of_fault[fault]} == {*FAULTS}
    assert figures.false_share < often(0.002, 0.001)
    assert figures.cut_gaps < often(0.004, 0.002) * figures.quiet_polls


@pytest.mark.parametrize("seed", [5248, 6180, 7146, 7238, 101943, 102490, 104665, 107024, 107708])
def test_what_more_trials_have_found(seed: int) -> None:
    """Nothing is lost where there is no `Date` and the oldest row comes first, or the cap changes; nor where a row
    with a date alone ends a page that was cut off, or the first page that is cut off lacks only one row known.
    """
    trial(seed)


@pytest.mark.parametrize("seed", [192, 223, 254, 369, 541, 762])
def test_answers_ahead_of_their_time_make_no_gap_of_their_own(seed: int) -> None:
    """Rows that were stamped ahead are not missed where they are shown with their true stamps."""
    consumer, fault = trial(seed)
    assert (fault, consumer.told) == ("ahead", 0)
