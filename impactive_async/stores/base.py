"""The protocol of cursor stores: two methods, so that a store on your own database takes a dozen lines."""

from __future__ import annotations

from typing import Protocol

from impactive_async._codec.json_bytes import StoredJson


class CursorStore(Protocol):
    """Keeps one opaque string for each key.

    Feeds rely on three rules:

    - Once `save` has returned, `load` gives that cursor or a later one, also after the process was killed.
    - Saves of one key take effect in the order in which they were called.
    - A state that cannot be trusted (damaged, another program's, of a newer version) is an error. It is never
      `None`, because `None` makes a feed start over.
    """

    async def load(self, key: str) -> StoredJson | None:
        """Return the cursor last saved under `key`; `None` if there never was one.

        It may be the text, the bytes of the text, or what a driver makes of the text in a JSON column.
        """
        ...

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`, in the place of the one before."""
        ...
