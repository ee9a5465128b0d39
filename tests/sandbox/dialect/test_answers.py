"""How settings change answers: shape, values, fields, requests and headers."""

from typing import Any

import pytest

from tests.sandbox.calls import Api
from tests.sandbox.dialect.conftest import Speak

ADA = {"firstName": "Ada", "lastName": "Lovelace"}
CONTACTS = "/api/agent/contacts"
DEALS = "/api/zapier/deals"
HELLO = {"subject": "Hello", "body": "Dear", "delayDays": 0}


async def enrolled(api: Api) -> tuple[str, str]:
    """A sequence, and a contact that got its first email."""
    contact = api.sb.state.create_contact("Ada", "Lovelace", email="ada@example.com")
    sequence = api.sb.state.create_sequence("Welcome", [0, 5])
    api.sb.state.enroll(sequence.id, [contact.id])
    await api.sb.clock.advance(hours=1)
    return sequence.id, contact.id


async def test_a_template_may_nest_and_repeat(speak: Speak) -> None:
    """A template is any JSON: objects in lists, fixed values, the row twice, a dollar sign of its own."""
    template = {"a": [{"b": "$row", "kind": "$noun"}], "same": "$row", "price": "$$5", "none": None, "$$": 1}
    async with speak({"contacts.create": {"row": template}}) as api:
        answer = await api.post(CONTACTS, ADA)
    assert answer["a"][0]["b"] == answer["same"]
    assert answer["same"]["firstName"] == "Ada"
    assert answer["a"][0]["kind"] == "contact"
    assert (answer["price"], answer["none"], answer["$"]) == ("$5", None, 1)


async def test_a_field_beside_the_row_is_not_in_it(speak: Speak) -> None:
    """`$.steps` moves the steps out of the sequence, also where the sequence does not have any."""
    async with speak({"sequences.*": {"row": {"$noun": "$row", "steps": "$.steps"}}}) as api:
        made = await api.post("/api/agent/sequences", {"name": "W", "steps": [HELLO]})
        assert "steps" not in made["sequence"]
        assert [step["subject"] for step in made["steps"]] == ["Hello"]
        renamed = await api.patch(f"/api/agent/sequences/{made['sequence']['id']}", {"name": "V"})
    assert renamed["steps"] is None
    assert renamed["sequence"]["name"] == "V"


@pytest.mark.parametrize(
    ("total", "more", "shown"),
    [(0, False, 0), (2, False, 2), (3, False, 3), (4, True, 3)],
)
async def test_markers_say_whether_rows_were_cut_off(speak: Speak, total: int, more: bool, shown: int) -> None:
    """`$more`, `$next` and `Link` are there exactly when rows are missing from the page."""
    template = {"rows": "$rows", "m": "$more", "n": "$next", "t": "$total", "c": "$count", "cap": "$cap"}
    async with speak({"zapier.deals.list": {"list": template, "cap": 3, "link": True}}) as api:
        for number in range(total):
            api.sb.state.add("deals", {"name": str(number)})
        got = await api.send("GET", DEALS)
    last = got.json["rows"][-1]["id"] if total else None
    assert (len(got.json["rows"]), got.json["m"], got.json["t"]) == (shown, more, total)
    assert (got.json["c"], got.json["cap"]) == (shown, 3)
    assert got.json["n"] == (last if more else None)
    assert got.headers.get("Link") == (f'<{DEALS}?cursor={last}>; rel="next"' if more else None)


async def test_total_counts_what_since_asks_for(speak: Speak) -> None:
    """`$total` is about the rows behind the whole request, not about those in the workspace."""
    async with speak({"zapier.deals.list": {"list": {"rows": "$rows", "total": "$total"}, "cap": 1}}) as api:
        for number in range(3):
            api.sb.state.add("deals", {"name": str(number)})
            await api.sb.clock.advance(hours=1)
        newer = await api.get(DEALS, since="2026-05-01T09:00:00Z")
    assert (len(newer["rows"]), newer["total"]) == (1, 2)


async def test_a_batch_has_the_template_of_lists_or_its_own(speak: Speak) -> None:
    """What `contacts.create_batch` answers follows `list`, until it is told otherwise."""
    async with speak({"*": {"list": {"$nouns": "$rows"}}}) as api:
        assert [row["firstName"] for row in (await api.post(CONTACTS, [ADA, ADA]))["contacts"]] == ["Ada", "Ada"]
    async with speak({"*": {"list": {"$nouns": "$rows"}, "batch": {"made": "$count"}}}) as api:
        assert await api.post(CONTACTS, [ADA, ADA]) == {"made": 2}


async def test_enroll_can_tell_everything_it_did(speak: Speak) -> None:
    """Counts, rows and reasons are at hand for any summary; `$answer` is the rest of the contract's body."""
    fields = ("enrolled", "requested", "skipped_count", "already_enrolled", "not_found", "added")
    template = {"of_contract": "$answer", **{name: f"$.{name}" for name in fields}}
    async with speak({"sequences.enroll": {"answer": template, "status": 202}}) as api:
        sequence_id, old = await enrolled(api)
        new = api.sb.state.create_contact("Alan", "Turing").id
        body = {"contactIds": [old, new, "con_none", new]}
        got = await api.send("POST", f"/api/agent/sequences/{sequence_id}/enroll", body)
    assert got.status == 202
    assert got.json == {
        "of_contract": {
            "skipped": [
                {"contactId": old, "reason": "already_enrolled"},
                {"contactId": "con_none", "reason": "not_found"},
            ]
        },
        "enrolled": 1,
        "requested": 3,
        "skipped_count": 2,
        "already_enrolled": 1,
        "not_found": 1,
        "added": [{"contactId": new, "enrollmentId": api.sb.state.enrollments(sequence_id)[-1].id}],
    }


async def test_no_content_has_no_body(speak: Speak) -> None:
    """Status 204 leaves the template out; the write is done all the same."""
    async with speak({"sequences.unenroll": {"status": 204}}) as api:
        sequence_id, contact_id = await enrolled(api)
        got = await api.send("DELETE", f"/api/agent/sequences/{sequence_id}/contacts/{contact_id}")
        assert (got.status, got.text) == (204, "")
        assert "Content-Type" not in got.headers
        assert api.sb.state.enrollments(sequence_id) == []
        assert api.sb.requests[-1].committed


async def test_counts_as_text(speak: Speak) -> None:
    """Counts become digits, those of templates too; positions, delays and step numbers stay numbers."""
    async with speak(
        {"*": {"counts": "text"}, "sequences.list": {"list": {"rows": "$rows", "t": "$total"}}}
    ) as api:
        sequence_id, contact_id = await enrolled(api)
        listed = await api.get("/api/agent/sequences")
        assert listed["t"] == "1"
        assert listed["rows"][0]["stepCount"] == "2"
        assert listed["rows"][0]["enrollmentCounts"]["active"] == "1"
        whole = await api.get(f"/api/agent/sequences/{sequence_id}")
        assert [step["position"] for step in whole["steps"]] == [0, 1]
        again = await api.post(f"/api/agent/sequences/{sequence_id}/enroll", {"contactIds": [contact_id]})
        assert again["enrolled"] == "0"
        assert (await api.post(f"/api/agent/sequences/{sequence_id}/pause"))["paused"] == "1"
        rows = await api.get(f"/api/agent/sequences/{sequence_id}/enrollments")
        assert (rows[0]["currentStep"], rows[0]["consecutiveFailures"]) == (1, 0)


@pytest.mark.parametrize(
    ("sent", "printed"),
    [(3500.5, "3500.50"), (900, "900.00"), ("12.345", "12.345"), ("7", "7.00"), (0, "0.00"), (1e6, "1000000.00")],
)  # fmt: skip
async def test_money_as_text(speak: Speak, sent: Any, printed: str) -> None:
    """Amounts have two decimals, and more only where they were given with more."""
    async with speak({"*": {"money": "text"}}) as api:
        assert (await api.post(DEALS, {"name": "D", "value": sent}))["value"] == printed
        assert (await api.post(DEALS, {"name": "D"}))["value"] is None


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("list", ["ada@example.com"]),
        ("objects", [{"address": "ada@example.com"}]),
        ("text", "ada@example.com"),
        ("json_text", '["ada@example.com"]'),
    ],
)
async def test_addresses(speak: Speak, form: str, shown: Any) -> None:
    """`toAddresses` in each of its forms."""
    async with speak({"*": {"addresses": form}}) as api:
        sequence_id, _ = await enrolled(api)
        sends = await api.get(f"/api/agent/sequences/{sequence_id}/sends")
    assert sends[0]["toAddresses"] == shown


async def test_times_reach_every_moment_and_no_calendar_day(speak: Speak) -> None:
    """The style of times holds for stamps, nested ones and those that a request wrote; days stay days."""
    async with speak({"*": {"time_style": "epoch", "time_precision": "seconds"}}) as api:
        sequence_id, _ = await enrolled(api)
        for rest in ("", "/enrollments", "/sends"):
            answer = await api.get(f"/api/agent/sequences/{sequence_id}{rest}")
            for row in [*(answer.get("steps", ())), answer] if rest == "" else answer:
                assert all(isinstance(value, int) for name, value in row.items() if name.endswith("At") and value)
        booking = await api.post("/api/agent/bookings", {"startTime": "2026-05-01T11:00:00+02:00"})
        assert (booking["startTime"], booking["endTime"]) == (1777626000, None)
        deal = await api.post(DEALS, {"name": "D", "expectedCloseDate": "2026-06-01"})
        assert deal["expectedCloseDate"] == "2026-06-01"


async def test_text_that_a_test_wrote_for_a_moment_stays(speak: Speak) -> None:
    """A sandbox prints as it stands what it cannot read as a moment."""
    async with speak({"*": {"time_style": "epoch"}}) as api:
        api.sb.state.add("bookings", {"startTime": "soon", "endTime": 5})
        rows = await api.get("/api/agent/bookings")
    assert (rows[0]["startTime"], rows[0]["endTime"]) == ("soon", 5)


async def test_fields_of_rows(speak: Speak) -> None:
    """Fields may be missing, always null, empty instead of null, and undocumented; only for that operation."""
    changes = {
        "missing": ["phone", "nothing"],
        "null": ["title"],
        "empty": ["email", "companyId"],
        "extra": {"ownerId": None, "tags": ["a"], "seenAt": "$now"},
    }
    async with speak({"contacts.list": changes}) as api:
        made = await api.post(CONTACTS, {**ADA, "title": "Dr", "phone": "1"})
        assert (made["title"], made["phone"], made["email"]) == ("Dr", "1", None)
        row = (await api.get(CONTACTS))[0]
        assert "phone" not in row
        assert (row["title"], row["email"], row["companyId"]) == (None, "", "")
        assert (row["ownerId"], row["tags"]) == (None, ["a"])
        await api.sb.clock.advance(hours=1)
        assert (await api.get(CONTACTS))[0]["seenAt"] > row["seenAt"]


async def test_a_batch_that_is_too_large_is_refused_whole(speak: Speak) -> None:
    """`largest_batch` holds for batches of contacts and for the contacts of one enroll."""
    async with speak({"*": {"largest_batch": 2}}) as api:
        assert "at most 2" in await api.refused(400, "POST", CONTACTS, [ADA, ADA, ADA])
        assert api.sb.state.rows("contacts") == []
        ids = [row["id"] for row in await api.post(CONTACTS, [ADA, ADA])]
        sequence = api.sb.state.create_sequence("W")
        path = f"/api/agent/sequences/{sequence.id}/enroll"
        assert "at most 2" in await api.refused(400, "POST", path, {"contactIds": [*ids, "con_x"]})
        assert (await api.post(path, {"contactIds": ids}))["enrolled"] == 2


async def test_unknown_parameters_may_be_ignored(speak: Speak) -> None:
    """Then they change nothing, also given twice; a known one given twice is still refused."""
    async with speak({"*": {"unknown_parameters": "ignored"}}) as api:
        assert await api.get(DEALS, sice="x") == []
        assert (await api.send("GET", f"{DEALS}?a=1&a=2")).status == 200
        await api.refused(400, "GET", f"{DEALS}?since=2026-01-01T00:00:00Z&since=2026-01-01T00:00:00Z")


async def test_date_may_be_missing_or_wrong(speak: Speak) -> None:
    """No answer has a `Date` where the profile says so, errors and unknown paths included; or it is ahead."""
    paths = [CONTACTS, "/api/agent/contacts/con_x/replies", "/api/nothing", "/"]
    async with speak({"*": {"date": False}}) as api:
        assert not any(["Date" in (await api.send("GET", path)).headers for path in paths])
    async with speak({"*": {"date_ahead": 3600}, "bookings.list": {"date_ahead": -60}}) as api:
        dates = [(await api.send("GET", path)).headers["Date"] for path in (*paths, "/api/agent/bookings")]
    assert dates == ["Fri, 01 May 2026 10:00:00 GMT"] * 4 + ["Fri, 01 May 2026 08:59:00 GMT"]


async def test_a_list_that_is_known_is_not_sent_again(speak: Speak) -> None:
    """With the `ETag` of the last answer the next is a 304 without a body, until a row changes."""
    async with speak({"*": {"etag": True}}) as api:
        first = await api.send("GET", CONTACTS)
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        known = {"If-None-Match": f'"other", {tag}'}
        same = await api.send("GET", CONTACTS, headers=known)
        assert (same.status, same.text, same.headers["ETag"]) == (304, "", tag)
        made = await api.send("POST", CONTACTS, ADA, headers=known)
        assert (made.status, "ETag" in made.headers) == (201, False)
        changed = await api.send("GET", CONTACTS, headers=known)
        assert (changed.status, changed.headers["ETag"] != tag) == (200, True)
        unknown = await api.send("GET", "/api/agent/contacts/con_x/replies", headers={"If-None-Match": "*"})
        assert (unknown.status, "ETag" in unknown.headers) == (404, False)


async def test_headers_of_each_answer(speak: Speak) -> None:
    """Fixed headers are on successes and on errors."""
    async with speak({"*": {"headers": {"Age": "7"}}}) as api:
        for path in (CONTACTS, "/api/nothing"):
            assert (await api.send("GET", path)).headers["Age"] == "7"


async def test_the_same_seed_and_calls_give_the_same_bytes(speak: Speak) -> None:
    """A dialect adds no chance of its own."""
    settings = {"*": {"order": "shuffled", "list": {"data": "$rows", "next": "$next"}, "cap": 3, "etag": True}}

    async def run() -> list[Any]:
        async with speak(settings, ids={"*": "number"}) as api:
            await enrolled(api)
            await api.post(CONTACTS, [ADA] * 5)
            got = [
                await api.send("GET", path) for path in (CONTACTS, "/api/zapier/contacts", "/api/agent/sequences")
            ]
        return [(answer.text, answer.headers["ETag"]) for answer in got]

    assert await run() == await run()
