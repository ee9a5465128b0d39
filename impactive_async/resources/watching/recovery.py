"""Looking for the rows of a page's gaps in sibling lists: lists that show some of the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from impactive_async._codec.codec import read_rows
from impactive_async._codec.page import RawPage, page, value_of
from impactive_async._codec.tolerant.notes import current
from impactive_async._http.caller import Caller
from impactive_async._http.wire import Endpoint, ServerId, build_request, get
from impactive_async.errors import APIError, NotFoundError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.seen_versions import is_id
from impactive_async.feeds.delivery.source import Recovery
from impactive_async.models import Contact
from impactive_async.models.gap import Gap
from impactive_async.models.row_list import RowList

ENROLLMENTS = get("/api/agent/sequences/:id/enrollments")
CONTACT_REPLIES = get("/api/agent/contacts/:id/replies")
CONTACTS = get("/api/agent/contacts")

CONTACT_REPLIES_CAP = 100
CONTACTS_CAP = 500
POSSIBLE_CAPS = (10, 20, 25, 30, 50, 100, 200, 250, 500)
"""Lengths at which services cut lists. A list of just that length is not taken for a whole one."""
AT_ONCE = 50
"""Contacts whose replies are requested together, within the client's own limits."""


class ReplyRecovery:
    """Looks for a sequence's replies (#16) in the lists of its contacts (#4), with one request for each contact.

    A gap is filled if the list of enrollments is whole (A7), and each contact's list is whole or has rows from
    before the gap. If a contact's list cannot be fetched, the result has the others' rows and fills no gap.
    """

    def __init__(self, caller: Caller, sequence_id: str) -> None:
        self._caller = caller
        self._sequence_id = sequence_id

    async def __call__(self, gaps: Collection[Gap]) -> Recovery:
        """Return the replies found.

        Raises:
            APIError: The list of enrollments cannot be fetched.
        """
        enrolled, whole = await _rows(self._caller, ENROLLMENTS, "updatedAt", self._sequence_id)
        rows, filled = list[Any](), set(gaps if whole else ())
        for first in range(0, len(enrolled), AT_ONCE):
            some = enrolled[first : first + AT_ONCE]
            found = await asyncio.gather(*(self._of(row, gaps) for row in some), return_exceptions=True)
            recoveries = [_or_nothing(one) for one in found]
            rows += [reply for recovery in recoveries for reply in recovery.rows]
            filled.intersection_update(*(recovery.filled for recovery in recoveries))
            if any(_would_fail_again(one) for one in found):
                return Recovery(rows, filled=())
        return Recovery(rows, filled)

    async def _of(self, enrollment: Any, gaps: Collection[Gap]) -> Recovery:
        contact_id, enrollment_id = _ids(enrollment)
        if contact_id is None:
            return _NOTHING
        replies, whole = await _rows(self._caller, CONTACT_REPLIES, "emailDate", ServerId(contact_id))
        named = [_named(reply, contact_id, enrollment_id) for reply in replies]
        return Recovery(named, [gap for gap in gaps if whole or reaches(replies, gap.after, "emailDate")])


class ContactRecovery:
    """Looks for changed contacts (#24) in the agent list (#1), which shows more of them.

    It fills gaps only if that list shows all contacts, because it is ordered by creation and not by change.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def __call__(self, gaps: Collection[Gap]) -> Recovery:
        """Return the contacts found.

        Raises:
            APIError: The request failed.
        """
        rows, whole = await _rows(self._caller, CONTACTS, "updatedAt", limit=CONTACTS_CAP)
        return Recovery(rows, gaps if whole else ())


async def contacts_of_agents(caller: Caller, options: Sequence[Any] = ()) -> RowList[Contact]:
    """Return the contacts that the agent list (#1) shows, which are more than those of #24.

    Args:
        caller: Makes the request.
        options: Those of the call, in the order of `Caller.call`.
    """
    request = build_request(CONTACTS, query={"limit": str(CONTACTS_CAP)})
    rows, told = await caller.call(request, _contacts, *options)
    return RowList(rows, truncated=told or len(rows) >= CONTACTS_CAP)


def _contacts(body: bytes) -> tuple[list[Contact], bool]:
    rows, notes = read_rows(Contact, body), current()
    return rows, notes is not None and notes.more


_NOTHING = Recovery([], filled=())


async def _rows(
    caller: Caller, endpoint: Endpoint, stamp: str, *ids: str, limit: int | None = None
) -> tuple[list[Any], bool]:
    """Return the rows of a list, and whether they are certainly all."""
    query = None if limit is None else {"limit": str(limit)}
    plural = endpoint.template.rpartition("/")[2]
    listed: RawPage = await caller.call(build_request(endpoint, ids, query=query), page("id", stamp, plural))
    whole = not listed.more and len(listed) not in POSSIBLE_CAPS
    return [value_of(row) for row in listed.pick(range(len(listed)))], whole


def _ids(enrollment: Any) -> tuple[str | None, Any]:
    contact_id = enrollment.get("contactId") if isinstance(enrollment, dict) else None
    if not is_id(contact_id):
        return None, None
    return str(contact_id), enrollment.get("id")


def _named(reply: Any, contact_id: str, enrollment_id: Any) -> Any:
    """Return a contact's reply as the sequence's list would show it; what is not an object is left as it is."""
    return {**reply, "contactId": contact_id, "enrollmentId": enrollment_id} if isinstance(reply, dict) else reply


def _or_nothing(found: Recovery | BaseException) -> Recovery:
    if isinstance(found, Recovery):
        return found
    if isinstance(found, APIError | ValueError):  # a ValueError for an id that no path can hold
        return _NOTHING
    raise found


def _would_fail_again(found: Recovery | BaseException) -> bool:
    """Whether asking for more contacts is likely to fail as well."""
    return isinstance(found, APIError) and not isinstance(found, NotFoundError)


def reaches(rows: Sequence[Any], after: datetime | None, field: str) -> bool:
    """Whether a list, the newest first, shows a row from before `after`, and so every row since."""
    try:
        oldest = min(timestamps.parse(row[field]) for row in rows)
    except (LookupError, TypeError, ValueError, OverflowError):
        return False
    return after is not None and oldest < timestamps.micros(after)
