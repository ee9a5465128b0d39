"""Chaos: workers killed, frozen and resumed, the engine killed. Nothing is lost, nothing doubled."""

from __future__ import annotations

import pytest

from tests.hub.chaos.findings import report
from tests.hub.chaos.run import WORKERS, unleash
from tests.hub.chaos.worker import CONCURRENCY, INTERVAL, LEASE, RATE
from tests.hub.engines import ENGINES


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("engine", ENGINES)
async def test_nothing_is_lost_nothing_doubled_and_nobody_forgotten(engine: str) -> None:
    """40 feeds, 4 workers; one killed, one frozen past its lease, the engine killed: each row is logged once.

    No feed is silent for longer than a lease, an interval and a second; the API sees at most 110 % of the rate.
    """
    found = await unleash(engine)
    print(report(engine, found))
    assert found.rows > 200
    assert found.missing == 0
    assert found.duplicates == 0
    assert found.frozen_held > 0
    assert found.frozen_settled == 0
    assert found.fenced_committed == 0
    assert found.out_of_order == 0
    assert found.drained == WORKERS - 1
    assert found.longest_silence <= LEASE + INTERVAL + 1.0
    assert found.requests <= found.permits
    assert found.steady_rate <= RATE * 1.1
    # Through a stall too: what was permitted in a second, and what was on its way when the second began, one
    # request for each slot and one look for sequences of each worker.
    assert found.peak_rate <= RATE * 1.1 + WORKERS * (CONCURRENCY + 1)
