"""The laws of the cursor against servers that are not as the contract has them, in random trials."""

from __future__ import annotations

import pytest

from tests.feeds.trials import FAULTS, run, trial
from tests.support import often


@pytest.mark.slow
@pytest.mark.thorough
def test_random_trials_lose_nothing_silently_and_seldom_tell_in_error() -> None:
    """No row is lost without a report or repeated without a crash; lists that lost nothing hardly tell a gap.

    `python -m tests.feeds.trials 10000` prints the figures of more.
    """
    figures = run(range(often(150, 1200)))
    assert figures.examples == []
    assert {fault for fault in FAULTS if figures.of_fault[fault]} == {*FAULTS}
    assert figures.false_share < often(0.01, 0.003)


@pytest.mark.parametrize("seed", [5248, 6180, 7146, 7238, 107024, 107708])
def test_what_more_trials_have_found(seed: int) -> None:
    """Nothing is lost where there is no `Date` and the oldest row comes first, or the cap changes; nor where a row
    with a date alone ends a page that was cut off.
    """
    trial(seed)
