"""Ids as numbers: in answers and in requests."""

from typing import Any

import pytest

from impactive_async.sandbox import Sandbox
from tests.sandbox.dialect.conftest import Speak

ADA = {"firstName": "Ada", "lastName": "Lovelace"}
CONTACTS = "/api/agent/contacts"
SEQUENCES = "/api/agent/sequences"


def ids_in(document: Any) -> list[Any]:
    """Every value of a field that is called `id`, `…Id` or `…Ids`."""
    if isinstance(document, list):
        return [found for item in document for found in ids_in(item)]
    if not isinstance(document, dict):
        return []
    own = [value for name, value in document.items() if name == "id" or name.endswith("Id")]
    return own + [found for value in document.values() for found in ids_in(value)]


async def test_every_id_is_a_number(speak: Speak) -> None:
    """In all answers, nested rows included; each noun counts from 1, and an id that is missing stays null."""
    async with speak(ids={"*": "number"}) as api:
        account = api.sb.state.add_sending_account("Sales", "sales@example.com")
        company = await api.post("/api/zapier/companies", {"name": "C"})
        contact = await api.post(CONTACTS, {**ADA, "email": "a@example.com", "companyId": company["id"]})
        steps = [{"subject": "s", "body": "b", "delayDays": 0}]
        sequence = await api.post(SEQUENCES, {"name": "W", "sendingAccountId": int(account.id), "steps": steps})
        path = f"{SEQUENCES}/{sequence['id']}"
        enrolled = await api.post(f"{path}/enroll", {"contactIds": [contact["id"], 99]})
        assert enrolled == {"enrolled": 1, "skipped": [{"contactId": 99, "reason": "not_found"}]}
        await api.sb.clock.advance(hours=1)
        api.sb.state.add_reply(str(contact["id"]))
        deal = await api.post("/api/zapier/deals", {"name": "D", "contactId": contact["id"]})
        assert (company["id"], contact["id"], deal["id"], deal["companyId"]) == (1, 1, 1, None)
        rests = ["/enrollments", "/sends", "/replies", ""]
        answers = [await api.get(path + rest) for rest in rests]
        answers += [await api.get(f"{CONTACTS}/{contact['id']}/replies"), await api.get("/api/zapier/auth/test")]
        found = ids_in([company, contact, sequence, deal, *answers])
    assert len(found) > 20
    assert all(value is None or type(value) is int for value in found)


async def test_a_request_may_carry_numbers_or_digits(speak: Speak) -> None:
    """Both mean the same id, in a body, in a batch and in a path."""
    async with speak(ids={"*": "number"}) as api:
        company = await api.post("/api/zapier/companies", {"name": "C"})
        for company_id in (company["id"], str(company["id"])):
            assert (await api.post(CONTACTS, {**ADA, "companyId": company_id}))["companyName"] == "C"
            assert (await api.post(CONTACTS, [{**ADA, "companyId": company_id}]))[0]["companyName"] == "C"
        assert (await api.patch(f"{CONTACTS}/1", {"companyId": None}))["companyId"] is None
        for wrong in (77, "x", True, 1.5, [1]):
            assert "companyId" in await api.refused(400, "POST", CONTACTS, {**ADA, "companyId": wrong})


async def test_text_may_be_refused_where_ids_are_numbers(speak: Speak) -> None:
    """`ids_as_text: false` is a service that takes numbers only; paths are always text."""
    async with speak(ids={"*": "number"}, ids_as_text=False) as api:
        await api.post("/api/zapier/companies", {"name": "C"})
        assert "companyId must be a number" in await api.refused(400, "POST", CONTACTS, {**ADA, "companyId": "1"})
        contact = await api.post(CONTACTS, {**ADA, "companyId": 1})
        sequence = api.sb.state.create_sequence("W")
        path = f"{SEQUENCES}/{sequence.id}/enroll"
        assert "contactIds must be a number" in await api.refused(400, "POST", path, {"contactIds": ["1"]})
        assert (await api.post(path, {"contactIds": [contact["id"]]}))["enrolled"] == 1


async def test_one_noun_may_differ(speak: Speak) -> None:
    """Ids of deals are numbers, those of contacts are text; each wherever it stands."""
    async with speak(ids={"deals": "number", "*": "text"}) as api:
        contact = await api.post(CONTACTS, ADA)
        deal = await api.post("/api/zapier/deals", {"name": "D", "contactId": contact["id"]})
        assert (deal["id"], deal["contactId"]) == (1, contact["id"])
        assert contact["id"].startswith("con_")
        assert "contactId must be a string" in await api.refused(
            400, "POST", "/api/zapier/deals", {"name": "D", "contactId": 1}
        )


async def test_an_id_of_the_user_is_printed_as_it_was_given() -> None:
    """A workspace id of letters is no number, and is not made one."""
    sandbox = Sandbox(profile={"profile": 1, "ids": {"*": "number"}}, workspace_id="mine")
    assert sandbox._pipeline.world.workspace.id == "mine"


@pytest.mark.parametrize("kind", ["number", "text"])
async def test_the_state_has_the_ids_of_the_answers(speak: Speak, kind: str) -> None:
    """A test finds a row in `sandbox.state` by the text of the id that the API printed."""
    async with speak(ids={"*": kind}) as api:
        contact = await api.post(CONTACTS, ADA)
        assert api.sb.state.get("contacts", str(contact["id"])).fields["firstName"] == "Ada"
