"""The Zapier surface (contract #21-#29): lists of at most 100, newest change first, and creates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, one
from impactive_async._http.wire import Endpoint, build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Company, Contact, Deal, Invoice, Project, Workspace
from impactive_async.resources._base import Extra, Resource, since_query

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


class ZapierList(Resource, Generic[Row]):
    """One of the five lists; all of them work alike."""

    __slots__ = ("_endpoint", "_row")

    def __init__(self, caller: Caller, endpoint: Endpoint, row: type[Row]) -> None:
        super().__init__(caller)
        self._endpoint = endpoint
        self._row = row

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
            {"name": name, "website": website, "industry": industry, "email": email, "phone": phone}, extra
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
                "first_name": first_name,
                "last_name": last_name,
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
                "name": name,
                "value": value,
                "currency": currency,
                "stage_id": stage_id,
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
