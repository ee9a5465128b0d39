"""Contacts on the agent surface (contract #1-#4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from impactive_async._http.caller import Answer, Caller
from impactive_async._http.codec import decode_rows, encode_draft, encode_fields
from impactive_async._http.decipher import rows_of
from impactive_async._http.shapes import many, many_exactly, one
from impactive_async._http.wire import build_request, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.rules import Now
from impactive_async.feeds.source import INTERVAL, OnBadRow, OnGap, Source, options
from impactive_async.models import Contact, ContactDraft, Reply
from impactive_async.resources._base import Extra, changes, drafts_of, not_null, pages
from impactive_async.resources.contact_imports import CREATE, LIST, ContactImports
from impactive_async.stores import CursorStore

UPDATE = write("PATCH", "/api/agent/contacts/:id")
REPLIES = get("/api/agent/contacts/:id/replies")

LONGEST_LIST = 500
REPLIES_CAP = 100


class Contacts(ContactImports):
    """`crm.contacts`."""

    async def create(
        self,
        *,
        first_name: str,
        last_name: str,
        email: str | None | Unset = UNSET,
        phone: str | None | Unset = UNSET,
        title: str | None | Unset = UNSET,
        company_id: str | None | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Contact:
        """Create a contact (contract #2). Never sent twice: the server does not de-duplicate.

        Args:
            first_name: Required by the API.
            last_name: Required by the API.
            email: Their address.
            phone: Their number, as text.
            title: Their job title.
            company_id: An id of `crm.zapier.companies`.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            BadRequestError: A field is invalid, or `company_id` is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the contact may exist all the same.
        """
        body = encode_fields(
            {
                **not_null(first_name=first_name, last_name=last_name),
                "email": email,
                "phone": phone,
                "title": title,
                "company_id": company_id,
            },
            extra,
        )
        return await self._caller.call(build_request(CREATE, body=body), one(Contact), timeout, max_retries)

    async def create_batch(
        self,
        drafts: Iterable[ContactDraft],
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[Contact]:
        """Create several contacts in one request (contract #2, array form); `create_many` chunks and resumes.

        The largest batch a server takes is unknown (A8): 100 is a safe size.

        Returns:
            The contacts, in the order of the drafts.

        Raises:
            ValueError: There are no drafts, or one is no `ContactDraft` (`create_many` takes mappings too).
            BadRequestError: One of them is invalid.
            DecodeError: Not as many contacts came back as were sent; some may not exist.
            APIError: The call failed; if `outcome_unknown`, they may exist all the same.
        """
        body = [encode_draft(draft) for draft in drafts_of(ContactDraft, drafts, "drafts")]
        if not body:
            raise ValueError("no contacts to create: the batch is empty")
        return await self._caller.call(
            build_request(CREATE, body=body), many_exactly(Contact, len(body)), timeout, max_retries
        )

    async def update(
        self,
        contact_id: str,
        *,
        first_name: str | Unset = UNSET,
        last_name: str | Unset = UNSET,
        email: str | None | Unset = UNSET,
        phone: str | None | Unset = UNSET,
        title: str | None | Unset = UNSET,
        company_id: str | None | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Contact:
        """Change the given fields of a contact (contract #3); `None` clears, `UNSET` leaves alone.

        Raises:
            ValueError: Nothing to change, or a malformed id.
            NotFoundError: No such contact in this workspace.
            APIError: The call failed.
        """
        body = changes(
            {
                **not_null(first_name=first_name, last_name=last_name),
                "email": email,
                "phone": phone,
                "title": title,
                "company_id": company_id,
            },
            extra,
        )
        request = build_request(UPDATE, (contact_id,), body=body)
        return await self._caller.call(request, one(Contact), timeout, max_retries)

    async def replies(
        self, contact_id: str, *, timeout: float | None = None, max_retries: int | None = None
    ) -> list[Reply]:
        """List what this contact wrote back, newest first, at most 100 (contract #4).

        Unlike `crm.sequences.replies` it also lists people who have been unenrolled.

        Raises:
            ValueError: A malformed id.
            NotFoundError: No such contact in this workspace.
            APIError: The call failed.
        """
        request = build_request(REPLIES, (contact_id,))
        return await self._caller.call(request, replies_of(contact_id), timeout, max_retries)

    def watch_replies(
        self,
        contact_id: str,
        *,
        since: Now | None = None,
        store: CursorStore | None = None,
        key: str | None = None,
        interval: float = INTERVAL,
        max_interval: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
    ) -> Feed[Reply]:
        """Follow what this contact writes back, on any sequence or none (contract #4): every email once.

        The list has no `since` and shows 100 at the most: rows are compared by id and content.

        Makes no request before it is iterated or polled.

        Args:
            contact_id: The contact.
            since: `None`: all the API still shows; `NOW`: only what comes after. A cursor found in the store goes
                before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: A malformed id, or an interval out of range.
        """
        source = contact_replies_source(self._caller, contact_id)
        chosen = options(
            since=since,
            store=store,
            key=key,
            interval=interval,
            max_interval=max_interval,
            on_gap=on_gap,
            on_bad_row=on_bad_row,
        )
        return Feed(source, chosen)

    async def list(
        self, *, limit: int = 100, timeout: float | None = None, max_retries: int | None = None
    ) -> list[Contact]:
        """List the workspace's contacts, newest first (contract #1).

        Args:
            limit: How many at the most, 1 to 500.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: `limit` is not within 1 and 500.
            APIError: The call failed.
        """
        request = build_request(LIST, query={"limit": str(_check_limit(limit))})
        return await self._caller.call(request, many(Contact), timeout, max_retries)


def replies_of(contact_id: str) -> Callable[[Any], list[Reply]]:
    """The shape of #4, whose rows need not repeat whose they are: the path says it."""
    return lambda data: decode_rows(Reply, [named(row, contact_id) for row in rows_of(data)])


def named(row: Any, contact_id: str) -> Any:
    """Return a raw reply that says whose it is."""
    return {**row, "contactId": contact_id} if isinstance(row, dict) and not row.get("contactId") else row


def contact_replies_source(caller: Caller, contact_id: str) -> Source[Reply]:
    """The list #4 as something to follow."""
    list_page = pages(caller, REPLIES, contact_id)

    async def page(since: str | None) -> Answer[Sequence[Any]]:
        answer = await list_page(since)
        return attrs.evolve(answer, value=[named(row, contact_id) for row in answer.value])

    return Source(
        name=f"contacts/{contact_id}/replies",
        row=Reply,
        rules=None,
        page=page,
        clock=caller.clock,
        cap=REPLIES_CAP,
    )


def _check_limit(limit: object) -> int:
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= LONGEST_LIST:
        raise ValueError(f"limit is a whole number from 1 to {LONGEST_LIST}, not {limit!r}")
    return limit
