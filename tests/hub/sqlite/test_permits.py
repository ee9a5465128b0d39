"""Permits of an SQLite hub: what a claim has seen need not be looked for."""

from __future__ import annotations

from pathlib import Path

from impactive_async.hub import SqliteHub
from tests.hub.engines import claimed


async def test_a_claim_that_saw_no_rate_limit_is_a_permit(tmp_path: Path) -> None:
    """Asking for one is a call to another thread. A limit of any hub counts with the next claim."""
    path = tmp_path / "hub.db"
    async with SqliteHub(path) as hub, SqliteHub(path) as other, SqliteHub(path, rate_limit=5) as limited:
        await hub.add("zapier/deals")
        assert (await claimed(hub, lease=0)).permitted
        assert not (await claimed(limited, lease=0)).permitted
        await other.limit(0.0001)
        assert not (await claimed(hub, lease=0)).permitted
        assert await hub.permit() == 0.0
        assert await hub.permit() > 0.0
        await hub.limit(None)
        assert (await claimed(other, lease=0)).permitted
        assert await hub.permit() == 0.0
