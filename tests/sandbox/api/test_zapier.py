"""Contract rows 19 to 29: bookings and the Zapier surface."""

from typing import Any

import pytest

from tests.sandbox.calls import Api, MakeApi

KINDS = ["companies", "contacts", "deals", "invoices", "projects"]


def fill(api: Api, kind: Any, count: int) -> list[str]:
    fields = {"name": "x", "firstName": "x", "lastName": "x", "status": "s"}
    return [api.sb.state.add(kind, fields).id for _ in range(count)]


async def test_the_auth_test_names_the_workspace(api: Api) -> None:
    """A valid key is answered with the workspace's id and name."""
    row = await api.get("/api/zapier/auth/test")
    assert row.keys() == {"id", "name"}
    assert row["name"] == "Sandbox demo"


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_are_latest_updated_first_and_at_most_100(api: Api, kind: str) -> None:
    """A page has the 100 rows updated last, in that order."""
    ids = fill(api, kind, 102)
    await api.sb.clock.advance(seconds=1)
    api.sb.state.touch(kind, ids[0])  # type: ignore[arg-type]
    rows = await api.get(f"/api/zapier/{kind}")
    assert [row["id"] for row in rows] == [ids[0], *ids[:2:-1]]
    assert rows[0]["updatedAt"] == "2026-05-01T09:00:01.000Z"
    assert rows[0]["createdAt"] == "2026-05-01T09:00:00.000Z"


@pytest.mark.parametrize(("boundary", "count"), [("exclusive", 1), ("inclusive", 2)])
@pytest.mark.parametrize("kind", KINDS)
async def test_since_is_exclusive_unless_asked_for(
    make_api: MakeApi, kind: str, boundary: str, count: int
) -> None:
    """Rows exactly at `since` are left out, or come again in a workspace made so."""
    async with make_api(zapier_since=boundary) as api:
        fill(api, kind, 1)
        await api.sb.clock.advance(seconds=1)
        fill(api, kind, 1)
        rows = await api.get(f"/api/zapier/{kind}", since="2026-05-01T09:00:00Z")
        assert len(rows) == count
        assert await api.get(f"/api/zapier/{kind}", since="2026-05-01T09:00:01.001Z") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_since_that_is_no_moment_is_refused(api: Api, kind: str) -> None:
    """`since` must be ISO 8601 with an offset."""
    assert "since" in await api.refused(400, "GET", f"/api/zapier/{kind}?since=2026-05-01")


async def test_the_cap_can_be_moved(make_api: MakeApi) -> None:
    """The cap is an option, for tests with few rows."""
    async with make_api(zapier_cap=2) as api:
        fill(api, "deals", 3)
        assert len(await api.get("/api/zapier/deals")) == 2


@pytest.mark.parametrize("cap", [0, -1, "many"])
async def test_a_cap_is_a_positive_number(make_api: MakeApi, cap: Any) -> None:
    """A cap below one is a mistake."""
    with pytest.raises((ValueError, TypeError)):
        async with make_api(zapier_cap=cap):
            pass


async def test_microseconds_are_stored_where_only_milliseconds_show(make_api: MakeApi) -> None:
    """Such a server shows the boundary row again under a strict `>`."""
    async with make_api(stored_precision="microseconds") as api:
        await api.sb.clock.advance(seconds=0.000999)
        row = await api.post("/api/zapier/companies", {"name": "x"})
        assert row["updatedAt"] == "2026-05-01T09:00:00.000Z"
        assert await api.get("/api/zapier/companies", since=row["updatedAt"]) == [row]


async def test_milliseconds_are_all_there_is_by_default(api: Api) -> None:
    """What is not printed is not stored either: the boundary row does not come again."""
    await api.sb.clock.advance(seconds=0.000999)
    row = await api.post("/api/zapier/companies", {"name": "x"})
    assert await api.get("/api/zapier/companies", since=row["updatedAt"]) == []


async def test_microseconds_are_printed_on_demand(make_api: MakeApi) -> None:
    """A workspace may print six digits."""
    async with make_api(timestamp_precision="microseconds") as api:
        await api.sb.clock.advance(seconds=0.000999)
        row = await api.post("/api/zapier/companies", {"name": "x"})
        assert row["updatedAt"] == "2026-05-01T09:00:00.000999Z"
        assert await api.get("/api/zapier/companies", since=row["updatedAt"]) == []


async def test_a_company_is_created(api: Api) -> None:
    """Create answers 201 with the row, custom fields included; only the name is required."""
    got = await api.send("POST", "/api/zapier/companies", {"name": "Engines", "tier": "gold"})
    assert got.status == 201
    assert got.json["tier"] == "gold"
    assert got.json["website"] is None
    assert await api.get("/api/zapier/companies") == [got.json]


@pytest.mark.parametrize("path", ["companies", "deals"])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "name is required"),
        ({"name": None}, "name must not be null"),
        ({"name": ""}, "name must not be empty"),
        ({"name": 1}, "name must be a string"),
    ],
)
async def test_a_name_is_required(api: Api, path: str, body: Any, error: str) -> None:
    """Companies and deals need a name."""
    assert await api.refused(400, "POST", f"/api/zapier/{path}", body) == error


async def test_a_deal_starts_in_the_first_stage(api: Api) -> None:
    """Without a stage, or with null, a deal is placed in the first stage of the pipeline."""
    first, first_name = next(iter(api.sb.state.deal_stages.items()))
    for body in ({"name": "D"}, {"name": "D", "stageId": None}):
        got = await api.send("POST", "/api/zapier/deals", body)
        assert (got.status, got.json["stageId"], got.json["stageName"]) == (201, first, first_name)


async def test_a_deals_names_are_resolved(api: Api) -> None:
    """Stage, company and primary contact are shown by name, as they are now."""
    company = await api.post("/api/zapier/companies", {"name": "Engines"})
    ada = await api.post("/api/zapier/contacts", {"firstName": "Ada", "lastName": "Byron"})
    stage, stage_name = list(api.sb.state.deal_stages.items())[2]
    body = {"name": "D", "value": 10.5, "currency": "EUR", "stageId": stage, "companyId": company["id"]}
    await api.post("/api/zapier/deals", {**body, "contactId": ada["id"], "expectedCloseDate": "2026-06-01"})
    await api.patch(f"/api/agent/contacts/{ada['id']}", {"lastName": "Lovelace"})
    (row,) = await api.get("/api/zapier/deals")
    assert (row["stageName"], row["companyName"]) == (stage_name, "Engines")
    assert (row["primaryContactName"], row["value"]) == ("Ada Lovelace", 10.5)
    assert row["expectedCloseDate"] == "2026-06-01"


@pytest.mark.parametrize("value", [0, -5, 12.25, "12.25", "-3", None])
async def test_money_comes_back_as_it_was_sent(api: Api, value: Any) -> None:
    """A value is a number or a decimal string, echoed in the same form."""
    row = await api.post("/api/zapier/deals", {"name": "D", "value": value})
    assert (row["value"], type(row["value"])) == (value, type(value))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": "much"}, "value must be a number"),
        ({"value": True}, "value must be a number"),
        ({"value": []}, "value must be a number"),
        ({"currency": 1}, "currency must be a string"),
        ({"stageId": "nope"}, "stageId does not belong to this workspace"),
        ({"companyId": "nope"}, "companyId does not belong to this workspace"),
        ({"contactId": "nope"}, "contactId does not belong to this workspace"),
        ({"expectedCloseDate": "soon"}, "expectedCloseDate must be an ISO 8601 date or timestamp"),
        ({"expectedCloseDate": 5}, "expectedCloseDate must be an ISO 8601 date or timestamp"),
        ({"expectedCloseDate": "2026-02-30"}, "expectedCloseDate must be an ISO 8601 date or timestamp"),
    ],
)
async def test_a_wrong_deal_is_refused_by_field(api: Api, change: Any, error: str) -> None:
    """Wrong types and foreign ids are 400."""
    assert await api.refused(400, "POST", "/api/zapier/deals", {"name": "D", **change}) == error


async def test_invoices_and_projects_show_names(api: Api) -> None:
    """Rows the API cannot create are made by the sandbox's own helpers, and shown with names resolved."""
    state = api.sb.state
    company = await api.post("/api/zapier/companies", {"name": "Engines"})
    ada = state.create_contact("Ada", "Lovelace")
    links = {"companyId": company["id"], "contactId": ada.id}
    state.add_invoice("INV-1", 12.5, extra={**links, "dueDate": "2026-06-01"})
    state.add_project("Build", extra=links)
    state.add("projects", {"name": "Loose"})
    (invoice,) = await api.get("/api/zapier/invoices")
    loose, project = await api.get("/api/zapier/projects")
    assert (invoice["invoiceNumber"], invoice["total"], invoice["dueDate"]) == ("INV-1", 12.5, "2026-06-01")
    assert (invoice["companyName"], invoice["contactName"]) == ("Engines", "Ada Lovelace")
    assert (project["stageName"], project["companyName"]) == ("Planned", "Engines")
    assert (loose["stageName"], loose["companyName"]) == (None, None)


async def test_a_booking_is_created_and_listed(api: Api) -> None:
    """A booking may name a contact; the list has all of them, the latest first."""
    ada = api.sb.state.create_contact("Ada", "Lovelace")
    body = {"title": "Call", "startTime": "2026-05-04T12:00:00+02:00", "contactId": ada.id, "room": 7}
    got = await api.send("POST", "/api/agent/bookings", body)
    assert got.status == 201
    assert got.json == {
        "id": got.json["id"],
        "title": "Call",
        "startTime": "2026-05-04T10:00:00.000Z",
        "endTime": None,
        "contactId": ada.id,
        "guestName": None,
        "guestEmail": None,
        "notes": None,
        "status": "scheduled",
        "room": 7,
        "createdAt": "2026-05-01T09:00:00.000Z",
        "updatedAt": "2026-05-01T09:00:00.000Z",
    }
    bare = await api.post("/api/agent/bookings", {})
    assert await api.get("/api/agent/bookings") == [bare, got.json]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"contactId": "nope"}, "contactId does not belong to this workspace"),
        ({"startTime": "2026-05-04"}, "startTime must be an ISO 8601 timestamp with an offset"),
        ({"startTime": "2026-05-04T12:00:00"}, "startTime must be an ISO 8601 timestamp with an offset"),
        ({"endTime": 5}, "endTime must be an ISO 8601 timestamp with an offset"),
        ({"endTime": "0001-01-01T00:00:00+01:00"}, "endTime must be an ISO 8601 timestamp with an offset"),
        ({"notes": {}}, "notes must be a string"),
    ],
)
async def test_a_wrong_booking_is_refused_by_field(api: Api, body: Any, error: str) -> None:
    """Wrong types and foreign contacts are 400."""
    assert await api.refused(400, "POST", "/api/agent/bookings", body) == error
    assert await api.get("/api/agent/bookings") == []
