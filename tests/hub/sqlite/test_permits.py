"""Permits of an SQLite hub: what a claim has seen need not be looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impactive_async.hub import SqliteHub
from impactive_async.hub.sqlite import hub as module


async def test_a_claim_that_saw_no_rate_limit_saves_the_look_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look is a call to another thread. A limit of this hub counts at once, another's with the next claim."""
    monkeypatch.setattr(module, "_SEEN", 3600.0)
    async with SqliteHub(tmp_path / "hub.db") as hub, SqliteHub(tmp_path / "hub.db") as other:
        looks: list[Any] = []
        read = hub._read

        async def reading(work: Any) -> Any:
            looks.append(work)
            return await read(work)

        monkeypatch.setattr(hub, "_read", reading)
        await hub.add("zapier/deals")
        assert await hub.permit() == 0.0
        assert len(looks) == 1
        await hub.claim(60.0)
        assert [await hub.permit() for _ in range(3)] == [0.0] * 3
        assert len(looks) == 1
        await hub.limit(0.0001)
        assert await hub.permit() == 0.0
        assert await hub.permit() > 0.0
        await hub.limit(None)
        await hub.claim(60.0)
        await other.limit(0.0001)
        await hub.claim(60.0)
        assert await hub.permit() > 0.0
