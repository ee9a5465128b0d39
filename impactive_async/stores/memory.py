"""Cursors in a dict, for tests and for programs that start over on purpose."""

from __future__ import annotations


class MemoryCursorStore:
    """Keeps cursors for as long as the process lives."""

    def __init__(self) -> None:
        self._cursors: dict[str, str] = {}

    def __repr__(self) -> str:
        return "MemoryCursorStore()"

    async def load(self, key: str) -> str | None:
        """Return the cursor last saved under `key`; `None` if there never was one."""
        return self._cursors.get(key)

    async def keys(self) -> list[str]:
        """Return the keys that a cursor was saved under."""
        return sorted(self._cursors)

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key` until the process ends."""
        self._cursors[key] = cursor
