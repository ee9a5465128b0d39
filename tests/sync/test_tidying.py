"""A database that is synced every five minutes: it has its rows, and little beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

from impactive_async.sandbox import Sandbox
from impactive_async.sync_source import tidying
from tests.support import often
from tests.sync.places import ENGINES, place_of, sync

RUNS = often(4, 100)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.impactive(populate=False)
@pytest.mark.parametrize("engine", ENGINES)
async def test_records_of_earlier_runs_do_not_pile_up(
    impactive_sandbox: Sandbox, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many runs there were, the last few have a record; those of other pipelines are left alone."""
    monkeypatch.setattr(tidying, "KEPT", 2)
    state = impactive_sandbox.state
    async with place_of(engine, tmp_path) as place:
        for number in range(RUNS):
            state.add("deals", {"name": f"Deal {number}"})
            await sync(impactive_sandbox, place, kinds=["deals"])
            await impactive_sandbox.clock.advance(seconds=300)
            if not number:
                place.query(  # as if another program had a pipeline in this dataset
                    "INSERT INTO _dlt_pipeline_state SELECT version, engine_version, 'other', state, created_at, "
                    "version_hash, _dlt_load_id, 'other' FROM _dlt_pipeline_state"
                )
        assert place.values("SELECT count(*) FROM deals") == [RUNS]
        states = place.query("SELECT pipeline_name, count(*) FROM _dlt_pipeline_state GROUP BY 1 ORDER BY 1")
        assert states == [("impactive", 2), ("other", 1)]
        assert place.values("SELECT count(*) FROM _dlt_loads") == [1 + 2 * 2]
        assert place.values("SELECT count(*) <= 3 FROM _dlt_version") == [True]
        assert place.values("SELECT count(*) FROM _coverage") == [1]
        again = await sync(impactive_sandbox, place, kinds=["deals"])
        assert (again["deals"].new, again["deals"].changed) == (0, 0)
