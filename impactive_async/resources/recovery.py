"""What sibling lists can still show of a gap that a feed's own list has scrolled past."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from impactive_async._http.caller import Caller
from impactive_async._http.decipher import rows_of
from impactive_async._http.wire import Endpoint, build_request, get
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
    the gap.
    """

    def __init__(self, caller: Caller, sequence_id: str) -> None:
        self._caller = caller
        self._sequence_id = sequence_id

    async def __call__(self, gap: Gap) -> Recovery:
        """Fetch what can be had.

        Raises:
            APIError: A request failed.
        """
        enrolled = await _rows(self._caller, ENROLLMENTS, self._sequence_id)
        people = [row for row in enrolled if isinstance(row, dict) and row.get("contactId")]
        rows: list[Any] = []
        complete = len(enrolled) not in POSSIBLE_CAPS and len(people) == len(enrolled)
        for first in range(0, len(people), AT_ONCE):
            found = await asyncio.gather(*(self._of(row, gap) for row in people[first : first + AT_ONCE]))
            rows += [reply for recovery in found for reply in recovery.rows]
            complete = complete and all(recovery.complete for recovery in found)
        return Recovery(rows, complete)

    async def _of(self, enrollment: Mapping[str, Any], gap: Gap) -> Recovery:
        contact_id = enrollment["contactId"]
        replies = await _rows(self._caller, CONTACT_REPLIES, contact_id)
        named = [{**row, "contactId": contact_id, "enrollmentId": enrollment.get("id")} for row in replies]
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


async def _rows(caller: Caller, endpoint: Endpoint, *ids: str, limit: int | None = None) -> list[Any]:
    query = None if limit is None else {"limit": str(limit)}
    return await caller.call(build_request(endpoint, ids, query=query), rows_of)


def reaches_behind(rows: Iterable[Any], after: datetime | None, field: str, cap: int) -> bool:
    """Whether a newest-first list capped at `cap` certainly shows all that is not older than `after`."""
    stamps = [timestamps.parse(row[field]) for row in rows]
    if len(stamps) < cap:
        return True
    return after is not None and min(stamps) < timestamps.micros(after)
