"""Chaos: workers killed, frozen and resumed, the engine killed. Nothing is lost, nothing is doubled."""

from __future__ import annotations

import pytest

from .chaos import WORKERS, report, unleash
from .chaos_worker import CONCURRENCY, RATE
from .engines import ENGINES


@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_is_lost_and_nothing_doubled(engine: str) -> None:
    """40 feeds, 4 workers; one killed, one frozen past its lease, the engine killed: each row once in the log.

    That no feed is forgotten is asserted by the run itself: after each blow it waits until every feed was polled
    again. How long that took depends on the machine, and is printed.
    """
    found = await unleash(engine)
    print(report(engine, found))
    assert found.rows > 200
    assert found.missing == 0
    assert found.duplicates == 0
    assert found.frozen_held > 0
    assert found.frozen_fenced == found.frozen_held
    assert found.fenced_committed == 0
    assert found.out_of_order == 0
    assert found.drained == WORKERS - 1
    assert found.requests <= found.permits
    # What was permitted within a second, and what was on its way when the second began: one request for each slot
    # and one look for sequences of each worker. So much is seen even by a server that falls behind its clock.
    assert found.peak_rate <= RATE * 1.1 + WORKERS * (CONCURRENCY + 1)
