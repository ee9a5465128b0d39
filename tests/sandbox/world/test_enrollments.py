"""Contract rows 13, 14, 17 and 18."""

from typing import Any

import pytest

from impactive_async.sandbox import EnrollmentRecord
from tests.sandbox.calls import Api, MakeApi


@pytest.fixture
def sequence_id(api: Api) -> str:
    return api.sb.state.create_sequence("S", [0, 2]).id


@pytest.fixture
def people(api: Api) -> list[str]:
    return [api.sb.state.create_contact(f"P{number}", "X", email=f"p{number}@x.example").id for number in range(6)]


def at(sequence_id: str, rest: str) -> str:
    return f"/api/agent/sequences/{sequence_id}/{rest}"


def enrolled_ids(rows: list[EnrollmentRecord]) -> list[str]:
    return [row.contact_id for row in rows]


async def test_enrolling_answers_who_was_enrolled_and_who_was_not(
    api: Api, sequence_id: str, people: list[str]
) -> None:
    """Enroll answers 201 with the count, and every skipped contact once with its reason."""
    await api.post(at(sequence_id, "enroll"), {"contactIds": people[:1]})
    asked = [people[0], people[1], "ghost", people[1], "ghost", people[2], people[0]]
    got = await api.send("POST", at(sequence_id, "enroll"), {"contactIds": asked})
    assert got.status == 201
    assert got.json == {
        "enrolled": 2,
        "skipped": [
            {"contactId": people[0], "reason": "already_enrolled"},
            {"contactId": "ghost", "reason": "not_found"},
        ],
    }
    assert enrolled_ids(api.sb.state.enrollments(sequence_id)) == people[:3]


async def test_enrolling_twice_changes_nothing(api: Api, sequence_id: str, people: list[str]) -> None:
    """A repeated enroll is harmless, also for those who are done or paused."""
    await api.post(at(sequence_id, "enroll"), {"contactIds": people})
    await api.sb.clock.advance(days=3)
    before = await api.get(at(sequence_id, "enrollments"))
    again = await api.post(at(sequence_id, "enroll"), {"contactIds": people})
    assert again["enrolled"] == 0
    assert {row["reason"] for row in again["skipped"]} == {"already_enrolled"}
    assert await api.get(at(sequence_id, "enrollments")) == before


async def test_tags_and_lists_name_an_audience(api: Api, sequence_id: str, people: list[str]) -> None:
    """Ids, tags and lists add up, and nobody is counted twice."""
    tag, group = api.sb.state.add_tag("VIP", people[:3]), api.sb.state.add_list("L", people[2:5])
    assert (api.sb.state.tags[tag.id], api.sb.state.lists[group.id]) == (tag, group)
    body = {"contactIds": people[:1], "tagIds": [tag.id], "listIds": [group.id, group.id]}
    assert await api.post(at(sequence_id, "enroll"), body) == {"enrolled": 5, "skipped": []}


async def test_an_audience_with_nobody_in_it_enrolls_nobody(api: Api, sequence_id: str) -> None:
    """An empty list is somebody to enroll from, and yields no one."""
    group = api.sb.state.add_list("Empty", ())
    assert await api.post(at(sequence_id, "enroll"), {"listIds": [group.id]}) == {"enrolled": 0, "skipped": []}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "at least one of"),
        ({"contactIds": []}, "at least one of"),
        ({"contactIds": [], "tagIds": [], "listIds": []}, "at least one of"),
        ({"contactIds": "abc"}, "contactIds must be an array of ids"),
        ({"contactIds": [1]}, "contactIds must be an array of ids"),
        ({"contactIds": None}, "contactIds must not be null"),
        ({"tagIds": ["nope"]}, "tagIds[0] does not belong to this workspace"),
        ({"listIds": ["nope"]}, "listIds[0] does not belong to this workspace"),
        ({"contactIDs": ["a"]}, "contactIDs is not a field of this request"),
    ],
)
async def test_a_wrong_audience_enrolls_nobody(
    api: Api, sequence_id: str, people: list[str], body: Any, error: str
) -> None:
    """Enroll is 400 where the audience is empty, misspelt or foreign, and then nobody is enrolled."""
    whole = {"contactIds": people, **body} if body.get("tagIds") else body
    assert error in await api.refused(400, "POST", at(sequence_id, "enroll"), whole)
    assert api.sb.state.enrollments(sequence_id) == []


@pytest.mark.parametrize("name", ["tagIds", "listIds"])
async def test_without_the_audience_module_only_ids_work(make_api: MakeApi, name: str) -> None:
    """Tags and lists are refused where the workspace has no Audience module; plain ids always work."""
    async with make_api(audience=False) as api:
        sequence, ada = api.sb.state.create_sequence("S"), api.sb.state.create_contact("Ada", "L")
        audience = (
            api.sb.state.add_tag("T", [ada.id]) if name == "tagIds" else api.sb.state.add_list("L", [ada.id])
        )
        body = {"contactIds": [ada.id], name: [audience.id]}
        assert "Audience module" in await api.refused(400, "POST", at(sequence.id, "enroll"), body)
        assert (await api.post(at(sequence.id, "enroll"), {"contactIds": [ada.id], name: []}))["enrolled"] == 1


async def test_an_enrollment_has_all_documented_fields(api: Api, sequence_id: str, people: list[str]) -> None:
    """The row carries the state of the enrollment and a summary of the contact as it is now."""
    await api.post(at(sequence_id, "enroll"), {"contactIds": people[:1]})
    await api.patch(f"/api/agent/contacts/{people[0]}", {"firstName": "Renamed"})
    (row,) = await api.get(at(sequence_id, "enrollments"))
    assert row == {
        "id": row["id"],
        "contactId": people[0],
        "contact": {"id": people[0], "firstName": "Renamed", "lastName": "X", "email": "p0@x.example"},
        "status": "active",
        "currentStep": 0,
        "startedAt": "2026-05-01T09:00:00.000Z",
        "nextSendAt": "2026-05-01T09:00:00.000Z",
        "completedAt": None,
        "pausedAt": None,
        "pauseReason": None,
        "lastSendError": None,
        "lastSendErrorAt": None,
        "consecutiveFailures": 0,
        "updatedAt": "2026-05-01T09:00:00.000Z",
    }


async def test_since_is_exclusive(api: Api, sequence_id: str, people: list[str]) -> None:
    """Only enrollments updated strictly after `since` are listed, whatever offset it is written in."""
    for contact_id in people[:3]:
        api.sb.state.enroll(sequence_id, [contact_id])
        await api.sb.clock.advance(seconds=1)
    path = at(sequence_id, "enrollments")
    stamps = sorted({row["updatedAt"] for row in await api.get(path)})
    assert len(await api.get(path, since="2026-05-01T08:59:59.999Z")) == 3
    assert len(await api.get(path, since=stamps[-1])) == 0
    assert len(await api.get(path, since="2026-05-01T11:00:01.999+02:00")) == 1


@pytest.mark.parametrize("since", ["", "yesterday", "2026-05-01", "2026-05-01T09:00:00", "2026-13-01T00:00:00Z"])
@pytest.mark.parametrize("rest", ["enrollments", "sends", "replies"])
async def test_a_since_that_is_no_moment_is_refused(api: Api, sequence_id: str, rest: str, since: str) -> None:
    """`since` must be ISO 8601 with an offset."""
    assert "since" in await api.refused(400, "GET", at(sequence_id, rest), params={"since": since})


async def test_a_plus_that_was_not_encoded_is_refused(api: Api, sequence_id: str) -> None:
    """An offset whose `+` arrives as a space is an error, not another moment."""
    await api.refused(400, "GET", at(sequence_id, "sends?since=2026-05-01T09:00:00+00:00"))
    await api.get(at(sequence_id, "sends"), since="2026-05-01T09:00:00+00:00")


async def test_enrollments_are_latest_first_without_a_cap_unless_asked_for(make_api: MakeApi) -> None:
    """The list has no cap of its own; one can be set."""
    for cap, count in ((None, 600), (7, 7)):
        async with make_api(enrollments_cap=cap) as api:
            sequence = api.sb.state.create_sequence("S")
            ids = [api.sb.state.create_contact(str(number), "X").id for number in range(600)]
            api.sb.state.enroll(sequence.id, ids)
            rows = await api.get(at(sequence.id, "enrollments"))
            assert [row["contactId"] for row in rows] == ids[::-1][:count]


async def test_pausing_some_pauses_them_only(api: Api, sequence_id: str, people: list[str]) -> None:
    """Pause with ids pauses the active ones among them; the others and strangers are left alone."""
    api.sb.state.enroll(sequence_id, people[:4])
    api.sb.state.unsubscribe(sequence_id, people[1])
    got = await api.send("POST", at(sequence_id, "pause"), {"contactIds": [*people[:2], people[5], "ghost"]})
    assert (got.status, got.json) == (200, {"paused": 1})
    rows = {row["contactId"]: row for row in await api.get(at(sequence_id, "enrollments"))}
    assert [rows[key]["status"] for key in people[:4]] == ["paused", "unsubscribed", "active", "active"]
    assert rows[people[0]]["pausedAt"] == "2026-05-01T09:00:00.000Z"
    assert rows[people[0]]["pauseReason"] == "manual"
    assert rows[people[0]]["nextSendAt"] is None


@pytest.mark.parametrize("body", [None, {}])
async def test_pausing_without_ids_pauses_everyone(
    api: Api, sequence_id: str, people: list[str], body: Any
) -> None:
    """Pause without contactIds pauses everyone active, and a second time nobody."""
    api.sb.state.enroll(sequence_id, people)
    assert await api.post(at(sequence_id, "pause"), body) == {"paused": 6}
    assert await api.post(at(sequence_id, "pause"), body) == {"paused": 0}


@pytest.mark.parametrize("body", [{"contactIds": []}, {"contactIds": None}, {"contactids": ["a"]}, [], "x"])
async def test_a_pause_that_is_not_clear_pauses_nobody(
    api: Api, sequence_id: str, people: list[str], body: Any
) -> None:
    """An empty, cleared or misspelt contactIds never means everyone."""
    api.sb.state.enroll(sequence_id, people)
    await api.refused(400, "POST", at(sequence_id, "pause"), body)
    await api.refused(400, "POST", at(sequence_id, "pause"), data=b"null")
    await api.refused(400, "POST", at(sequence_id, "pause"), data=b"{")
    assert {row.status for row in api.sb.state.enrollments(sequence_id)} == {"active"}


async def test_unenrolling_takes_the_contact_off(api: Api, sequence_id: str, people: list[str]) -> None:
    """DELETE removes the enrollment and its count; a second one finds nothing."""
    api.sb.state.enroll(sequence_id, people[:2])
    path = at(sequence_id, f"contacts/{people[0]}")
    assert (await api.send("DELETE", path)).status == 200
    assert [row["contactId"] for row in await api.get(at(sequence_id, "enrollments"))] == [people[1]]
    assert (await api.get(f"/api/agent/sequences/{sequence_id}"))["enrollmentCounts"]["total"] == 1
    assert "not enrolled" in await api.refused(404, "DELETE", path)


async def test_history_keeps_every_version(api: Api, sequence_id: str, people: list[str]) -> None:
    """What the sandbox knows it did includes versions nobody asked for and enrollments that are gone."""
    api.sb.state.enroll(sequence_id, people[:1])
    await api.sb.clock.advance(days=3)
    api.sb.state.unenroll(sequence_id, people[0])
    versions = [(row.status, row.current_step) for row in api.sb.state.enrollment_history]
    assert versions == [("active", 0), ("active", 1), ("completed", 2)]
    assert api.sb.state.enrollments(sequence_id) == []
