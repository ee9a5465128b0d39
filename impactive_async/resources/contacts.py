"""Contacts on the agent surface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from impactive_async._checks import check_count
from impactive_async._codec.bodies import Shape, of_json
from impactive_async._codec.codec import decode_rows, encode_draft, encode_fields
from impactive_async._codec.lists import rows_of
from impactive_async._codec.shapes import many, many_exactly, one
from impactive_async._http.wire import build_request, create, get, write
from impactive_async._unset import UNSET, Unset
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Contact, ContactDraft, Reply
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Extra, LateMethod, Resource, changes, drafts_of, not_null
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.options import of_contact, watching
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async._codec.page import Rows
    from impactive_async.feeds.delivery.source import FeedOptions
    from impactive_async.feeds.feed import Feed
    from impactive_async.resources import contact_imports

LIST = get("/api/agent/contacts")
CREATE = create("/api/agent/contacts")
UPDATE = write("PATCH", "/api/agent/contacts/:id")
LIST_REPLIES = get("/api/agent/contacts/:id/replies")

LONGEST_LIST = 500


def _create_many() -> Callable[..., Any]:
    from impactive_async.resources.contact_imports import create_many

    return create_many


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

    if TYPE_CHECKING:
        create_many = contact_imports.create_many
    else:
        create_many = LateMethod(_create_many)

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
    from impactive_async._codec.page import each_row

    return lambda body: [named(row, contact_id) for row in each_row(body, "replies")]


REPLIES = PolledList(endpoint=LIST_REPLIES, row=Reply, cap=100, shape=_named_rows_of)
