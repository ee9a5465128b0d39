"""Who is on a sequence: methods of `crm.sequences`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from impactive_async._codec.codec import encode_fields
from impactive_async._codec.shapes import many, nothing, result
from impactive_async._http.wire import build_request, delete, get, write
from impactive_async._unset import UNSET
from impactive_async.errors import InvalidArgumentError
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.timestamps import SECOND
from impactive_async.models import Enrollment, EnrollResult, PauseResult
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Extra, Resource, id_list, since_query
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.polled_list import PolledList

ENROLL = write("POST", "/api/agent/sequences/:id/enroll")
PAUSE = write("POST", "/api/agent/sequences/:id/pause")
UNENROLL = delete("/api/agent/sequences/:id/contacts/:contactId")
LIST = get("/api/agent/sequences/:id/enrollments")

# No cap is documented (A7). The boundary of `since` is exclusive; the cursor works with either kind.
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND)

ENROLLMENTS = PolledList(endpoint=LIST, row=Enrollment, rules=RULES)


async def enroll(
    self: Resource,
    sequence_id: str,
    *,
    contact_ids: Iterable[str] | None = None,
    tag_ids: Iterable[str] | None = None,
    list_ids: Iterable[str] | None = None,
    extra: Extra | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> EnrollResult:
    """Put people on a sequence. Whoever is on it already is skipped, and listed in the result.

    The request is sent again after an unclear failure, which is safe because the server de-duplicates. Then
    `attempts` of the result is above 1, and somebody `already_enrolled` may have been enrolled by this very call.

    Args:
        sequence_id: The sequence.
        contact_ids: Ids of contacts.
        tag_ids: Ids of tags: everybody with one of them (needs the Audience module).
        list_ids: Ids of lists: everybody on one of them (needs the Audience module).
        extra: Undocumented wire fields, sent along as given.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often it is sent again at the most; `None`: the client's.
        deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
        extra_headers: Sent with this call, beside the client's own headers.

    Raises:
        InvalidArgumentError: There is nobody to enroll, or an id is malformed.
        NotFoundError: No such sequence in this workspace.
        APIError: The call failed.
    """
    audience = {
        "contact_ids": id_list(contact_ids, "contact_ids"),
        "tag_ids": id_list(tag_ids, "tag_ids"),
        "list_ids": id_list(list_ids, "list_ids"),
    }
    chosen = {name: ids for name, ids in audience.items() if ids}
    if not chosen:
        raise InvalidArgumentError(
            "nobody to enroll: give contact_ids, tag_ids or list_ids (an empty list is nobody)"
        )
    request = build_request(ENROLL, (sequence_id,), body=encode_fields(chosen, extra))
    answer = await self._caller.answer(
        request, result(EnrollResult), timeout, max_retries, deadline, extra_headers
    )
    return attrs.evolve(answer.value, attempts=answer.attempts)


async def pause(
    self: Resource,
    sequence_id: str,
    *,
    contact_ids: Iterable[str] | None = None,
    extra: Extra | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> PauseResult:
    """Pause active enrollments: those of some contacts, or, if `contact_ids` is `None`, all.

    Raises:
        InvalidArgumentError: `contact_ids` is empty (an empty list never means everyone), or an id is malformed.
        NotFoundError: No such sequence in this workspace.
        APIError: The call failed.
    """
    chosen = id_list(contact_ids, "contact_ids")
    if contact_ids is not None and not chosen:
        raise InvalidArgumentError("contact_ids is empty; leave it out to pause everyone active on the sequence")
    body = encode_fields({"contact_ids": chosen or UNSET}, extra)
    request = build_request(PAUSE, (sequence_id,), body=body)
    return await self._caller.call(request, result(PauseResult), timeout, max_retries, deadline, extra_headers)


async def unenroll(
    self: Resource,
    sequence_id: str,
    contact_id: str,
    *,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> None:
    """Take a contact off a sequence.

    The contact's sends stay listed, without an enrollment. Its replies are no longer in `sequences.replies`; they
    stay in `contacts.replies`.

    Raises:
        InvalidArgumentError: An id is malformed.
        NotFoundError: There is no such sequence, or the contact is not on it. After a lost answer the request is
            sent again; then a 404 means success.
        APIError: The call failed.
    """
    request = build_request(UNENROLL, (sequence_id, contact_id))
    await self._caller.call(request, nothing, timeout, max_retries, deadline, extra_headers)


async def enrollments(
    self: Resource,
    sequence_id: str,
    *,
    since: datetime | str | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> RowList[Enrollment]:
    """List who is on the sequence, and which step each has come to.

    `rows.truncated` of the result says whether there may be more.

    Args:
        sequence_id: The sequence.
        since: Only enrollments updated after this moment; one updated at this very moment is left out.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often it is sent again at the most; `None`: the client's.
        deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
        extra_headers: Sent with this call, beside the client's own headers.

    Raises:
        InvalidArgumentError: A naive `since`, or a malformed id.
        NotFoundError: No such sequence in this workspace.
        APIError: The call failed.
    """
    request = build_request(LIST, (sequence_id,), query=since_query(since))
    shape = listing(self._caller, LIST, "sequences.enrollments", many(Enrollment))
    return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)
