"""Rows that clients cannot read, among others that they can."""

import json
from typing import Any

import pytest

from impactive_async.sandbox import POISONS, Sandbox
from tests.sandbox.calls import Api
from tests.sandbox.dialect.conftest import Speak

DEALS = "/api/zapier/deals"


async def raw(api: Api, path: str) -> bytes:
    async with api.session.get(api.sb.url + path) as answer:
        assert answer.status == 200
        return await answer.read()


async def two_deals(api: Api) -> tuple[str, str]:
    """The ids of an old deal and a new one."""
    first = api.sb.state.add("deals", {"name": "First", "value": 5})
    await api.sb.clock.advance(seconds=90.125)
    return first.id, api.sb.state.add("deals", {"name": "Second", "value": 7}).id


@pytest.mark.parametrize(
    ("how", "bytes_of_it"),
    [
        ("not_utf8", b'"name":"First\xff"'),
        ("surrogate", b'"name":"First\\ud83d"'),
        ("control", b'"name":"First\x01"'),
        ("nan", b'"score":NaN'),
        ("infinity", b'"score":Infinity'),
        ("huge_number", b'"score":1e999'),
        ("deep", b'"score":[[[['),
    ],
)
async def test_bytes_that_no_encoder_writes(speak: Speak, how: Any, bytes_of_it: bytes) -> None:
    """The poisoned row has them wherever it is shown, the other row is as ever, until it is cured."""
    async with speak() as api:
        old, new = await two_deals(api)
        clean = await raw(api, DEALS)
        api.sb.poison("deals", old, how)
        page = await raw(api, DEALS)
        assert page.count(bytes_of_it) == 1
        assert page.partition(b'{"id":"' + old.encode())[0] == clean.partition(b'{"id":"' + old.encode())[0]
        assert new.encode() in page
        api.sb.poison("deals", old, None)
        assert await raw(api, DEALS) == clean


@pytest.mark.parametrize(
    ("how", "field", "shown"),
    [("nan", "value", b'"value":NaN'), ("surrogate", "currency", b'"currency":"\\ud83d"')],
)
async def test_the_field_can_be_chosen(speak: Speak, how: Any, field: str, shown: bytes) -> None:
    """A number or a text of the row's own, also one that is null."""
    async with speak() as api:
        old, _ = await two_deals(api)
        api.sb.poison("deals", old, how, field=field)
        assert shown in await raw(api, DEALS)


@pytest.mark.parametrize(
    ("how", "changed"),
    [
        ("no_id", {"id": None}),
        ("no_stamp", {"createdAt": None, "updatedAt": None}),
        ("bad_stamp", {"createdAt": "soon", "updatedAt": "soon"}),
        ("days", {"createdAt": "2026-05-01", "updatedAt": "2026-05-01"}),
        ("minutes", {"createdAt": "2026-05-01T09:01Z", "updatedAt": "2026-05-01T09:01Z"}),
        ("seconds", {"createdAt": "2026-05-01T09:01:30Z", "updatedAt": "2026-05-01T09:01:30Z"}),
    ],
)
async def test_one_row_without_what_a_row_needs(speak: Speak, how: Any, changed: dict[str, Any]) -> None:
    """No id, no stamps, stamps that are none, or stamps coarser than those of its neighbours."""
    async with speak() as api:
        _, new = await two_deals(api)
        before, neighbour = await api.get(DEALS)
        api.sb.poison("deals", new, how)
        after = await api.get(DEALS)
    assert after[1] == neighbour
    assert {name: after[0].get(name) for name in before} == {**before, **changed}
    assert ("id" in after[0]) == (how != "no_id")


async def test_each_noun_can_be_poisoned(speak: Speak) -> None:
    """Sends, replies, enrollments, sequences, contacts: wherever the row is shown."""
    async with speak() as api:
        state = api.sb.state
        contact = state.create_contact("Ada", "Lovelace", email="ada@example.com")
        sequence = state.create_sequence("Welcome", [0])
        state.enroll(sequence.id, [contact.id])
        await api.sb.clock.advance(hours=1)
        reply = state.add_reply(contact.id)
        path = f"/api/agent/sequences/{sequence.id}"
        places = {
            ("sends", state.sends[0].id): [f"{path}/sends"],
            ("replies", reply.id): [f"{path}/replies", f"/api/agent/contacts/{contact.id}/replies"],
            ("enrollments", state.enrollments(sequence.id)[0].id): [f"{path}/enrollments"],
            ("sequences", sequence.id): [path, "/api/agent/sequences"],
            ("contacts", contact.id): ["/api/agent/contacts", "/api/zapier/contacts"],
        }
        for (noun, row_id), paths in places.items():
            api.sb.poison(noun, row_id, "nan")
            for place in paths:
                assert b'"score":NaN' in await raw(api, place), (noun, place)
            api.sb.poison(noun, row_id, None)


async def test_a_row_must_exist(speak: Speak) -> None:
    """A misspelt id or noun is an error: it would never be shown. So is a kind that does not exist."""
    async with speak() as api:
        old, _ = await two_deals(api)
        for noun, row_id in (("deals", "x"), ("deal", old), ("sends", old), ("steps", old), ("enrollments", old)):
            with pytest.raises(LookupError):
                api.sb.poison(noun, row_id, "nan")
        with pytest.raises(ValueError, match="how"):
            api.sb.poison("deals", old, "arsenic")  # type: ignore[arg-type]


async def test_a_profile_poisons_some_rows(speak: Speak) -> None:
    """`every` chooses rows by their id, about one of so many, the same ones at each look."""
    async with speak({"zapier.deals.list": {"poison": {"how": "no_stamp", "every": 4}}}) as api:
        ids = [api.sb.state.add("deals", {"name": str(number)}).id for number in range(80)]
        looks = [{row["id"] for row in await api.get(DEALS) if row["updatedAt"] is None} for _ in range(2)]
    assert looks[0] == looks[1] < set(ids)
    assert 10 <= len(looks[0]) <= 30


@pytest.mark.parametrize("how", POISONS)
async def test_every_kind_works_in_a_dialect(speak: Speak, how: str) -> None:
    """Inside an envelope, with numeric ids and epoch times, all rows of a page are there."""
    settings = {"*": {"list": {"data": "$rows"}, "poison": {"how": how, "every": 1}, "time_style": "epoch"}}
    async with speak(settings, ids={"*": "number"}) as api:
        await two_deals(api)
        page = await raw(api, DEALS)
    assert page.startswith(b'{"data":[{')
    assert b"@@" not in page
    assert page.count(b'"primaryContactName"') == 2


@pytest.mark.parametrize(
    "setting",
    [
        {},
        [],
        {"how": "nan"},
        {"how": "nan", "every": 0},
        {"how": "x", "every": 1},
        {"how": "nan", "every": 1, "field": 1},
    ],
)
def test_a_wrong_setting_is_refused(setting: Any) -> None:
    """The message says what the setting must have."""
    with pytest.raises(ValueError, match=r"poison must be \{how, every, field\} with how one of"):
        Sandbox(profile={"profile": 1, "operations": {"*": {"poison": setting}}})


async def test_an_answer_ahead_of_its_time(speak: Speak) -> None:
    """`ahead` moves `Date` and all moments of one answer, nested ones too; the next is as ever."""
    async with speak() as api:
        contact = api.sb.state.create_contact("Ada", "Lovelace")
        sequence = api.sb.state.create_sequence("W", [0])
        api.sb.state.enroll(sequence.id, [contact.id])
        for path, hours in (("/api/agent/contacts", 6), (f"/api/agent/sequences/{sequence.id}", -2)):
            now = await api.send("GET", path)
            api.sb.fail("*", ahead=hours * 3600)
            wrong = await api.send("GET", path)
            hour = f"{9 + hours:02}:00:00"
            assert wrong.headers["Date"] == f"Fri, 01 May 2026 {hour} GMT"
            assert wrong.json == json.loads(now.text.replace("T09:00:00", f"T{hour}"))
            assert (await api.send("GET", path)).json == now.json
