"""Which sequences earlier runs have seen. Others were created while the program was down."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, Self

import attrs

from impactive_async._http.settings import Home, TellHome
from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import saved_text, timestamps
from impactive_async.feeds.delivery.home import check_home, learn_workspace, with_home
from impactive_async.stores import CursorStore

KEY: Final = "workspace/sequences/"
"""The key in the store, followed by the kind of list."""
_DOCUMENT: Final = "sequences"


@attrs.frozen(kw_only=True)
class SeenSequences:
    """The sequences that were listed when a new one was last found, for one kind of list.

    Attributes:
        at: When that was, by the server's clock. A sequence in neither set did not exist then.
        followed: Their lists have a cursor, or are still to be polled.
        ignored: They were archived when first seen. Their lists are not followed until the sequence is active.
    """

    at: datetime
    followed: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def __contains__(self, sequence_id: str) -> bool:
        return sequence_id in self.followed or sequence_id in self.ignored

    def updated(
        self, at: datetime, followed: Collection[str], ignored: Collection[str], *, gone: Collection[str] = ()
    ) -> Self:
        """Return the sets with more sequences in them, and without those gone; the same object if none is new."""
        followed = self.followed.union(followed).difference(gone)
        ignored = self.ignored.union(ignored) - followed
        if followed == self.followed and ignored == self.ignored:
            return self
        return attrs.evolve(self, at=at, followed=followed, ignored=ignored)


async def load_seen(
    store: CursorStore, kind: str, home: Home | None, tell_home: TellHome | None = None
) -> SeenSequences | None:
    """Return what earlier runs saved; `None` for a first run.

    Raises:
        CursorError: The saved text is damaged, or of another server; the message says where it is and what to do.
    """
    text = await store.load(KEY + kind)
    await learn_workspace(home, text, tell_home)
    if text is None:
        return None
    try:
        check_home(text, home)
        saved = saved_text.unpack(text, _DOCUMENT, kind, "")
        return SeenSequences(
            at=timestamps.moment(saved.moment("at")),
            followed=frozenset(saved.texts("followed")),
            ignored=frozenset(saved.texts("alone")),  # the name that 0.1 gave it
        )
    except CursorError as error:
        raise CursorError(f"{store!r}, key {KEY + kind!r}: {error}") from None


async def save_seen(store: CursorStore, kind: str, seen: SeenSequences, home: Home | None) -> None:
    """Save the sequences for later runs."""
    body = {
        "at": timestamps.micros(seen.at),
        "followed": sorted(seen.followed),
        "alone": sorted(seen.ignored),
    }
    await store.save(KEY + kind, with_home(saved_text.pack(_DOCUMENT, kind, "", body), home))
