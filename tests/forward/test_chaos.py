"""The run in which everything that delivers is killed; `tests.forward.chaos` explains it."""

from __future__ import annotations

import pytest

from tests.forward.chaos import unleash
from tests.support import often


@pytest.mark.slow
@pytest.mark.thorough
async def test_nothing_is_missing_whatever_is_killed() -> None:
    """Each event of the log is accepted, in the order of its row, and each deal's newest version is in the log."""
    found = await unleash(rows=often(20, 100), kills=often(4, 60))
    assert found.logged > 20
    assert found.attempts > found.logged
    assert (found.missing, found.unpolled, found.disordered) == (0, 0, 0)
