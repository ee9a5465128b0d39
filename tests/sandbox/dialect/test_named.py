"""The dialects that ship: what each answers, call by call."""

import json
from pathlib import Path
from typing import Any

import pytest

from impactive_async.sandbox import DIALECTS, dialect_profile
from tests.sandbox.calls import Api, Got, MakeApi

ADA = {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
STEP = {"subject": "Hello", "body": "Dear", "delayDays": 0}
CONTACTS = "/api/agent/contacts"
SEQUENCES = "/api/agent/sequences"
LISTS = [
    CONTACTS,
    SEQUENCES,
    "/api/agent/sending-accounts",
    "/api/agent/bookings",
    "/api/zapier/companies",
    "/api/zapier/contacts",
    "/api/zapier/deals",
    "/api/zapier/invoices",
    "/api/zapier/projects",
]
NOW_ISO = "2026-05-01T09:00:00.000Z"


def contact(**changes: Any) -> dict[str, Any]:
    """The first contact as the contract prints it."""
    row = {
        "id": "con_1",
        **ADA,
        "phone": None,
        "title": None,
        "companyId": None,
        "companyName": None,
        "createdAt": NOW_ISO,
        "updatedAt": NOW_ISO,
    }
    return {**row, **changes}


def known(document: Any, api: Api) -> Any:
    """The same document with `con_1` for the first contact's id and so on, whatever the seed made of them."""
    text, state = json.dumps(document), api.sb.state
    if next(iter(state.sequences)).isdigit():
        return document
    for number, row in enumerate(state.rows("contacts"), 1):
        text = text.replace(f'"{row.id}"', f'"con_{number}"')
    for number, sequence_id in enumerate(state.sequences, 1):
        text = text.replace(f'"{sequence_id}"', f'"seq_{number}"')
        for place, step in enumerate(state.steps(sequence_id), 1):
            text = text.replace(f'"{step.id}"', f'"stp_{place}"')
        for place, row_ in enumerate(state.enrollments(sequence_id), 1):
            text = text.replace(f'"{row_.id}"', f'"enr_{place}"')
    for number, send in enumerate(state.sends, 1):
        text = text.replace(f'"{send.id}"', f'"snd_{number}"')
    return json.loads(text)


class Story:
    """One contact on one sequence, told by the API of a dialect: each answer is kept."""

    def __init__(self, api: Api, update: str) -> None:
        self.api = api
        self.update = update
        self.wrong = "PUT" if update == "PATCH" else "PATCH"

    async def tell(self) -> dict[str, Got]:
        api = self.api
        made = await api.send("POST", CONTACTS, ADA)
        contact_id = api.sb.state.rows("contacts")[0].id
        sequence = await api.send("POST", SEQUENCES, {"name": "W", "steps": [STEP]})
        path = f"{SEQUENCES}/{next(iter(api.sb.state.sequences))}"
        wanted = int(contact_id) if contact_id.isdigit() else contact_id
        enrolled = await api.send("POST", f"{path}/enroll", {"contactIds": [wanted, wanted]})
        await api.sb.clock.advance(hours=1)
        return {
            "create": made,
            "batch": await api.send("POST", CONTACTS, [ADA]),
            "bad": await api.send("POST", CONTACTS, {"firstName": "Ada"}),
            "update": await api.send(self.update, f"{CONTACTS}/{contact_id}", {"title": "Dr"}),
            "wrong_verb": await api.send(
                "PATCH" if self.update != "PATCH" else "PUT", f"{CONTACTS}/{contact_id}", {}
            ),
            "no_contact": await api.send("GET", f"{CONTACTS}/nobody/replies"),
            "no_path": await api.send("GET", "/api/agent/nothing"),
            "options": await api.send("OPTIONS", f"{CONTACTS}/{contact_id}"),
            "sequence": sequence,
            "get": await api.send("GET", path),
            "enroll": enrolled,
            "sends": await api.send("GET", f"{path}/sends"),
            "enrollments": await api.send("GET", f"{path}/enrollments"),
            "pause": await api.send("POST", f"{path}/pause"),
            "unenroll": await api.send("DELETE", f"{path}/contacts/{contact_id}"),
            "auth": await api.send("GET", "/api/zapier/auth/test"),
            "deals": await api.send("GET", "/api/zapier/deals"),
        }


async def told(make_api: MakeApi, dialect: str) -> tuple[dict[str, Got], dict[str, Any]]:
    """The answers of the story, and their documents with the ids made known."""
    update = dialect_profile(dialect).get("operations", {}).get("*", {}).get("update_verb", "PATCH")
    async with make_api(dialect=dialect) as api:
        answers = await Story(api, update).tell()
        return answers, {name: known(answer.json, api) for name, answer in answers.items()}


async def test_contract(make_api: MakeApi) -> None:
    """Rows and arrays are bare, errors are JSON, updates are PATCH."""
    answers, documents = await told(make_api, "contract")
    assert documents["create"] == contact()
    assert documents["batch"][0]["firstName"] == "Ada"
    assert (answers["create"].status, answers["batch"].status) == (201, 201)
    assert (answers["bad"].status, documents["bad"]) == (400, {"error": "lastName is required"})
    assert documents["update"]["title"] == "Dr"
    assert (answers["wrong_verb"].status, answers["wrong_verb"].headers["Allow"]) == (405, "PATCH")
    assert (answers["no_path"].status, documents["no_path"]) == (404, {"error": "No such endpoint"})
    assert answers["options"].status == 405
    assert (answers["enroll"].status, documents["enroll"]) == (201, {"enrolled": 1, "skipped": []})
    assert documents["sends"][0]["toAddresses"] == ["ada@example.com"]
    assert (documents["pause"], documents["unenroll"]) == ({"paused": 0}, {"unenrolled": True})
    assert set(documents["auth"]) == {"id", "name"}
    assert documents["deals"] == []
    assert all("Date" in answer.headers for answer in answers.values())


async def test_wrapped(make_api: MakeApi) -> None:
    """Everything is `{success, data}`; a refused body is a 200 that says `success: false`; PostgreSQL's times."""
    answers, documents = await told(make_api, "wrapped")
    at = "2026-05-01 09:00:00+00"
    assert documents["create"] == {"success": True, "data": contact(createdAt=at, updatedAt=at)}
    assert documents["batch"]["data"][0]["updatedAt"] == "2026-05-01 10:00:00+00"
    assert (answers["bad"].status, documents["bad"]) == (200, {"success": False, "error": "lastName is required"})
    assert answers["no_contact"].status == 404
    assert documents["no_contact"] == {"success": False, "error": "No such contact in this workspace"}
    assert (answers["sequence"].status, len(documents["sequence"]["data"]["steps"])) == (200, 1)
    assert documents["enroll"]["data"] == {
        "enrolled": 1,
        "skipped_already_enrolled": 0,
        "skipped_not_found": 0,
        "skipped": [],
    }
    assert documents["sends"]["data"]["sends"][0]["id"] == "snd_1"
    assert documents["unenroll"] == {"success": True, "data": {"unenrolled": True}}
    assert set(documents["auth"]["data"]) == {"id", "name"}
    assert documents["deals"] == {"success": True, "data": {"deals": []}}


async def test_noun(make_api: MakeApi) -> None:
    """Rows are under their noun, a sequence's steps and counts beside it; deletes have no body."""
    answers, documents = await told(make_api, "noun")
    at = "2026-05-01T09:00:00.000"
    assert documents["create"] == {"contact": contact(createdAt=at, updatedAt=at)}
    assert documents["batch"]["contacts"][0]["lastName"] == "Lovelace"
    assert (answers["bad"].status, documents["bad"]) == (400, {"message": "lastName is required"})
    assert set(documents["sequence"]) == {"sequence", "steps"}
    assert "steps" not in documents["sequence"]["sequence"]
    assert set(documents["get"]) == {"sequence", "steps", "stepCount", "enrollmentCounts"}
    assert documents["get"]["steps"][0]["id"] == "stp_1"
    assert documents["get"]["stepCount"] == 1
    added = documents["enroll"]["added"]
    assert documents["enroll"] == {
        "summary": {"processed": 1, "successful": 1, "failed": 0, "skipped": 0},
        "added": added,
        "skipped": [],
    }
    assert added[0]["contactId"] == "con_1"
    assert documents["sends"]["sends"][0]["toAddresses"] == [{"address": "ada@example.com"}]
    assert documents["pause"] == {"message": "Contacts paused", "count": 0}
    assert (answers["unenroll"].status, answers["unenroll"].text) == (204, "")
    assert set(documents["auth"]["workspace"]) == {"id", "name"}
    assert documents["deals"] == {"deals": []}


async def test_numbers(make_api: MakeApi) -> None:
    """Ids are numbers from 1, counts digits, times seconds since 1970."""
    _, documents = await told(make_api, "numbers")
    assert documents["create"] == contact(id=1, createdAt=1777626000, updatedAt=1777626000)
    assert documents["enroll"] == {"enrolled": "1", "skipped": []}
    assert documents["get"]["stepCount"] == "1"
    assert documents["get"]["enrollmentCounts"]["total"] == "1"
    assert documents["get"]["steps"][0]["position"] == 0
    send = documents["sends"][0]
    assert (send["id"], send["contactId"], send["sequenceStepId"], send["emailDate"]) == (1, 1, 1, 1777626000)
    assert documents["enrollments"][0]["contact"]["id"] == 1
    assert documents["pause"] == {"paused": "0"}
    assert documents["auth"]["id"] == 1


async def test_express(make_api: MakeApi) -> None:
    """Updates are PUT; "Cannot PATCH …" and unknown paths are HTML with 404; lists have an ETag."""
    answers, documents = await told(make_api, "express")
    assert documents["update"]["title"] == "Dr"
    wrong = answers["wrong_verb"]
    assert (wrong.status, "Allow" in wrong.headers) == (404, False)
    assert wrong.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<pre>Cannot PATCH /api/agent/contacts/con_" in wrong.text
    assert "<pre>Cannot GET /api/agent/nothing</pre>" in answers["no_path"].text
    assert (answers["no_contact"].status, set(documents["no_contact"])) == (404, {"error"})
    assert (answers["options"].status, answers["options"].headers["Allow"]) == (200, "PUT")
    assert answers["deals"].headers["ETag"].startswith('W/"')
    async with make_api(dialect="express") as api:
        assert await api.get(CONTACTS, limit=9999, sice="x") == []


async def test_next(make_api: MakeApi) -> None:
    """Updates are PUT; a wrong verb is 405 with `Allow` and no body; contacts come with their pagination."""
    answers, documents = await told(make_api, "next")
    assert documents["update"]["title"] == "Dr"
    wrong = answers["wrong_verb"]
    assert (wrong.status, wrong.headers["Allow"], wrong.text) == (405, "PUT", "")
    assert "Content-Type" not in wrong.headers
    assert answers["no_path"].text.startswith("<!DOCTYPE html>")
    assert (answers["options"].status, answers["options"].headers["Allow"]) == (204, "PUT")
    async with make_api(dialect="next") as api:
        for _ in range(3):
            api.sb.state.create_contact("A", "B")
        page = await api.get(CONTACTS, limit=2)
    assert (len(page["data"]), page["pagination"]) == (2, {"total": 3, "limit": 2, "hasMore": True})


async def test_microseconds(make_api: MakeApi) -> None:
    """Six digits, stored and printed; a Zapier list shows the row at `since` again."""
    async with make_api(dialect="microseconds") as api:
        await api.sb.clock.advance(seconds=0.123456)
        row = await api.post(CONTACTS, ADA)
        assert row["updatedAt"] == "2026-05-01T09:00:00.123456Z"
        assert len(await api.get("/api/zapier/contacts", since=row["updatedAt"])) == 1
        assert await api.get("/api/zapier/contacts", since="2026-05-01T09:00:00.123457Z") == []


async def test_small_pages(make_api: MakeApi) -> None:
    """Pages end at 25 or 50 rows and say so, by `hasMore`, `nextCursor`, `total` or `Link`."""
    async with make_api(dialect="small-pages") as api:
        for number in range(51):
            api.sb.state.create_contact("A", "B", email="a@example.com")
            api.sb.state.add("deals", {"name": str(number)})
            api.sb.state.add_invoice(str(number), 1)
            api.sb.state.add_project(str(number))
            api.sb.state.create_sequence(str(number))
        pages = {path: await api.send("GET", path) for path in LISTS}
        whole = await api.get(CONTACTS, limit=500)
    assert {path: len(rows_of(pages[path].json)) for path in LISTS} == {
        CONTACTS: 25,
        SEQUENCES: 50,
        "/api/agent/sending-accounts": 0,
        "/api/agent/bookings": 0,
        "/api/zapier/companies": 0,
        "/api/zapier/contacts": 25,
        "/api/zapier/deals": 25,
        "/api/zapier/invoices": 25,
        "/api/zapier/projects": 25,
    }
    assert (len(whole["data"]), whole["hasMore"]) == (50, True)
    assert pages["/api/zapier/deals"].json["hasMore"] is True
    assert pages["/api/agent/bookings"].json == {"data": [], "hasMore": False}
    assert pages[SEQUENCES].json["total"] == 51
    assert pages["/api/zapier/projects"].json["nextCursor"] is not None
    assert pages["/api/zapier/invoices"].headers["Link"].endswith('rel="next"')


def rows_of(page: Any) -> list[Any]:
    """The rows of a page of any shape that a shipped dialect has."""
    found: list[Any] = (
        page if isinstance(page, list) else next(row for row in page.values() if isinstance(row, list))
    )
    return found


async def test_no_date(make_api: MakeApi) -> None:
    """No answer has a `Date`; all else is the contract."""
    answers, documents = await told(make_api, "no-date")
    assert not any("Date" in answer.headers for answer in answers.values())
    assert documents["create"] == contact()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_file_of_a_dialect_answers_like_the_dialect(
    make_api: MakeApi, dialect: str, tmp_path: Path
) -> None:
    """Written to a file and read again, a profile gives the same bytes, answer by answer, twice."""
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(dialect_profile(dialect)), encoding="utf-8")
    update = dialect_profile(dialect).get("operations", {}).get("*", {}).get("update_verb", "PATCH")
    runs = []
    for options in ({"dialect": dialect}, {"profile": path}, {"profile": dialect_profile(dialect)}):
        async with make_api(**options) as api:
            answers = await Story(api, update).tell()
            runs.append([(name, got.status, got.text, dict(got.headers)) for name, got in answers.items()])
    assert runs[0] == runs[1] == runs[2]
