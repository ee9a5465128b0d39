"""Which contacts a workspace is known to have, from the answers so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from impactive_async.bulk.reconcile.evidence import REMEMBERED, Baseline
from impactive_async.bulk.reconcile.pairing import ListedContact


class KnownContacts:
    """The newest contacts that are known to exist, and those that are known to be of rows of this call."""

    def __init__(self, contacts: Sequence[ListedContact], server_time: datetime | None, concurrency: int) -> None:
        # Two of each batch, of as many batches as may overtake each other: so the newest contact is among them or
        # stands beside one of them on the list, even if one of the two is deleted.
        self._newest = deque(
            (contact.id for contact in reversed(contacts)), maxlen=max(2 * concurrency, len(contacts), 8)
        )
        self._claimed: deque[str] = deque(maxlen=REMEMBERED)
        self._server_time = server_time

    def add(self, ids: Sequence[str], server_time: datetime | None = None) -> None:
        """Add the contacts of a batch, in its order, and the server's time if the answer had it."""
        self._newest.extend((ids[0], ids[-1]))
        self._claimed.extend(ids)
        self._server_time = server_time or self._server_time

    def baseline(self) -> Baseline:
        """Return what is known now. A batch that is sent next is found by it, if its answer is lost."""
        return Baseline(frozenset(self._newest), self._server_time)

    def claimed(self) -> frozenset[str]:
        """Return the contacts that cannot be those of a lost batch, because they are of other rows."""
        return frozenset(self._claimed)
