"""What sibling lists can still show of a gap that a feed's own list has scrolled past."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from impactive_async._http.caller import Caller
from impactive_async._http.decipher import rows_of
from impactive_async._http.wire import Endpoint, build_request, get
from impactive_async.errors import APIError, NotFoundError
from impactive_async.feeds import timestamps
from impactive_async.feeds.source import Recovery
from impactive_async.models.gap import Gap

ENROLLMENTS = get("/api/agent/sequences/:id/enrollments")
CONTACT_REPLIES = get("/api/agent/contacts/:id/replies")
CONTACTS = get("/api/agent/contacts")

CONTACT_REPLIES_CAP = 100
CONTACTS_CAP = 500
POSSIBLE_CAPS = (100, 500)
AT_ONCE = 50
"""Contacts asked about at once; the client's own limits hold besides."""


class ReplyRecovery:
    """A sequence's replies (#16) out of each enrolled contact's own (#4): one request for everybody enrolled.

    Complete if the list of enrollments may be taken for whole (A7), and each contact's list is, or reaches behind
    the gap. A contact that is gone, or whose list cannot be had, costs the completeness, not what the others show.
    """

    def __init__(self, caller: Caller, sequence_id: str) -> None:
        self._caller = caller
        self._sequence_id = sequence_id

    async def __call__(self, gap: Gap) -> Recovery:
        """Fetch what can be had.

        Raises:
            APIError: The list of enrollments cannot be had.
        """
        enrolled = await _rows(self._caller, ENROLLMENTS, self._sequence_id)
        rows: list[Any] = []
        complete = len(enrolled) not in POSSIBLE_CAPS
        for first in range(0, len(enrolled), AT_ONCE):
            some = enrolled[first : first + AT_ONCE]
            found = await asyncio.gather(*(self._of(row, gap) for row in some), return_exceptions=True)
            recoveries = [_or_nothing(one) for one in found]
            rows += [reply for recovery in recoveries for reply in recovery.rows]
            complete = complete and all(recovery.complete for recovery in recoveries)
            if any(_will_go_on(one) for one in found):
                return Recovery(rows, complete=False)
        return Recovery(rows, complete)

    async def _of(self, enrollment: Any, gap: Gap) -> Recovery:
        contact_id, enrollment_id = _ids(enrollment)
        if contact_id is None:
            return _NOTHING
        replies = await _rows(self._caller, CONTACT_REPLIES, contact_id)
        named = [_named(reply, contact_id, enrollment_id) for reply in replies]
        return Recovery(named, reaches_behind(replies, gap.after, "emailDate", CONTACT_REPLIES_CAP))


class ContactRecovery:
    """The Zapier contacts (#24) out of the agent list (#1) with its larger cap.

    Complete only if that list is the whole workspace: its order is by creation, not by change.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def __call__(self, gap: Gap) -> Recovery:
        """Fetch what can be had.

        Raises:
            APIError: The request failed.
        """
        rows = await _rows(self._caller, CONTACTS, limit=CONTACTS_CAP)
        return Recovery(rows, complete=len(rows) < CONTACTS_CAP)


_NOTHING = Recovery([], complete=False)


async def _rows(caller: Caller, endpoint: Endpoint, *ids: str, limit: int | None = None) -> list[Any]:
    query = None if limit is None else {"limit": str(limit)}
    return await caller.call(build_request(endpoint, ids, query=query), rows_of)


def _ids(enrollment: Any) -> tuple[str | None, Any]:
    if not isinstance(enrollment, dict) or not isinstance(enrollment.get("contactId"), str):
        return None, None
    return enrollment["contactId"], enrollment.get("id")


def _named(reply: Any, contact_id: str, enrollment_id: Any) -> Any:
    """A contact's reply as the sequence's list shows it; what is no row stays what it is, to be reported."""
    return {**reply, "contactId": contact_id, "enrollmentId": enrollment_id} if isinstance(reply, dict) else reply


def _or_nothing(found: Recovery | BaseException) -> Recovery:
    if isinstance(found, Recovery):
        return found
    if isinstance(found, APIError | ValueError):  # ValueError: an id that fits into no path
        return _NOTHING
    raise found


def _will_go_on(found: Recovery | BaseException) -> bool:
    """Whether asking for more contacts is likely to fail as well."""
    return isinstance(found, APIError) and not isinstance(found, NotFoundError)


def reaches_behind(rows: Sequence[Any], after: datetime | None, field: str, cap: int) -> bool:
    """Whether a newest-first list capped at `cap` certainly shows all that is not older than `after`."""
    if len(rows) < cap:
        return True
    try:
        oldest = min(timestamps.parse(row[field]) for row in rows)
    except (LookupError, TypeError, ValueError, OverflowError):
        return False
    return after is not None and oldest < timestamps.micros(after)
