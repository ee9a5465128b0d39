"""Contract rows 5 to 12: sending accounts, sequences and steps."""

from typing import Any

import pytest

from tests.sandbox.calls import Api

SEQUENCES = "/api/agent/sequences"
STEP = {"subject": "Hi", "body": "Hello", "delayDays": 0}


def steps(*subjects: str) -> list[dict[str, Any]]:
    return [{**STEP, "subject": subject} for subject in subjects]


async def positions(api: Api, sequence_id: str) -> list[tuple[int, str]]:
    sequence = await api.get(f"{SEQUENCES}/{sequence_id}")
    return [(step["position"], step["subject"]) for step in sequence["steps"]]


async def test_sending_accounts_have_the_documented_fields_only(api: Api) -> None:
    """The list may be empty, and no credentials are ever in it."""
    assert await api.get("/api/agent/sending-accounts") == []
    account = api.sb.state.add_sending_account("Sales", "sales@x.example", sync_enabled=False)
    assert api.sb.state.sending_accounts == {account.id: account}
    assert await api.get("/api/agent/sending-accounts") == [
        {
            "id": account.id,
            "name": "Sales",
            "fromName": "Sales",
            "fromEmail": "sales@x.example",
            "smtpHost": "smtp.x.example",
            "syncEnabled": False,
        }
    ]


async def test_a_sequence_is_created_active_with_its_steps(api: Api) -> None:
    """Create answers 201 with the sequence and its steps, active and on the platform's sender by default."""
    got = await api.send("POST", SEQUENCES, {"name": "Welcome", "steps": steps("a", "b"), "colour": "red"})
    assert got.status == 201
    first, second = got.json.pop("steps")
    assert got.json == {
        "id": got.json["id"],
        "name": "Welcome",
        "description": None,
        "status": "active",
        "sendingAccountId": None,
        "colour": "red",
        "createdAt": "2026-05-01T09:00:00.000Z",
        "updatedAt": "2026-05-01T09:00:00.000Z",
    }
    assert second == {
        "id": second["id"],
        "sequenceId": got.json["id"],
        "position": 1,
        "subject": "b",
        "body": "Hello",
        "delayDays": 0,
        "createdAt": "2026-05-01T09:00:00.000Z",
        "updatedAt": "2026-05-01T09:00:00.000Z",
    }
    assert (first["position"], first["subject"]) == (0, "a")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": None}, "name must not be null"),
        ({"status": "on"}, "status must be one of draft, active, paused, archived"),
        ({"status": None}, "status must not be null"),
        ({"status": []}, "status must be one of draft, active, paused, archived"),
        ({"sendingAccountId": "nope"}, "sendingAccountId does not belong to this workspace"),
        ({"steps": {}}, "steps must be an array"),
        ({"steps": [STEP, 5]}, "steps[1] must be an object"),
        ({"steps": [STEP, {}]}, "steps[1].subject is required"),
        ({"steps": [{**STEP, "delayDays": "1"}]}, "steps[0].delayDays must be a whole number"),
    ],
)
async def test_a_wrong_sequence_is_refused_by_field(api: Api, change: Any, error: str) -> None:
    """Create refuses wrong fields with 400, down to the step, and makes nothing."""
    assert await api.refused(400, "POST", SEQUENCES, {"name": "S", **change}) == error
    assert await api.get(SEQUENCES) == []


async def test_a_sequence_needs_a_name(api: Api) -> None:
    """`name` is required."""
    assert await api.refused(400, "POST", SEQUENCES, {"steps": []}) == "name is required"


async def test_the_list_has_counts_and_no_steps(api: Api) -> None:
    """Every sequence is listed, the latest first, with stepCount and one count per status."""
    state = api.sb.state
    old, new = state.create_sequence("Old", [0, 1]), state.create_sequence("New", [])
    people = [state.create_contact(str(number), "X").id for number in range(4)]
    state.enroll(old.id, people)
    state.pause(old.id, people[:1])
    state.unsubscribe(old.id, people[1])
    rows = await api.get(SEQUENCES)
    assert [row["id"] for row in rows] == [new.id, old.id]
    assert rows[1]["stepCount"] == 2
    assert rows[1]["enrollmentCounts"] == {"total": 4, "active": 2, "paused": 1, "completed": 0, "unsubscribed": 1}
    assert rows[0]["enrollmentCounts"] == dict.fromkeys(rows[1]["enrollmentCounts"], 0)
    assert "steps" not in rows[0]


async def test_one_sequence_has_steps_in_order_and_counts(api: Api) -> None:
    """GET by id has all steps by position and the counts."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": steps("a", "b", "c")})
    got = await api.get(f"{SEQUENCES}/{sequence['id']}")
    assert got["steps"] == sequence["steps"]
    assert got["enrollmentCounts"]["total"] == 0


async def test_a_change_changes_what_it_names(api: Api) -> None:
    """PATCH sets name, description, status and account; null clears what can be cleared."""
    account = api.sb.state.add_sending_account("Sales", "sales@x.example")
    path = f"{SEQUENCES}/{(await api.post(SEQUENCES, {'name': 'S', 'description': 'd', 'a': 1}))['id']}"
    changed = await api.patch(path, {"status": "archived", "sendingAccountId": account.id, "b": 2})
    assert (changed["name"], changed["description"], changed["a"], changed["b"]) == ("S", "d", 1, 2)
    assert (changed["status"], changed["sendingAccountId"]) == ("archived", account.id)
    changed = await api.patch(
        path, {"name": "T", "description": None, "sendingAccountId": None, "steps": "ignored"}
    )
    assert (changed["name"], changed["description"], changed["sendingAccountId"]) == ("T", None, None)
    assert changed["status"] == "archived"


@pytest.mark.parametrize("change", [{"name": ""}, {"status": "x"}, {"sendingAccountId": "x"}, {"name": None}])
async def test_a_wrong_change_changes_nothing(api: Api, change: Any) -> None:
    """A refused PATCH leaves the sequence as it was."""
    sequence = api.sb.state.create_sequence("S")
    await api.refused(400, "PATCH", f"{SEQUENCES}/{sequence.id}", {"description": "x", **change})
    assert api.sb.state.sequences[sequence.id] == sequence


@pytest.mark.parametrize(
    ("position", "order"),
    [(None, "abcN"), (0, "Nabc"), (1, "aNbc"), (3, "abcN"), (99, "abcN"), (10**30, "abcN"), (1.0, "aNbc")],
)
async def test_a_step_is_inserted_where_it_says(api: Api, position: Any, order: str) -> None:
    """Without a position a step is appended; with one, later steps shift down; beyond the end means the end."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": steps("a", "b", "c")})
    body = {**STEP, "subject": "N", **({} if position is None else {"position": position})}
    got = await api.send("POST", f"{SEQUENCES}/{sequence['id']}/steps", body)
    assert (got.status, got.json["position"]) == (201, order.index("N"))
    assert await positions(api, sequence["id"]) == list(enumerate(order))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"subject": None}, "subject must not be null"),
        ({"body": ""}, "body must not be empty"),
        ({"delayDays": 1.5}, "delayDays must be a whole number"),
        ({"delayDays": True}, "delayDays must be a whole number"),
        ({"delayDays": -1}, "delayDays must be at least 0 and at most 3650"),
        ({"delayDays": 3651}, "delayDays must be at least 0 and at most 3650"),
        ({"position": -1}, "position must be at least 0"),
        ({"position": None}, "position must not be null"),
    ],
)
async def test_a_wrong_step_is_refused_by_field(api: Api, change: Any, error: str) -> None:
    """Insert and change refuse the same wrong fields with 400, and leave the steps alone."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": steps("a")})
    path = f"{SEQUENCES}/{sequence['id']}/steps"
    assert await api.refused(400, "POST", path, {**STEP, **change}) == error
    assert await api.refused(400, "PATCH", f"{path}/{sequence['steps'][0]['id']}", change) == error
    assert (await api.get(f"{SEQUENCES}/{sequence['id']}"))["steps"] == sequence["steps"]


@pytest.mark.parametrize("missing", ["subject", "body", "delayDays"])
async def test_a_step_needs_all_three(api: Api, missing: str) -> None:
    """Subject, body and delay are required."""
    sequence = api.sb.state.create_sequence("S")
    body = {name: value for name, value in STEP.items() if name != missing}
    assert await api.refused(400, "POST", f"{SEQUENCES}/{sequence.id}/steps", body) == f"{missing} is required"


@pytest.mark.parametrize(("position", "order"), [(0, "cab"), (1, "acb"), (2, "abc"), (50, "abc")])
async def test_moving_a_step_keeps_positions_contiguous(api: Api, position: int, order: str) -> None:
    """PATCH with a position reorders the sequence to 0..n-1."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": steps("a", "b", "c")})
    path = f"{SEQUENCES}/{sequence['id']}/steps/{sequence['steps'][2]['id']}"
    assert (await api.patch(path, {"position": position}))["position"] == order.index("c")
    assert await positions(api, sequence["id"]) == list(enumerate(order))


async def test_changing_a_step_leaves_its_place(api: Api) -> None:
    """PATCH without a position changes what it names, keeps custom fields, and moves nothing."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": [{**STEP, "tone": "warm"}, *steps("b")]})
    old = sequence["steps"][0]
    assert old["tone"] == "warm"
    await api.sb.clock.advance(seconds=1)
    new = await api.patch(f"{SEQUENCES}/{sequence['id']}/steps/{old['id']}", {"delayDays": 3, "body": "New"})
    assert new == old | {"delayDays": 3, "body": "New", "updatedAt": "2026-05-01T09:00:01.000Z"}
    assert await positions(api, sequence["id"]) == [(0, "Hi"), (1, "b")]


async def test_deleting_a_step_closes_the_gap(api: Api) -> None:
    """DELETE compacts the positions, and a second DELETE finds nothing."""
    sequence = await api.post(SEQUENCES, {"name": "S", "steps": steps("a", "b", "c")})
    path = f"{SEQUENCES}/{sequence['id']}/steps/{sequence['steps'][1]['id']}"
    assert (await api.send("DELETE", path)).status == 200
    assert await positions(api, sequence["id"]) == [(0, "a"), (1, "c")]
    await api.refused(404, "DELETE", path)


async def test_a_step_belongs_to_its_own_sequence(api: Api) -> None:
    """A step is not found through another sequence."""
    one, two = api.sb.state.create_sequence("One"), api.sb.state.create_sequence("Two")
    path = f"{SEQUENCES}/{one.id}/steps/{api.sb.state.steps(two.id)[0].id}"
    await api.refused(404, "PATCH", path, {})
    await api.refused(404, "DELETE", path)
