"""The Zapier surface (contract #21-#29): lists of at most 100, newest change first, and creates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, one
from impactive_async._http.wire import Endpoint, build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.rules import Now, Rules
from impactive_async.feeds.source import INTERVAL, OnBadRow, OnGap, Recovery, Source, options
from impactive_async.feeds.timestamps import SECOND
from impactive_async.models import Company, Contact, Deal, Invoice, Project, Workspace
from impactive_async.models.gap import Gap
from impactive_async.resources._base import Extra, Resource, not_null, pages, since_query
from impactive_async.resources.recovery import ContactRecovery
from impactive_async.stores import CursorStore

AUTH_TEST = get("/api/zapier/auth/test")
COMPANIES = get("/api/zapier/companies")
CREATE_COMPANY = create("/api/zapier/companies")
CONTACTS = get("/api/zapier/contacts")
CREATE_CONTACT = create("/api/zapier/contacts")
DEALS = get("/api/zapier/deals")
CREATE_DEAL = create("/api/zapier/deals")
INVOICES = get("/api/zapier/invoices")
PROJECTS = get("/api/zapier/projects")

Row = TypeVar("Row", Company, Contact, Deal, Invoice, Project)

# Whether `since` is inclusive is unknown (A6), which the cursor makes immaterial.
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND, cap=100)


class ZapierList(Resource, Generic[Row]):
    """One of the five lists; all of them work alike."""

    __slots__ = ("_endpoint", "_row")

    def __init__(self, caller: Caller, endpoint: Endpoint, row: type[Row]) -> None:
        super().__init__(caller)
        self._endpoint = endpoint
        self._row: type[Row] = row

    async def list(
        self,
        *,
        since: datetime | str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> list[Row]:
        """List at most 100 rows, the newest change first (contract #22, #24, #26, #28, #29).

        Args:
            since: Only rows updated after this moment; whether a row updated at that very moment comes along is
                not documented (A6).
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive `since`.
            APIError: The call failed.
        """
        request = build_request(self._endpoint, query=since_query(since))
        return await self._caller.call(request, many(self._row), timeout, max_retries)

    def watch(
        self,
        *,
        since: datetime | str | Now | None = None,
        store: CursorStore | None = None,
        key: str | None = None,
        interval: float = INTERVAL,
        max_interval: float | None = None,
        overlap: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
    ) -> Feed[Row]:
        """Follow the list: every row that is new or changed since, as often as it is seen changed.

        Makes no request before it is iterated or polled.

        Args:
            since: `None`: all the API still shows; `NOW`: only what comes after; or a moment. A cursor found in
                the store goes before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may turn up late, behind its own timestamp; default: 10 s.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: A naive `since`, or an interval or overlap out of range.
        """
        source = zapier_source(self._caller, self._endpoint, self._row).with_overlap(overlap)
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
    ) -> Company:
        """Create a company (contract #23). Never sent twice: the server does not de-duplicate.

        Raises:
            BadRequestError: A field is invalid.
            APIError: The call failed; if `outcome_unknown`, the company may exist all the same.
        """
        body = encode_fields(
            {**not_null(name=name), "website": website, "industry": industry, "email": email, "phone": phone},
            extra,
        )
        request = build_request(CREATE_COMPANY, body=body)
        return await self._caller.call(request, one(Company), timeout, max_retries)


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
    ) -> Contact:
        """Create a contact (contract #25). Never sent twice: the server does not de-duplicate.

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
        request = build_request(CREATE_CONTACT, body=body)
        return await self._caller.call(request, one(Contact), timeout, max_retries)


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
    ) -> Deal:
        """Create a deal (contract #27). Never sent twice: the server does not de-duplicate.

        Args:
            name: What it is called.
            value: What it is worth, in `currency`.
            currency: ISO 4217, as in `"EUR"`.
            stage_id: Left out: the first stage of the pipeline.
            company_id: The company it is with.
            contact_id: Its primary contact.
            expected_close_date: Aware.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive datetime, or a value that JSON cannot carry exactly.
            BadRequestError: A field is invalid, or an id is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the deal may exist all the same.
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
        return await self._caller.call(build_request(CREATE_DEAL, body=body), one(Deal), timeout, max_retries)


class Zapier(Resource):
    """`crm.zapier`."""

    __slots__ = ("companies", "contacts", "deals", "invoices", "projects")

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self.companies = Companies(caller, COMPANIES, Company)
        self.contacts = ZapierContacts(caller, CONTACTS, Contact)
        self.deals = Deals(caller, DEALS, Deal)
        self.invoices = ZapierList(caller, INVOICES, Invoice)
        self.projects = ZapierList(caller, PROJECTS, Project)

    async def auth_test(self, *, timeout: float | None = None, max_retries: int | None = None) -> Workspace:
        """Return the workspace that the key opens (contract #21).

        Raises:
            AuthenticationError: The key is refused.
            APIError: The call failed.
        """
        return await self._caller.call(build_request(AUTH_TEST), one(Workspace), timeout, max_retries)


def zapier_source(caller: Caller, endpoint: Endpoint, row: type[Row]) -> Source[Row]:
    """One of the five lists as something to follow; gaps of contacts are looked for on the agent surface (#1)."""
    recover: Callable[[Gap], Awaitable[Recovery]] | None = (
        ContactRecovery(caller) if endpoint is CONTACTS else None
    )
    return Source(
        name=endpoint.template.removeprefix("/api/"),
        row=row,
        rules=RULES,
        page=pages(caller, endpoint, rules=RULES),
        clock=caller.clock,
        recover=recover,
    )
