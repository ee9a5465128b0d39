"""What the lists prove about a batch whose answer was lost.

Two lists show contacts (contract #1, #24): the newest 500, and at most 100 of those updated since a moment. A
contact on them is our row only if it can have been created by that batch; and a row that is on neither is only
certainly missing if its contact could not have escaped them. Both follow from what is known about the time before
the batch was sent, its *trace*:

- **Contacts that existed.** The first list is ordered by creation. So above the first contact that is known to be
  older than the batch stands everything newer, and if that contact is on the page, nothing newer has escaped. This
  needs no clock. That the order holds is not taken on trust: `createdAt` must confirm it, all down the page.
- **The server's time.** The second list, asked for what was updated since shortly before, is whole if it is not
  full; on either list, what was created before that is not ours.

That a list is complete says nothing about a request that the server is still working on: that is `search`'s part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import attrs

from impactive_async._http.codec import parse_instant
from impactive_async.bulk.pairing import Sighting

NEWEST: Final = 500
"""Contacts the first list shows at the most, if asked to."""

CHANGED: Final = 100
"""Contacts the second list shows at the most."""

REMEMBERED: Final = 2000
"""Contacts known to be of other rows that are told from those of lost ones: more than the lists show."""

MARGIN: Final = timedelta(seconds=10)
"""`Date` counts whole seconds, and the clocks of a server's parts differ a little."""


@attrs.frozen
class Trace:
    """What was known when a batch was about to be sent."""

    known: frozenset[str]
    """Ids of contacts that existed, the newest of them included; empty if there were none at all."""
    server_time: datetime | None
    """By the `Date` of an earlier answer."""

    @property
    def since(self) -> datetime | None:
        """Not later than anything the batch can have created."""
        return None if self.server_time is None else self.server_time - MARGIN


@attrs.frozen
class Verdict:
    """What the lists say about one batch."""

    candidates: frozenset[str]
    """Ids of contacts that can have been created by it."""
    complete: bool
    """Whether all that it created is among them."""


def judge(trace: Trace, newest: Sequence[Sighting], changed: Sequence[Sighting] | None) -> Verdict:
    """Weigh both lists; `changed` is `None` if it was not asked for."""
    by_order = _judge_by_order(trace, newest)
    if by_order is not None and by_order.complete:
        return by_order
    recent = (contact for contact in (*newest, *(changed or ())) if _is_recent(contact, trace))
    candidates = frozenset(contact.id for contact in recent)
    complete = changed is not None and len(changed) < CHANGED
    return Verdict(candidates | (by_order.candidates if by_order else frozenset()), complete)


def _judge_by_order(trace: Trace, newest: Sequence[Sighting]) -> Verdict | None:
    """What follows from the order alone; `None` if nothing does."""
    full = len(newest) >= NEWEST
    if not trace.known and not full:  # there was nobody, and here is everybody
        return Verdict(frozenset(contact.id for contact in newest), complete=True)
    if not _is_newest_first(newest):
        return None
    depth = next((place for place, contact in enumerate(newest) if contact.id in trace.known), None)
    if depth is None and not full:  # who was known is gone, or the page is shorter than it should be
        return None
    return Verdict(frozenset(contact.id for contact in newest[:depth]), complete=depth is not None)


def _is_newest_first(newest: Sequence[Sighting]) -> bool:
    moments = [created_at(contact) for contact in newest]
    return all(
        later is not None and earlier is not None and later >= earlier for later, earlier in pairwise(moments)
    )


def _is_recent(contact: Sighting, trace: Trace) -> bool:
    created, since = created_at(contact), trace.since
    return created is not None and since is not None and created >= since


def created_at(contact: Sighting) -> datetime | None:
    """When it was created, if that can be read."""
    text = contact.fields.get("createdAt")
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None
