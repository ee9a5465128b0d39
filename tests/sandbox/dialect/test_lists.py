"""How settings change which rows a list shows: caps, limits, order, `since`, lag."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.calls import Api
from tests.sandbox.dialect.conftest import Speak

DEALS = "/api/zapier/deals"
CONTACTS = "/api/agent/contacts"


async def four_deals(api: Api) -> None:
    """Deals a, b, c and d, made an hour apart; b was changed last."""
    for name in "abcd":
        row = api.sb.state.add("deals", {"name": name})
        if name == "b":
            second = row.id
        await api.sb.clock.advance(hours=1)
    api.sb.state.touch("deals", second)


def names(rows: list[dict[str, Any]]) -> str:
    return "".join(row["name"] for row in rows)


@pytest.mark.parametrize(
    ("order", "all_rows", "two"),
    [("newest", "bdca", "bd"), ("oldest", "acdb", "ac"), ("created", "dcba", "dc")],
)
async def test_order(speak: Speak, order: str, all_rows: str, two: str) -> None:
    """Newest or oldest change first, or latest created first; the cap cuts after ordering."""
    async with speak({"*": {"order": order}}) as api:
        await four_deals(api)
        assert names(await api.get(DEALS)) == all_rows
    async with speak({"*": {"order": order, "cap": 2}}) as api:
        await four_deals(api)
        assert names(await api.get(DEALS)) == two


@pytest.mark.parametrize(("order", "shown"), [("newest", "bdc"), ("oldest", "cdb"), ("created", "dcb")])
async def test_order_after_since(speak: Speak, order: str, shown: str) -> None:
    """`since` chooses by the last change, whatever the order is."""
    async with speak({"*": {"order": order}}) as api:
        await four_deals(api)
        assert names(await api.get(DEALS, since="2026-05-01T10:30:00Z")) == shown


async def test_a_shuffled_list_has_all_rows_in_no_order(speak: Speak) -> None:
    """It is not sorted by any moment, and the same each time."""
    async with speak({"*": {"order": "shuffled"}}) as api:
        for number in range(30):
            api.sb.state.add("deals", {"name": chr(65 + number)})
            await api.sb.clock.advance(seconds=1)
        shown = names(await api.get(DEALS))
        assert names(await api.get(DEALS)) == shown
    assert sorted(shown) == [chr(65 + number) for number in range(30)]
    assert shown not in ("".join(sorted(shown)), "".join(sorted(shown, reverse=True)))


async def test_order_of_lists_without_moments(speak: Speak) -> None:
    """Sequences and sending accounts are listed latest first, or oldest first."""
    for order, first in (("created", "B"), ("oldest", "A")):
        async with speak({"*": {"order": order}}) as api:
            for name in "AB":
                api.sb.state.create_sequence(name)
                api.sb.state.add_sending_account(name, f"{name}@example.com")
            assert (await api.get("/api/agent/sequences"))[0]["name"] == first
            assert (await api.get("/api/agent/sending-accounts"))[0]["name"] == first


@pytest.mark.parametrize(("operator", "shown"), [(">", 0), (">=", 1)])
async def test_the_operator_decides_about_the_boundary(speak: Speak, operator: str, shown: int) -> None:
    """A row exactly at `since` is shown by `>=` and left out by `>`, on every list."""
    async with speak({"*": {"since_operator": operator}}) as api:
        api.sb.state.add("deals", {"name": "a"})
        contact = api.sb.state.create_contact("A", "B", email="a@example.com")
        sequence = api.sb.state.create_sequence("S", [0])
        api.sb.state.enroll(sequence.id, [contact.id])
        await api.sb.clock.advance()
        api.sb.state.add_reply(contact.id)
        lists = [f"/api/agent/sequences/{sequence.id}/{name}" for name in ("enrollments", "sends", "replies")]
        for path in (DEALS, *lists):
            assert len(await api.get(path, since="2026-05-01T09:00:00Z")) == shown
            assert len(await api.get(path, since="2026-05-01T08:59:59.999Z")) == 1


async def test_since_in_another_zone_hides_or_repeats_rows(speak: Speak) -> None:
    """A service four hours west of UTC that ignores offsets withholds four hours of new rows."""
    async with speak({"zapier.*": {"since_zone": "-04:00"}}) as api:
        api.sb.state.add("deals", {"name": "a"})
        assert await api.get(DEALS, since="2026-05-01T08:00:00Z") == []
        assert len(await api.get(DEALS, since="2026-05-01T04:59:00Z")) == 1


async def test_a_since_that_is_rounded_up_hides_a_row(speak: Speak) -> None:
    """Rounding `since` up skips what happened between."""
    up = {"since_precision": "seconds", "since_rounding": "up"}
    async with speak({"zapier.*": up}) as api:
        await api.sb.clock.advance(timedelta(milliseconds=500))
        api.sb.state.add("deals", {"name": "a"})
        assert await api.get(DEALS, since="2026-05-01T09:00:00.100Z") == []
        assert len(await api.get(DEALS, since="2026-05-01T09:00:00Z")) == 1


async def test_a_row_stored_with_more_digits_than_it_prints_comes_again(speak: Speak) -> None:
    """`stored_precision` above the print makes a strict `>` return the boundary row."""
    async with speak(stored_precision="microseconds") as api:
        await api.sb.clock.advance(timedelta(microseconds=123456))
        api.sb.state.add("deals", {"name": "a"})
        [row] = await api.get(DEALS)
        assert row["updatedAt"] == "2026-05-01T09:00:00.123Z"
        assert len(await api.get(DEALS, since=row["updatedAt"])) == 1


async def test_rows_show_late(speak: Speak) -> None:
    """With a `lag` a row is listed that many seconds after its own stamp; the API knows it at once."""
    async with speak({"zapier.*": {"lag": 20}, "sequences.replies": {"lag": 60}}) as api:
        contact = await api.post(CONTACTS, {"firstName": "A", "lastName": "B"})
        assert await api.get("/api/zapier/contacts") == []
        assert (await api.patch(f"{CONTACTS}/{contact['id']}", {"title": "Dr"}))["title"] == "Dr"
        sequence = api.sb.state.create_sequence("S")
        api.sb.state.enroll(sequence.id, [contact["id"]])
        api.sb.state.add_reply(contact["id"])
        await api.sb.clock.advance(seconds=20)
        assert len(await api.get("/api/zapier/contacts")) == 1
        assert await api.get(f"/api/agent/sequences/{sequence.id}/replies") == []
        await api.sb.clock.advance(seconds=40)
        assert len(await api.get(f"/api/agent/sequences/{sequence.id}/replies")) == 1


async def test_limits_of_contacts(speak: Speak) -> None:
    """Without `limit` the default, above the largest a refusal or the largest, and the cap in any case."""
    limits = {"limit_default": 2, "limit_max": 4}
    async with speak({"contacts.list": limits}) as api:
        for _ in range(6):
            api.sb.state.create_contact("A", "B")
        assert len(await api.get(CONTACTS)) == 2
        assert len(await api.get(CONTACTS, limit=4)) == 4
        assert "from 1 to 4" in await api.refused(400, "GET", f"{CONTACTS}?limit=5")
    async with speak({"contacts.list": {**limits, "limit_over": "cut"}}) as api:
        for _ in range(6):
            api.sb.state.create_contact("A", "B")
        assert len(await api.get(CONTACTS, limit=999)) == 4
        for wrong in ("0", "-1", "x", "1.5", ""):
            await api.refused(400, "GET", f"{CONTACTS}?limit={wrong}")
    async with speak({"contacts.list": {**limits, "cap": 3, "list": {"r": "$rows", "m": "$more"}}}) as api:
        for _ in range(3):
            api.sb.state.create_contact("A", "B")
        two, all_three = await api.get(CONTACTS), await api.get(CONTACTS, limit=4)
        assert (len(two["r"]), two["m"], len(all_three["r"]), all_three["m"]) == (2, True, 3, False)
