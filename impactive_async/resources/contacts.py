"""Contacts on the agent surface."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

from impactive_async._checks import check_count
from impactive_async._codec.bodies import Shape, of_json
from impactive_async._codec.codec import decode_rows, encode_draft, encode_fields
from impactive_async._codec.lists import rows_of
from impactive_async._codec.page import Rows, each_row
from impactive_async._codec.shapes import many, many_exactly, one
from impactive_async._http.wire import build_request, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.bulk.create.call import ImportOptions, import_contacts
from impactive_async.bulk.progress import OnProgress
from impactive_async.bulk.report import CreateReport
from impactive_async.errors import InvalidArgumentError
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.feed import Feed
from impactive_async.models import Contact, ContactDraft, Reply
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Extra, Resource, batch_within, changes, drafts_of, not_null
from impactive_async.resources.contact_imports import CREATE, LIST, contacts_api
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.options import of_contact, watching
from impactive_async.resources.watching.polled_list import PolledList

UPDATE = write("PATCH", "/api/agent/contacts/:id")
LIST_REPLIES = get("/api/agent/contacts/:id/replies")

LONGEST_LIST = 500


class Contacts(Resource):
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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Contact:
        """Create a contact. Never sent twice: the server does not de-duplicate.

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
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: A name is `None`, or JSON cannot carry a value of `extra`.
            BadRequestError: A field is invalid, or `company_id` is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the contact may exist nevertheless.
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
        return await self._caller.call(
            build_request(CREATE, body=body), one(Contact), timeout, max_retries, deadline, extra_headers
        )

    async def create_batch(
        self,
        drafts: Iterable[ContactDraft],
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> list[Contact]:
        """Create several contacts in one request (array form). `create_many` takes any number.

        It is unknown how many contacts a server accepts in a request (A8); 100 is a safe number.

        Returns:
            The contacts, in the order of the drafts.

        Raises:
            InvalidArgumentError: There are no drafts, or one is not a `ContactDraft` (`create_many` takes mappings
                too).
            BadRequestError: A contact is invalid.
            DecodeError: The server answered with more or fewer contacts than were sent. Some may not exist.
            APIError: The call failed; if `outcome_unknown`, the contacts may exist nevertheless.
        """
        body = [encode_draft(draft) for draft in drafts_of(ContactDraft, drafts, "drafts")]
        if not body:
            raise InvalidArgumentError("no contacts to create: the batch is empty")
        return await self._caller.call(
            build_request(CREATE, body=body),
            many_exactly(Contact, len(body)),
            timeout,
            max_retries,
            deadline,
            extra_headers,
        )

    async def create_many(
        self,
        rows: Iterable[ContactDraft | Mapping[str, Any]] | AsyncIterable[ContactDraft | Mapping[str, Any]],
        *,
        journal: str | os.PathLike[str] | None = None,
        match_on: str = "email",
        batch_size: int = 40,
        concurrency: int = 4,
        on_progress: OnProgress | None = None,
        keep_results: bool = False,
        settle: float = 30.0,
        resend_unknown: bool = False,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> CreateReport:
        """Create any number of contacts, each once, in batches, reading the input as it goes.

        A bad row fails alone. A row of wrong types or without a name is not sent. A batch that the server refuses
        is halved until the refused row is found. The report has all rows that failed.

        With a `journal`, a call that was killed at any moment continues when it is called again with the same
        rows: no contact is created twice, and none is left out.

        If the answer to a batch is lost, in this run or in a killed one, its contacts are looked for on the lists
        before it is sent again. Other batches go on, unless contacts are missing: then they wait for `settle`.
        Rows whose outcome the lists cannot tell (because more than a hundred other contacts were created
        meanwhile) are reported as unknown, and not sent again.

        The call stops for what would fail every batch: a refused key, a wrong address, or ten batches in a row
        that the network or the server fails. It also stops if the input or `on_progress` raises. Then it reads no
        more rows, and finishes the requests under way.

        Args:
            rows: Drafts, or mappings of their fields. They are read lazily: two batches more than can be sent at
                once are in memory.
            journal: The file that records what was sent; made if it is missing. It belongs to these rows, in this
                order (more may follow at the end), and to this workspace at this base URL. The next call with it
                tries failed rows again, corrected or not. Without a journal, a killed call cannot be continued.
            match_on: The field by which a contact is recognised on the lists: a field of the draft, or a key of
                its `extra`. A row without it is recognised by its names and all other fields.
            batch_size: How many rows a request has, at most 450.
            concurrency: How many requests are under way at once, within the client's own limits. Requests wait for
                each other if together they could overflow the list of 500 on which lost contacts are looked for,
                as four at once with more than 64 rows each.
            on_progress: Called with a `Progress` after each batch, and awaited if it is async.
            keep_results: Keep the result of every row for the report (`results`, `contact_ids`). This takes memory
                for every row.
            settle: Seconds that the server is given to carry out a request whose answer was lost. Only after that,
                a contact that is not on the lists counts as not created.
            resend_unknown: Send rows again that earlier runs reported as unknown. Look for the contacts first.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often a request is sent again at the most, and also a batch that is certainly missing;
                `None`: the client's.

        Raises:
            InvalidArgumentError: An argument is out of its range.
            JournalError: The journal is in use, damaged, or of another input or workspace.
            BulkError: The call stopped before the end of the input. `.report` says what was done, `__cause__` why
                it stopped. If nothing was done, the cause itself is raised.
        """
        options = ImportOptions(
            match_on=match_on,
            batch_size=batch_within(self._caller, "contacts.create_batch", batch_size),
            concurrency=concurrency,
            on_progress=on_progress,
            keep_results=keep_results,
            settle=settle,
            resends=self._caller.max_retries_of(max_retries),
            resend_unknown=resend_unknown,
        )
        api = contacts_api(self._caller.for_bulk(), timeout, max_retries)
        return await import_contacts(rows, api, self._caller.clock, options, journal)

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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Contact:
        """Change some fields of a contact. `None` clears a field, `UNSET` leaves it as it is.

        Raises:
            InvalidArgumentError: No field is given, a name is `None`, or the id is malformed.
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
        return await self._caller.call(request, one(Contact), timeout, max_retries, deadline, extra_headers)

    async def replies(
        self,
        contact_id: str,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Reply]:
        """List what a contact wrote back, the newest first, at most 100.

        `rows.truncated` of the result says whether there may be more.
        Unlike `crm.sequences.replies`, this also shows replies of a contact that is no longer on the sequence.

        Raises:
            InvalidArgumentError: The id is malformed.
            NotFoundError: No such contact in this workspace.
            APIError: The call failed.
        """
        request = build_request(LIST_REPLIES, (contact_id,))
        shape = listing(self._caller, LIST_REPLIES, "contacts.replies", _replies_of(contact_id), cap=REPLIES.cap)
        return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)

    @watching(of_contact)
    def watch_replies(self, contact_id: str, options: FeedOptions) -> Feed[Reply]:
        """Follow what a contact writes back, on any sequence or none: every email once.

        The list has no `since` and shows at most 100 rows. Rows are compared by id and content.
        """
        return REPLIES.feed(self._caller, options, contact_id)

    async def list(
        self,
        *,
        limit: int = 100,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Contact]:
        """List the workspace's contacts, the newest first.

        `rows.truncated` of the result says whether there may be more.

        Args:
            limit: How many contacts at the most, from 1 to 500.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: `limit` is not a whole number from 1 to 500.
            APIError: The call failed.
        """
        request = build_request(LIST, query={"limit": str(check_count(limit, "limit", most=LONGEST_LIST))})
        shape = listing(self._caller, LIST, "contacts.list", many(Contact), cap=LONGEST_LIST, limit=limit)
        return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)


def named(row: Any, contact_id: str) -> Any:
    """Return a raw reply with the id of its contact, which a row may leave out because the path says it."""
    return {**row, "contactId": contact_id} if isinstance(row, dict) and not row.get("contactId") else row


def _replies_of(contact_id: str) -> Shape[list[Reply]]:
    return of_json(lambda data: decode_rows(Reply, [named(row, contact_id) for row in rows_of(data, "replies")]))


def _named_rows_of(contact_id: str) -> Shape[Rows]:
    return lambda body: [named(row, contact_id) for row in each_row(body, "replies")]


REPLIES = PolledList(endpoint=LIST_REPLIES, row=Reply, cap=100, shape=_named_rows_of)
