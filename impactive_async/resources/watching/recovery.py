"""Looking for the rows of a page's gaps in sibling lists: lists that show some of the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import attrs

from impactive_async._codec.page import RawPage, page, value_of
from impactive_async._http.caller import Caller
from impactive_async._http.wire import Endpoint, ServerId, build_request, get
from impactive_async.errors import APIError, NotFoundError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.evidence.wholeness import is_short
from impactive_async.feeds.cursor.seen_versions import is_id
from impactive_async.feeds.delivery.source import Recovery
from impactive_async.models.gap import Gap
from impactive_async.resources.listing.gathering import CONTACTS, CONTACTS_CAP

ENROLLMENTS = get("/api/agent/sequences/:id/enrollments")
CONTACT_REPLIES = get("/api/agent/contacts/:id/replies")

CONTACT_REPLIES_CAP = 100
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
        enrolled, whole = await self._enrolled()
        lists = list[Replies]()
        for first in range(0, len(enrolled), AT_ONCE):
            some = enrolled[first : first + AT_ONCE]
            found = await asyncio.gather(*(self._of(*one) for one in some), return_exceptions=True)
            lists += [one for one in map(_or_nothing, found) if one is not None]
            if any(_would_fail_again(one) for one in found):
                break
        rows = [reply for one in lists for reply in one.rows]
        return Recovery(rows, filled_by(lists, gaps) if whole and len(lists) == len(enrolled) else ())

    async def _enrolled(self) -> tuple[list[tuple[str, Any]], bool]:
        """Return the ids of each contact and an enrollment of theirs, and whether these are certainly all."""
        enrolled, whole = await _rows(self._caller, ENROLLMENTS, "updatedAt", self._sequence_id)
        contacts = dict[str, Any]()  # somebody enrolled twice is asked for once
        for contact_id, enrollment_id in map(_ids, enrolled):
            if contact_id is None:
                whole = False
            else:
                contacts.setdefault(contact_id, enrollment_id)
        return [*contacts.items()], whole

    async def _of(self, contact_id: str, enrollment_id: Any) -> Replies:
        listed = await _page(self._caller, CONTACT_REPLIES, "emailDate", ServerId(contact_id))
        named = [_named(reply, contact_id, enrollment_id) for reply in _values(listed)]
        return Replies(named, more=listed.more)


@attrs.frozen
class Replies:
    """A contact's list of replies.

    Attributes:
        rows: The replies.
        more: Whether the answer says that there are others.
    """

    rows: Sequence[Any]
    more: bool = False


def filled_by(lists: Sequence[Replies], gaps: Collection[Gap]) -> list[Gap]:
    """Return the gaps of which contacts' lists show every row.

    A list that has no row from before a gap is whole if it is shorter than another one, which was not cut off at
    that length, or shorter than any list is cut off at. Of late rows (`lookback`) it suffices that its length is
    no usual one to cut off at: there are few of them, and most lists of a young sequence begin within that time.
    """
    longest = max((len(one.rows) for one in lists), default=0)
    open_ended = [one for one in lists if one.more or len(one.rows) >= max(longest, LEAST_CAP)]
    usual = [one for one in open_ended if one.more or not is_short(len(one.rows), CONTACT_REPLIES_CAP)]
    return [
        gap
        for gap in gaps
        if all(
            reaches(one.rows, gap.after, "emailDate") for one in (usual if gap.kind == "lookback" else open_ended)
        )
    ]


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


async def _rows(
    caller: Caller, endpoint: Endpoint, stamp: str, *ids: str, limit: int | None = None
) -> tuple[list[Any], bool]:
    """Return the rows of a list, and whether they are certainly all."""
    listed = await _page(caller, endpoint, stamp, *ids, limit=limit)
    return _values(listed), not listed.more and is_short(len(listed), limit)


async def _page(caller: Caller, endpoint: Endpoint, stamp: str, *ids: str, limit: int | None = None) -> RawPage:
    query = None if limit is None else {"limit": str(limit)}
    plural = endpoint.template.rpartition("/")[2]
    listed: RawPage = await caller.call(build_request(endpoint, ids, query=query), page("id", stamp, plural))
    return listed


def _values(listed: RawPage) -> list[Any]:
    return [value_of(row) for row in listed.pick(range(len(listed)))]


def _ids(enrollment: Any) -> tuple[str | None, Any]:
    contact_id = enrollment.get("contactId") if isinstance(enrollment, dict) else None
    if not is_id(contact_id):
        return None, None
    return str(contact_id), enrollment.get("id")


def _named(reply: Any, contact_id: str, enrollment_id: Any) -> Any:
    """Return a contact's reply as the sequence's list would show it; what is not an object is left as it is."""
    return {**reply, "contactId": contact_id, "enrollmentId": enrollment_id} if isinstance(reply, dict) else reply


def _or_nothing(found: Replies | BaseException) -> Replies | None:
    if isinstance(found, Replies):
        return found
    if isinstance(found, APIError | ValueError):  # a ValueError for an id that no path can hold
        return None
    raise found


def _would_fail_again(found: Replies | BaseException) -> bool:
    """Whether asking for more contacts is likely to fail as well."""
    return isinstance(found, APIError) and not isinstance(found, NotFoundError)


def reaches(rows: Sequence[Any], after: datetime | None, field: str) -> bool:
    """Whether a list, the newest first, shows a row from before `after`, and so every row since."""
    try:
        moments = [timestamps.parse(row[field]) for row in rows]
    except (LookupError, TypeError, ValueError, OverflowError):
        return False
    newest_first = moments == sorted(moments, reverse=True)  # in another order it may have been cut off anywhere
    return after is not None and newest_first and bool(moments) and moments[-1] < timestamps.micros(after)
