"""Contract rows 1 to 4, and 24 and 25 as far as they are the same contacts."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.calls import Api, MakeApi

CONTACTS = "/api/agent/contacts"
ADA = {"firstName": "Ada", "lastName": "Lovelace"}


async def test_a_created_contact_has_all_its_fields(api: Api) -> None:
    """Create answers 201 with the row: what was sent, null for the rest, names resolved, and timestamps."""
    company = await api.post("/api/zapier/companies", {"name": "Engines"})
    got = await api.send("POST", CONTACTS, {**ADA, "email": "ada@example.com", "companyId": company["id"]})
    assert got.status == 201
    assert got.json == {
        "id": got.json["id"],
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@example.com",
        "phone": None,
        "title": None,
        "companyId": company["id"],
        "companyName": "Engines",
        "createdAt": "2026-05-01T09:00:00.000Z",
        "updatedAt": "2026-05-01T09:00:00.000Z",
    }
    assert await api.get(CONTACTS) == [got.json] == await api.get("/api/zapier/contacts")


async def test_custom_fields_are_kept_and_shown(api: Api) -> None:
    """Fields the contract does not name are stored; those the server owns are not taken from the client."""
    sent = {**ADA, "shoeSize": 38, "nested": {"a": [1, None]}, "id": "mine", "createdAt": "x", "companyName": "x"}
    row = await api.post(CONTACTS, sent)
    assert row["shoeSize"] == 38
    assert row["nested"] == {"a": [1, None]}
    assert row["id"] != "mine"
    assert row["createdAt"] == "2026-05-01T09:00:00.000Z"
    assert row["companyName"] is None


async def test_a_batch_creates_all_in_order(api: Api) -> None:
    """An array is answered with an array in the same order, an empty one with an empty one."""
    rows = await api.post(CONTACTS, [{"firstName": name, "lastName": "X"} for name in "abc"])
    assert [row["firstName"] for row in rows] == ["a", "b", "c"]
    assert await api.get(CONTACTS) == rows[::-1]
    assert await api.post(CONTACTS, []) == []


@pytest.mark.parametrize("bad", [{}, {"firstName": "Ada"}, {**ADA, "email": 7}, "Ada", None])
async def test_one_bad_row_refuses_the_batch(api: Api, bad: Any) -> None:
    """A batch is all or nothing, and the error names the index."""
    got = await api.send("POST", CONTACTS, [ADA, bad, ADA])
    assert (got.status, got.json["index"]) == (400, 1)
    assert got.json["error"].startswith("[1]")
    assert await api.get(CONTACTS) == []


async def test_the_largest_batch_may_be_bounded(make_api: MakeApi) -> None:
    """A workspace with a batch limit refuses what is over it."""
    async with make_api(max_batch=2) as api:
        assert len(await api.post(CONTACTS, [ADA, ADA])) == 2
        assert "at most 2" in await api.refused(400, "POST", CONTACTS, [ADA] * 3)


@pytest.mark.parametrize("path", [CONTACTS, "/api/zapier/contacts"])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"firstName": None}, "firstName must not be null"),
        ({"firstName": ""}, "firstName must not be empty"),
        ({"lastName": 5}, "lastName must be a string"),
        ({"email": ["a"]}, "email must be a string"),
        ({"companyId": 5}, "companyId must be a string"),
        ({"companyId": "com_of_another"}, "companyId does not belong to this workspace"),
    ],
)
async def test_wrong_fields_are_refused_by_name(api: Api, path: str, change: Any, error: str) -> None:
    """Wrong types, cleared required fields and foreign ids are 400, and the error names the field."""
    assert await api.refused(400, "POST", path, {**ADA, **change}) == error


@pytest.mark.parametrize("path", [CONTACTS, "/api/zapier/contacts"])
@pytest.mark.parametrize("missing", ["firstName", "lastName"])
async def test_both_names_are_required(api: Api, path: str, missing: str) -> None:
    """A contact has a first and a last name."""
    body = {name: value for name, value in ADA.items() if name != missing}
    assert await api.refused(400, "POST", path, body) == f"{missing} is required"


async def test_a_zapier_create_takes_no_batch(api: Api) -> None:
    """Only the agent's surface has batches."""
    await api.refused(400, "POST", "/api/zapier/contacts", [ADA])


async def test_a_change_changes_what_it_names(api: Api) -> None:
    """PATCH leaves alone what it does not name, clears with null, and moves updatedAt only."""
    row = await api.post(CONTACTS, {**ADA, "email": "ada@example.com", "phone": "1", "team": "red"})
    await api.sb.clock.advance(minutes=5)
    changed = await api.patch(f"{CONTACTS}/{row['id']}", {"phone": None, "title": "Countess", "team": "blue"})
    assert changed == row | {
        "phone": None,
        "title": "Countess",
        "team": "blue",
        "updatedAt": "2026-05-01T09:05:00.000Z",
    }
    assert await api.get(CONTACTS) == [changed]


@pytest.mark.parametrize("change", [{"firstName": None}, {"lastName": ""}, {"email": 7}, {"companyId": "nope"}])
async def test_a_wrong_change_changes_nothing(api: Api, change: Any) -> None:
    """A refused PATCH leaves the row as it was."""
    row = await api.post(CONTACTS, ADA)
    await api.refused(400, "PATCH", f"{CONTACTS}/{row['id']}", {"title": "x", **change})
    assert await api.get(CONTACTS) == [row]


async def test_the_list_is_newest_created_first_and_limited(api: Api) -> None:
    """GET shows 100 by default and up to 500 on demand, the latest created first whatever was updated since."""
    ids = [api.sb.state.create_contact(str(number), "X").id for number in range(510)]
    api.sb.state.touch("contacts", ids[0])
    assert [row["id"] for row in await api.get(CONTACTS)] == ids[:-101:-1]
    assert [row["id"] for row in await api.get(CONTACTS, limit=500)] == ids[:-501:-1]
    assert len(await api.get(CONTACTS, limit=1)) == 1


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", ""])
async def test_limits_outside_1_to_500_are_refused(api: Api, limit: str) -> None:
    """`limit` is a whole number from 1 to 500."""
    assert "from 1 to 500" in await api.refused(400, "GET", f"{CONTACTS}?limit={limit}")


async def test_the_caps_can_be_moved(make_api: MakeApi) -> None:
    """Default page and largest limit are options, for tests with few rows."""
    async with make_api(contacts_default=2, contacts_max=3) as api:
        for number in range(5):
            api.sb.state.create_contact(str(number), "X")
        assert len(await api.get(CONTACTS)) == 2
        assert len(await api.get(CONTACTS, limit=3)) == 3
        await api.refused(400, "GET", f"{CONTACTS}?limit=4")


async def test_a_contacts_replies_are_newest_first_and_at_most_100(api: Api) -> None:
    """A contact's own list has its latest 100 inbound emails and nobody else's."""
    state, now = api.sb.state, api.sb.clock.now()
    ada, eve = state.create_contact("Ada", "L", email="ada@x.example"), state.create_contact("Eve", "L")
    assert await api.get(f"{CONTACTS}/{ada.id}/replies") == []
    sent = [state.add_reply(ada.id, email_date=now - timedelta(minutes=number)) for number in range(101)]
    stranger = state.add_reply(eve.id, subject="Hi", body="It is me")
    page = await api.get(f"{CONTACTS}/{ada.id}/replies")
    assert [row["id"] for row in page] == [row.id for row in sent[:100]]
    assert page[0]["fromAddress"] == "ada@x.example"
    assert await api.get(f"{CONTACTS}/{eve.id}/replies") == [
        {
            "id": stranger.id,
            "contactId": eve.id,
            "subject": "Hi",
            "fromAddress": "unknown@example.com",
            "body": "It is me",
            "emailDate": "2026-05-01T09:00:00.000Z",
        }
    ]
