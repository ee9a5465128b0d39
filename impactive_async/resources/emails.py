"""What a sequence sent, and what came back: methods of `crm.sequences`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from impactive_async._codec.shapes import many
from impactive_async._http.caller import Caller
from impactive_async._http.wire import build_request, get
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.timestamps import HOUR, MINUTE
from impactive_async.models import Reply, Send
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Resource, since_query
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async.feeds.delivery.source import Recover

LIST_SENDS = get("/api/agent/sequences/:id/sends")
LIST_REPLIES = get("/api/agent/sequences/:id/replies")

CAP = 500

SENDS_RULES = Rules(timestamp="emailDate", overlap=MINUTE, cap=CAP, immutable=True)
# An email's date is older than its arrival: a mailbox may be synchronised long after.
REPLIES_RULES = Rules(timestamp="emailDate", overlap=HOUR, cap=CAP, immutable=True)


def _reply_recovery(caller: Caller, sequence_id: str) -> Recover:
    from impactive_async.resources.watching.recovery import ReplyRecovery

    return ReplyRecovery(caller, sequence_id)


SENDS = PolledList(endpoint=LIST_SENDS, row=Send, rules=SENDS_RULES)
REPLIES = PolledList(endpoint=LIST_REPLIES, row=Reply, rules=REPLIES_RULES, recovery=_reply_recovery)


async def sends(
    self: Resource,
    sequence_id: str,
    *,
    since: datetime | str | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> RowList[Send]:
    """List what the sequence sent, newest first, at most 500.

    `rows.truncated` of the result says whether there may be more.

    Args:
        sequence_id: The sequence.
        since: Only emails dated at this moment or later.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often it is sent again at the most; `None`: the client's.
        deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
        extra_headers: Sent with this call, beside the client's own headers.

    Raises:
        InvalidArgumentError: A naive `since`, or a malformed id.
        NotFoundError: No such sequence in this workspace.
        APIError: The call failed.
    """
    request = build_request(LIST_SENDS, (sequence_id,), query=since_query(since))
    shape = listing(self._caller, LIST_SENDS, "sequences.sends", many(Send), cap=CAP)
    return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)


async def replies(
    self: Resource,
    sequence_id: str,
    *,
    since: datetime | str | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> RowList[Reply]:
    """List what people now on the sequence wrote back, newest first, at most 500.

    `rows.truncated` of the result says whether there may be more.

    Args:
        sequence_id: The sequence.
        since: Only emails dated at this moment or later.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often it is sent again at the most; `None`: the client's.
        deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
        extra_headers: Sent with this call, beside the client's own headers.

    Raises:
        InvalidArgumentError: A naive `since`, or a malformed id.
        NotFoundError: No such sequence in this workspace.
        APIError: The call failed.
    """
    request = build_request(LIST_REPLIES, (sequence_id,), query=since_query(since))
    shape = listing(self._caller, LIST_REPLIES, "sequences.replies", many(Reply), cap=CAP)
    return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)
