"""Awkward requests, in every dialect."""

from typing import Any

import pytest

from impactive_async.sandbox import DIALECTS
from tests.sandbox.calls import MakeApi

AWKWARD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**70,
    "",
    "x",
    "1",
    "\u0663",
    [],
    [[1]],
    {},
    {"id": 1},
    [None],
    ["x", 1, True, None, [], {}],
]
SINCE = [
    "",
    "0",
    "-1",
    "9" * 16,
    "9" * 40,
    "1e9",
    "2026-05-01",
    "2026-05-01T09:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "\x00",
    "\uff12\uff10",
]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_request_breaks_the_sandbox(make_api: MakeApi, dialect: str) -> None:
    """Ids of every type, in bodies and paths, and any `since` are answered or refused, never by a 500."""
    async with make_api(dialect=dialect) as api:
        contact = api.sb.state.create_contact("A", "B", email="a@example.com")
        sequence = api.sb.state.create_sequence("S", [0])
        api.sb.state.enroll(sequence.id, [contact.id])
        path = f"/api/agent/sequences/{sequence.id}"
        statuses = {}
        for value in AWKWARD:
            person = {"firstName": "A", "lastName": "B", "companyId": value}
            bodies = {
                "/api/agent/contacts": [person, [person], value],
                "/api/zapier/deals": [{"name": "D", "stageId": value, "contactId": value, "value": value}],
                "/api/agent/bookings": [{"contactId": value, "startTime": value}],
                "/api/agent/sequences": [{"name": "S", "sendingAccountId": value, "steps": value}],
                f"{path}/enroll": [{"contactIds": value}, {"tagIds": value, "listIds": value}],
                f"{path}/pause": [{"contactIds": value}],
            }
            for place, documents in bodies.items():
                for document in documents:
                    got = await api.send("POST", place, document)
                    statuses[place, repr(document)] = got.status
        for since in SINCE:
            for place in (f"{path}/sends", f"{path}/enrollments", "/api/zapier/deals"):
                got = await api.send("GET", place, params={"since": since})
                statuses[place, since] = got.status
    assert {request: status for request, status in statuses.items() if status >= 500} == {}
