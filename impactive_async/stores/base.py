"""The protocol of cursor stores: two methods, so that your own database is a dozen lines away."""

from __future__ import annotations

from typing import Protocol


class CursorStore(Protocol):
    """Keeps one opaque string per key.

    What a store owes its feeds:

    - Once `save` has returned, `load` gives that cursor or a later one, also after the process was killed.
    - Saves of one key take effect in the order they were called.
    - A state that cannot be trusted (damaged, foreign, of a newer version) is an error, never `None`: `None`
      makes a feed start over.
    """

    async def load(self, key: str) -> str | None:
        """The cursor last saved under `key`, or None if there never was one."""
        ...

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`, in place of the one before."""
        ...
