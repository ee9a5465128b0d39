"""The Zapier surface: lists of at most 100, newest change first, and creates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from impactive_async._codec.codec import encode_fields
from impactive_async._codec.shapes import many, one
from impactive_async._http.caller import Caller
from impactive_async._http.wire import build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.timestamps import SECOND
from impactive_async.models import Company, Contact, Deal, Invoice, Project, Workspace
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Extra, Resource, not_null, since_query
from impactive_async.resources.auth import workspace_of
from impactive_async.resources.listing.gathering import contacts_of_agents, gather
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.options import of_list, watching
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async.feeds.delivery.source import FeedOptions, Recover
    from impactive_async.feeds.feed import Feed

CREATE_COMPANY = create("/api/zapier/companies")
CREATE_CONTACT = create("/api/zapier/contacts")
CREATE_DEAL = create("/api/zapier/deals")

Row = TypeVar("Row", Company, Contact, Deal, Invoice, Project)

# Whether `since` is inclusive is unknown (A6); the cursor works with either kind.
_RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND, cap=100)


def _contact_recovery(caller: Caller) -> Recover:
    from impactive_async.resources.watching.recovery import ContactRecovery

    return ContactRecovery(caller)


COMPANIES = PolledList(endpoint=get("/api/zapier/companies"), row=Company, rules=_RULES)
CONTACTS = PolledList(
    endpoint=get("/api/zapier/contacts"),
    row=Contact,
    rules=_RULES,
    recovery=_contact_recovery,
    sibling=contacts_of_agents,
)
DEALS = PolledList(endpoint=get("/api/zapier/deals"), row=Deal, rules=_RULES)
INVOICES = PolledList(endpoint=get("/api/zapier/invoices"), row=Invoice, rules=_RULES)
PROJECTS = PolledList(endpoint=get("/api/zapier/projects"), row=Project, rules=_RULES)


class ZapierList(Resource, Generic[Row]):
    """One of the five lists. They differ in their rows only."""

    __slots__ = ("_list",)

    def __init__(self, caller: Caller, polled: PolledList[Row]) -> None:
        super().__init__(caller)
        self._list: PolledList[Row] = polled

    async def list(
        self,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Row]:
        """List at most 100 rows, the last changed first.

        `rows.truncated` of the result says whether there may be more: a sum over such rows may be wrong.
        `list_all` gathers what can be reached.

        Args:
            since: Only rows updated after this moment. It is not documented whether a row updated at this very
                moment is among them (A6).
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: A naive `since`.
            APIError: The call failed.
        """
        polled = self._list
        request = build_request(polled.endpoint, query=since_query(since))
        cap = None if polled.rules is None else polled.rules.cap
        shape = listing(self._caller, polled.endpoint, polled.operation, many(polled.row), cap=cap)
        return await self._caller.call(request, shape, timeout, max_retries, deadline, extra_headers)

    async def list_all(
        self,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Row]:
        """Gather all rows that can be reached, the last changed first.

        This makes several requests.

        The API shows at most 100 rows at once and has no pages. Where the server lists the oldest rows first, the
        next request asks `since` the last row, until all have come. Of contacts, the list of `crm.contacts` shows
        more. Where neither helps, rows that have not changed for long stay out of reach: then `rows.truncated` is
        true, `rows.gap` says of which time rows may be missing, and a warning is logged.

        Args:
            since: Only rows updated after this moment.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often a request is sent again at the most; `None`: the client's.
            deadline: Seconds for each request, attempts and waits included; `None`: the client's.
            extra_headers: Sent with these calls, beside the client's own headers.

        Raises:
            InvalidArgumentError: A naive `since`.
            APIError: A request failed.
        """
        own = (timeout, max_retries, deadline, extra_headers)

        async def ask(moment: datetime | str | None) -> RowList[Row]:
            return await self.list(
                since=moment,
                timeout=timeout,
                max_retries=max_retries,
                deadline=deadline,
                extra_headers=extra_headers,
            )

        sibling = None if self._list.sibling is None else partial(self._list.sibling, self._caller, own)
        return await gather(self._list.name(), ask, sibling, since)

    @watching(of_list)
    def watch(self, options: FeedOptions) -> Feed[Row]:
        """Follow the list: every new row, and every row again whenever it has changed."""
        return self._list.feed(self._caller, options)


class Companies(ZapierList[Company]):
    """`crm.zapier.companies`."""

    async def create(
        self,
        *,
        name: str,
        website: str | None | Unset = UNSET,
        industry: str | None | Unset = UNSET,
        email: str | None | Unset = UNSET,
        phone: str | None | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Company:
        """Create a company. Never sent twice: the server does not de-duplicate.

        Raises:
            InvalidArgumentError: `name` is `None`.
            BadRequestError: A field is invalid.
            APIError: The call failed; if `outcome_unknown`, the company may exist nevertheless.
        """
        body = encode_fields(
            {**not_null(name=name), "website": website, "industry": industry, "email": email, "phone": phone},
            extra,
        )
        request = build_request(CREATE_COMPANY, body=body)
        return await self._caller.call(request, one(Company), timeout, max_retries, deadline, extra_headers)


class ZapierContacts(ZapierList[Contact]):
    """`crm.zapier.contacts`; its rows carry `company_name`."""

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

        Raises:
            InvalidArgumentError: A name is `None`.
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
        request = build_request(CREATE_CONTACT, body=body)
        return await self._caller.call(request, one(Contact), timeout, max_retries, deadline, extra_headers)


class Deals(ZapierList[Deal]):
    """`crm.zapier.deals`."""

    async def create(
        self,
        *,
        name: str,
        value: Decimal | int | float | None | Unset = UNSET,
        currency: str | None | Unset = UNSET,
        stage_id: str | Unset = UNSET,
        company_id: str | None | Unset = UNSET,
        contact_id: str | None | Unset = UNSET,
        expected_close_date: datetime | None | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Deal:
        """Create a deal. Never sent twice: the server does not de-duplicate.

        Args:
            name: The deal's name.
            value: What the deal is worth, in `currency`.
            currency: A code of ISO 4217, such as `"EUR"`.
            stage_id: The stage of the pipeline; left out: the first one.
            company_id: The company that the deal is with.
            contact_id: The primary contact.
            expected_close_date: When it is expected to close, with a time zone.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: The date has no time zone, JSON cannot carry the value exactly, or `name` or
                `stage_id` is `None`.
            BadRequestError: A field is invalid, or an id is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the deal may exist nevertheless.
        """
        body = encode_fields(
            {
                **not_null(name=name, stage_id=stage_id),
                "value": value,
                "currency": currency,
                "company_id": company_id,
                "contact_id": contact_id,
                "expected_close_date": expected_close_date,
            },
            extra,
        )
        return await self._caller.call(
            build_request(CREATE_DEAL, body=body), one(Deal), timeout, max_retries, deadline, extra_headers
        )


class Zapier(Resource):
    """`crm.zapier`."""

    __slots__ = ("companies", "contacts", "deals", "invoices", "projects")

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self.companies = Companies(caller, COMPANIES)
        self.contacts = ZapierContacts(caller, CONTACTS)
        self.deals = Deals(caller, DEALS)
        self.invoices = ZapierList(caller, INVOICES)
        self.projects = ZapierList(caller, PROJECTS)

    async def auth_test(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Workspace:
        """Return the workspace that the key belongs to.

        Raises:
            AuthenticationError: The server refuses the key.
            APIError: The call failed.
        """
        return await workspace_of(self._caller, timeout, max_retries, deadline, extra_headers)
