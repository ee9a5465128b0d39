"""The Zapier surface."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import attrs

from impactive_async import models
from tests.resources.cases import A_CONTACT, CONTACT, NOON, SINCE, WHEN, Case

COMPANY = {"id": "com_9", "name": "Engines", "updatedAt": WHEN}
A_COMPANY = models.Company(id="com_9", name="Engines", updated_at=NOON)
DEAL = {"id": "dea_1", "name": "Pilot", "value": 0.1, "stageName": "Lead", "expectedCloseDate": "2026-05-01"}
A_DEAL = models.Deal(
    id="dea_1",
    name="Pilot",
    value=Decimal("0.1"),
    stage_name="Lead",
    expected_close_date=datetime(2026, 5, 1, tzinfo=UTC),
)

CASES = [
    Case(
        row=21,
        method="GET",
        path="/api/zapier/auth/test",
        call=lambda crm, ids, **o: crm.zapier.auth_test(**o),
        answer={"id": "wsp_1", "name": "Acme"},
        result=models.Workspace(id="wsp_1", name="Acme"),
        repeat="read",
    ),
    Case(
        row=22,
        method="GET",
        path="/api/zapier/companies",
        call=lambda crm, ids, **o: crm.zapier.companies.list(since=NOON, **o),
        query=SINCE,
        answer=[COMPANY],
        result=[A_COMPANY],
        repeat="read",
    ),
    Case(
        row=23,
        method="POST",
        path="/api/zapier/companies",
        call=lambda crm, ids, **o: crm.zapier.companies.create(name="Engines", industry=None, **o),
        body={"name": "Engines", "industry": None},
        status=201,
        answer=COMPANY,
        result=A_COMPANY,
        repeat="never",
        bad=lambda crm, ids, **o: crm.zapier.companies.create(name="", **o),
    ),
    Case(
        row=24,
        method="GET",
        path="/api/zapier/contacts",
        call=lambda crm, ids, **o: crm.zapier.contacts.list(**o),
        answer=[{**CONTACT, "companyName": "Engines"}],
        result=[attrs.evolve(A_CONTACT, company_name="Engines")],
        repeat="read",
    ),
    Case(
        row=25,
        method="POST",
        path="/api/zapier/contacts",
        call=lambda crm, ids, **o: crm.zapier.contacts.create(
            first_name="Ada", last_name="Lovelace", company_id=ids.company, **o
        ),
        body={"firstName": "Ada", "lastName": "Lovelace", "companyId": "com_1"},
        status=201,
        answer=CONTACT,
        result=A_CONTACT,
        repeat="never",
        bad=lambda crm, ids, **o: crm.zapier.contacts.create(first_name="", last_name="B", **o),
    ),
    Case(
        row=26,
        method="GET",
        path="/api/zapier/deals",
        call=lambda crm, ids, **o: crm.zapier.deals.list(since=WHEN, **o),
        query=SINCE,
        answer=[DEAL],
        result=[A_DEAL],
        repeat="read",
    ),
    Case(
        row=27,
        method="POST",
        path="/api/zapier/deals",
        call=lambda crm, ids, **o: crm.zapier.deals.create(
            name="Pilot", value=Decimal("12000.50"), stage_id=ids.stage, expected_close_date=NOON, **o
        ),
        body={"name": "Pilot", "value": 12000.5, "stageId": "stg_1", "expectedCloseDate": WHEN},
        status=201,
        answer=DEAL,
        result=A_DEAL,
        repeat="never",
        bad=lambda crm, ids, **o: crm.zapier.deals.create(name="Pilot", stage_id="stg_else", **o),
    ),
    Case(
        row=28,
        method="GET",
        path="/api/zapier/invoices",
        call=lambda crm, ids, **o: crm.zapier.invoices.list(**o),
        answer=[{"id": "inv_1", "total": "99.90", "dueDate": None}],
        result=[models.Invoice(id="inv_1", total=Decimal("99.90"))],
        repeat="read",
    ),
    Case(
        row=29,
        method="GET",
        path="/api/zapier/projects",
        call=lambda crm, ids, **o: crm.zapier.projects.list(**o),
        answer=[{"id": "prj_1", "name": "Onboarding"}],
        result=[models.Project(id="prj_1", name="Onboarding")],
        repeat="read",
    ),
]
