"""What a PostgreSQL hub is doing now, counted in steps of some milliseconds, whatever the size of the hub."""

from __future__ import annotations

import json
from typing import Any

from impactive_async.hub.contract.status import DEAD_SHOWN
from impactive_async.hub.postgres.steering import COUNTED, PostgresSteering

_COUNTS = ("feeds", "leased", "due", "failing", "gaps", "dead_count", "paused_count")
_LISTS = ("dead", "paused")
_COLUMNS = (
    "feeds", "leased", "due", "lag", "failing", "gaps", "dead_count", "dead", "paused_count", "paused",
)  # fmt: skip


class PostgresCounts(PostgresSteering):
    """Counts the rows of a hub's tables."""

    async def _counted(self) -> dict[str, Any]:
        """Return what `hub_status` is made of."""
        document: dict[str, Any] = json.loads(await self._value("summary()"))
        document |= await self._counted_feeds()
        document["events"] = await self._logged()
        document["groups"] = [await self._counted_group(*group) for group in document["groups"]]
        return document

    async def _counted_group(self, name: str, place: int, start: int) -> tuple[Any, ...]:
        behind, in_flight, dead, first = await self._waiting(name)
        age = await self._value("age_of($1, $2, $3)", first, place, start)
        return name, behind + await self._logged(place, start), in_flight, dead, age

    async def _counted_feeds(self) -> dict[str, Any]:
        counted = self._in_steps("count_feeds($1, $2, $3)", DEAD_SHOWN, place="", step=COUNTED)
        rows = [dict(zip(_COLUMNS, row, strict=True)) async for row in counted]
        total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in _COUNTS}
        listed = {name: [one for row in rows for one in json.loads(row[name])] for name in _LISTS}
        lags = [row["lag"] for row in rows if row["lag"] is not None]
        total["lag"] = max(lags, default=None)
        return total | {name: some[:DEAD_SHOWN] for name, some in listed.items()}
