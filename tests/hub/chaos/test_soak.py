"""The soak: whatever befalls an engine within an hour, each row is handled, and none is in the log twice."""

from __future__ import annotations

from random import Random

import pytest

from tests.hub.chaos.soak import Model, Soak, stage_of
from tests.support import often

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


@pytest.mark.parametrize("engine", ["sqlite", "redis", "postgres"])
async def test_the_books_balance_after_an_hour(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are handled by each group, or are dead letters of which its consumers die."""
    random = Random(7)
    feeds = {f"feed {number}": 0 for number in range(often(4, 20))}
    async with stage_of(engine, monkeypatch) as stage:
        soak = Soak(stage, random, Model(random, feeds))
        await soak.run(often(40, 360))
        assert set(soak.happened) == set(stage.mishaps)
        await soak.audit()
