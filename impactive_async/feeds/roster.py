"""Which sequences earlier runs have seen: what is not among them came into being while the program was down."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, Self

import attrs

from impactive_async.errors import CursorError
from impactive_async.feeds import state, timestamps
from impactive_async.stores import CursorStore

KEY: Final = "workspace/sequences/"
"""What the store keeps a kind's roster under, followed by the kind."""
_DOCUMENT: Final = "sequences"


@attrs.frozen(kw_only=True)
class Roster:
    """The sequences whose lists of one kind were considered, by the last look that found a new one.

    Attributes:
        at: When that was, by the server: sequences that are in neither set did not exist yet.
        followed: They have a cursor, or are still to be polled.
        alone: They were archived when first seen, and are left alone until they are active.
    """

    at: datetime
    followed: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()

    def knows(self, sequence_id: str) -> bool:
        """Whether the sequence was there."""
        return sequence_id in self.followed or sequence_id in self.alone

    def with_these(self, at: datetime, followed: Collection[str], alone: Collection[str]) -> Self:
        """Return the roster after another look; the same if that brought nothing new."""
        followed = self.followed.union(followed)
        alone = self.alone.union(alone) - followed
        if followed == self.followed and alone == self.alone:
            return self
        return attrs.evolve(self, at=at, followed=followed, alone=alone)


async def load_roster(store: CursorStore, kind: str) -> Roster | None:
    """Return what earlier runs left, if there were any.

    Raises:
        CursorError: It is damaged; the message says where it is and what to do.
    """
    text = await store.load(KEY + kind)
    if text is None:
        return None
    try:
        saved = state.unpack(text, _DOCUMENT, kind, "")
        return Roster(
            at=timestamps.moment(saved.moment("at")),
            followed=frozenset(saved.texts("followed")),
            alone=frozenset(saved.texts("alone")),
        )
    except CursorError as error:
        raise CursorError(f"{store!r}, key {KEY + kind!r}: {error}") from None


async def save_roster(store: CursorStore, kind: str, roster: Roster) -> None:
    """Keep it for later runs."""
    body = {
        "at": timestamps.micros(roster.at),
        "followed": sorted(roster.followed),
        "alone": sorted(roster.alone),
    }
    await store.save(KEY + kind, state.pack(_DOCUMENT, kind, "", body))
