"""What the lists prove about a batch whose answer was lost.

Two lists show contacts: the newest 500, and at most 100 of those updated since a moment. A
contact on them can be our row only if that batch can have created it. A row that is on neither is certainly
missing only if its contact would have to be there. Both follow from what was known before the batch was sent, the
*baseline*:

- **Contacts that existed.** The first list is ordered by creation. If it shows a contact that is known to be older
  than the batch, everything newer stands above that contact, and nothing newer is left out. This needs no clock.
  The order itself is checked: `createdAt` must confirm it all down the page.
- **The server's time.** The second list, from a moment shortly before the batch was sent, is complete if it is not
  full. On either list, a contact that was created before that moment is not ours.

A complete list says nothing about a request that the server is still working on. `search` deals with that.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import attrs

from impactive_async._codec.codec import parse_instant
from impactive_async._codec.lists import USUAL_CAPS
from impactive_async._codec.tolerant.values import moment
from impactive_async.bulk.reconcile.pairing import ContactPage, ListedContact

NEWEST: Final = 500
"""The most contacts that the first list shows."""

CHANGED: Final = 100
"""The most contacts that the second list shows."""

REMEMBERED: Final = 2000
"""Contacts of other rows that are remembered, so that none is taken for that of a lost row. The lists show
fewer."""

MARGIN: Final = timedelta(seconds=10)
"""By how much a moment is set back: `Date` has whole seconds, and the clocks of a server's hosts differ a
little."""


@attrs.frozen
class Baseline:
    """What was known of a workspace when a batch was about to be sent."""

    known: frozenset[str]
    """Ids of contacts that existed, the newest among them; empty if there was no contact at all."""
    server_time: datetime | None
    """The `Date` of an earlier answer."""

    @property
    def since(self) -> datetime | None:
        """A moment before everything that the batch can have created; `None` if no answer had a `Date`."""
        return None if self.server_time is None else self.server_time - MARGIN


@attrs.frozen
class Evidence:
    """What the lists say about one batch."""

    candidates: frozenset[str]
    """Ids of contacts that the batch can have created."""
    complete: bool
    """Whether everything that the batch created is among them."""
    by_order: bool = False
    """Whether the order of the first list shows that."""


def evidence_of(
    baseline: Baseline,
    newest: Sequence[ListedContact],
    changed: Sequence[ListedContact] | None,
    claimed: Set[str] = frozenset(),
) -> Evidence:
    """Return what both lists say about a batch.

    Args:
        baseline: What was known before the batch was sent.
        newest: The first list.
        changed: The second list; `None` if it was not requested.
        claimed: Contacts that are known to be of other rows.
    """
    by_order = _by_order(baseline, newest, claimed)
    if by_order is not None and by_order.complete:
        return by_order
    recent = (contact for contact in (*newest, *(changed or ())) if _is_recent(contact, baseline))
    candidates = frozenset(contact.id for contact in recent)
    complete = changed is not None and (
        not _may_be_cut(changed, CHANGED, claimed, "updatedAt") or _reaches_known(baseline, changed)
    )
    return Evidence(candidates | (by_order.candidates if by_order else frozenset()), complete)


def _by_order(baseline: Baseline, newest: Sequence[ListedContact], claimed: Set[str]) -> Evidence | None:
    """Return what follows from the order of the first list; `None` if nothing does."""
    full = _may_be_cut(newest, NEWEST, claimed, "createdAt")
    if not baseline.known and not full:  # there was no contact, and the list shows all there are now
        return Evidence(frozenset(contact.id for contact in newest), complete=True, by_order=True)
    if not _is_newest_first(newest):
        return None
    depth = next((place for place, contact in enumerate(newest) if contact.id in baseline.known), None)
    if depth is None and not full:  # the known contacts are deleted, or the page is shorter than it should be
        return None
    above = frozenset(contact.id for contact in newest[:depth])
    return Evidence(above, complete=depth is not None, by_order=depth is not None)


def is_full_length(newest: Sequence[ListedContact], claimed: Set[str]) -> bool:
    """Whether the first list shows as many contacts as it should, or all there are."""
    return len(newest) >= NEWEST or not _may_be_cut(newest, NEWEST, claimed, "createdAt")


def _may_be_cut(page: Sequence[ListedContact], most: int, claimed: Set[str], field: str) -> bool:
    """Whether a list may have more contacts than it shows.

    A page of a length at which services cut lists is doubted, unless it is newest first down to the last contact
    that we know of: what is cut off such a list is older.
    """
    if len(page) >= most or (isinstance(page, ContactPage) and page.cut):
        return True
    if len(page) not in USUAL_CAPS:
        return False
    return not (claimed <= {contact.id for contact in page} and _is_newest_first(page, field))


def _reaches_known(baseline: Baseline, changed: Sequence[ListedContact]) -> bool:
    """Whether the second list, by its own order, reaches down to a contact that is older than the batch.

    A contact that was changed since it was created stands higher than that, and proves nothing.
    """
    untouched = (one for one in changed if _moment(one, "updatedAt") == created_at(one) is not None)
    return any(one.id in baseline.known for one in untouched) and _is_newest_first(changed, "updatedAt")


def _is_newest_first(contacts: Sequence[ListedContact], field: str = "createdAt") -> bool:
    moments = [_moment(contact, field) for contact in contacts]
    return all(
        later is not None and earlier is not None and later >= earlier for later, earlier in pairwise(moments)
    )


def _is_recent(contact: ListedContact, baseline: Baseline) -> bool:
    created, since = created_at(contact), baseline.since
    return created is not None and since is not None and created >= since


def created_at(contact: ListedContact) -> datetime | None:
    """Return when the contact was created; `None` if that cannot be read."""
    return _moment(contact, "createdAt")


def _moment(contact: ListedContact, field: str) -> datetime | None:
    text = moment(contact.fields.get(field), lambda _: None)
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None
