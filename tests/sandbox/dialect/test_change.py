"""Changing the profile of a sandbox that is running."""

from datetime import timedelta

import pytest

from tests.sandbox.dialect.conftest import Speak

DEALS = "/api/zapier/deals"


async def test_a_cap_may_change(speak: Speak) -> None:
    """From the next request on the new setting holds; the profile of the sandbox shows it."""
    async with speak({"zapier.*": {"cap": 5, "link": True}}) as api:
        for number in range(9):
            api.sb.state.add("deals", {"name": str(number)})
        assert len(await api.get(DEALS)) == 5
        api.sb.change({"zapier.*": {"cap": 3}})
        got = await api.send("GET", DEALS)
        assert (len(got.json), "Link" in got.headers) == (3, True)
        assert api.sb.profile["operations"]["zapier.*"] == {"cap": 3, "link": True}


async def test_a_longer_pattern_stays_first(speak: Speak) -> None:
    """A change of `*` does not reach what the profile says of one list."""
    async with speak({"zapier.deals.list": {"cap": 2}}) as api:
        for number in range(4):
            api.sb.state.add("deals", {"name": str(number)})
        api.sb.change({"*": {"cap": 3}})
        assert len(await api.get(DEALS)) == 2


async def test_the_verb_and_the_lag_may_change(speak: Speak) -> None:
    """Routes and the lateness of rows follow; rows already on their way keep their time."""
    async with speak({"zapier.*": {"lag": 10}}) as api:
        contact = api.sb.state.create_contact("A", "B")
        api.sb.change({"*": {"update_verb": "PUT"}, "zapier.*": {"lag": 0}})
        api.sb.state.add("deals", {"name": "D"})
        assert len(await api.get(DEALS)) == 1
        assert await api.get("/api/zapier/contacts") == []
        path = f"/api/agent/contacts/{contact.id}"
        assert (await api.ok("PUT", path, {"title": "Dr"}))["title"] == "Dr"
        await api.sb.clock.advance(seconds=10)
        assert len(await api.get("/api/zapier/contacts")) == 1


async def test_lateness_that_a_test_has_set_stays(speak: Speak) -> None:
    """A change of another setting leaves `late_rows` alone, also where the profile has a lag of its own."""
    async with speak({"zapier.deals.list": {"lag": 1}}) as api:
        api.sb.state.late_rows(timedelta(seconds=5), ["deals", "contacts"])
        api.sb.change({"*": {"link": True}})
        api.sb.state.add("deals", {"name": "D"})
        api.sb.state.create_contact("A", "B")
        await api.sb.clock.advance(seconds=4)
        assert await api.get(DEALS) == await api.get("/api/zapier/contacts") == []


async def test_poisoned_rows_stay_poisoned(speak: Speak) -> None:
    """A change of settings does not cure a row."""
    async with speak() as api:
        deal = api.sb.state.add("deals", {"name": "D"})
        api.sb.poison("deals", deal.id, "no_stamp")
        api.sb.change({"*": {"link": True}})
        assert (await api.get(DEALS))[0]["updatedAt"] is None


async def test_a_wrong_change_changes_nothing(speak: Speak) -> None:
    """It is refused as a whole, and the sandbox answers as before."""
    async with speak({"*": {"cap": 2}}) as api:
        for number in range(4):
            api.sb.state.add("deals", {"name": str(number)})
        with pytest.raises(ValueError, match="cap must be a whole number"):
            api.sb.change({"*": {"cap": 0}})
        assert len(await api.get(DEALS)) == 2
