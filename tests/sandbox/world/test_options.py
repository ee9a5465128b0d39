"""Options of a workspace: how much is in it, how strict it is, how often it fails."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.sandbox import DEFAULT_NOW, POPULATIONS, Sandbox
from tests.sandbox.calls import MakeApi


def test_sizes() -> None:
    """Nothing; plain rows; a demo, by default, with mail and bookings; and more of all than any list shows."""
    none, small, demo, large = (Sandbox(populate=size).state for size in POPULATIONS)
    assert not none.rows("contacts")
    assert (len(small.rows("contacts")), len(small.sequences), len(small.rows("bookings"))) == (12, 0, 0)
    assert len(demo.rows("contacts")) == 12
    assert {status for status, kept in _statuses(demo).items() if kept} >= {"active", "paused", "unsubscribed"}
    assert (len(demo.sequences), len(demo.rows("bookings"))) == (3, 3)
    assert min(len(demo.sends), len(demo.replies)) >= 2
    assert max(mail.email_date for mail in demo.sends) <= DEFAULT_NOW
    assert max(mail.email_date for mail in demo.replies) <= DEFAULT_NOW
    assert min(len(large.sends), len(large.rows("contacts"))) > 1000
    assert Sandbox().snapshot() == Sandbox(populate=True).snapshot() == Sandbox(populate="demo").snapshot()
    with pytest.raises(ValueError, match="not with 'huge'"):
        Sandbox(populate="huge")  # type: ignore[arg-type]


def _statuses(state: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for sequence in state.sequences:
        for row in state.enrollments(sequence):
            found[row.status] = found.get(row.status, 0) + 1
    return found


async def test_a_demo_goes_on(make_api: MakeApi) -> None:
    """The clock stands at its beginning, and what is due later is sent later."""
    async with make_api(populate="demo") as api:
        assert api.sb.clock.now() == DEFAULT_NOW
        before = len(api.sb.state.sends)
        await api.sb.clock.advance(days=4)
        assert len(api.sb.state.sends) > before
        await api.sb.reset(populate="small")
        assert (api.sb.clock.now(), api.sb.state.sends) == (DEFAULT_NOW, ())


PERSON = {"firstName": "Ada", "lastName": "Lovelace"}


@pytest.mark.parametrize("address", ["", "ada", "ada@", "@x.example", "a b@x.example", "ada@x", "ada@x..example"])
async def test_a_strict_workspace_refuses_ill_formed_addresses(make_api: MakeApi, address: str) -> None:
    """Everywhere where an address is written; by default the API takes any text."""
    person, company = {**PERSON, "email": address}, {"name": "X", "email": address}
    async with make_api() as api:
        await api.post("/api/agent/contacts", person)
    async with make_api(strict=True) as api:
        assert "email must be" in await api.refused(400, "POST", "/api/agent/contacts", person)
        assert "email must be" in await api.refused(400, "POST", "/api/zapier/companies", company)
        guest = {"guestEmail": address}
        assert "guestEmail must be" in await api.refused(400, "POST", "/api/agent/bookings", guest)
        await api.post("/api/agent/contacts", {**PERSON, "email": "ada+1@mail.x.example"})


async def test_a_strict_workspace_enrolls_nobody_without_an_address(make_api: MakeApi) -> None:
    """The whole request is refused, and names who it is."""
    async with make_api(strict=True) as api:
        state = api.sb.state
        with_one = state.create_contact("Ada", "Lovelace", email="ada@x.example").id
        without = state.create_contact("Alan", "Turing").id
        sequence = state.create_sequence("Welcome").id
        path = f"/api/agent/sequences/{sequence}/enroll"
        told = await api.refused(400, "POST", path, {"contactIds": [with_one, without]})
        assert told == f"contact {without} has no email address"
        assert state.enrollments(sequence) == []
        await api.post(path, {"contactIds": [with_one]})


async def test_chaos_from_the_beginning(make_api: MakeApi) -> None:
    """And again after a reset, the same way."""
    async with make_api(chaos=1) as api:
        assert api.sb.plan.rate == 1
        api.sb.clear_faults()
        await api.sb.reset()
        assert api.sb.plan.rate == 1
    with pytest.raises(ValueError, match="from 0 to 1"):
        Sandbox(chaos=2)
