"""Rows that lists show later than their timestamp says."""

from datetime import timedelta

import pytest

from impactive_async.sandbox import Sandbox
from tests.sandbox.calls import Api


async def test_late_rows_become_visible_behind_newer_ones(api: Api) -> None:
    """With lateness, a row is listed that much after its timestamp, in the place its timestamp gives it."""
    state, clock = api.sb.state, api.sb.clock
    state.late_rows(timedelta(minutes=10), kinds=["companies"])
    late = state.add("companies", {"name": "Late"})
    state.late_rows(None, kinds=["companies"])
    await clock.advance(minutes=1)
    punctual = state.add("companies", {"name": "Punctual"})
    assert [row["id"] for row in await api.get("/api/zapier/companies")] == [punctual.id]
    await clock.advance(minutes=9)
    assert [row["id"] for row in await api.get("/api/zapier/companies")] == [punctual.id, late.id]


async def test_a_late_version_leaves_the_old_one_in_sight(api: Api) -> None:
    """Until an update is visible, lists show what was there before; unpolled lists too."""
    state, clock = api.sb.state, api.sb.clock
    row = state.create_contact("Old", "X")
    state.late_rows(timedelta(minutes=1))
    for name in ("Newer", "Newest"):
        await clock.advance(seconds=10)
        state.touch("contacts", row.id, {"firstName": name})
    for path in ("/api/zapier/contacts", "/api/agent/contacts"):
        assert [one["firstName"] for one in await api.get(path)] == ["Old"]
    await clock.advance(seconds=50)
    assert [one["firstName"] for one in await api.get("/api/zapier/contacts")] == ["Newer"]
    await clock.advance(seconds=10)
    assert [one["firstName"] for one in await api.get("/api/zapier/contacts")] == ["Newest"]


async def test_a_late_new_row_is_in_no_list(api: Api) -> None:
    """A row that is not visible yet is missing from unpolled lists as well, but found by its id."""
    api.sb.state.late_rows(timedelta(minutes=1), kinds=["contacts"])
    row = api.sb.state.create_contact("Ada", "X")
    assert await api.get("/api/agent/contacts") == []
    assert (await api.patch(f"/api/agent/contacts/{row.id}", {}))["firstName"] == "Ada"


async def test_sends_replies_and_enrollments_can_be_late(api: Api) -> None:
    """The rows of a sequence become visible late, also in the contact's own list."""
    state, clock = api.sb.state, api.sb.clock
    sequence, ada = state.create_sequence("S", [0]), state.create_contact("Ada", "X", email="a@x.example")
    state.late_rows(timedelta(minutes=10))
    state.enroll(sequence.id, [ada.id])
    await clock.advance()
    state.add_reply(ada.id)
    paths = [f"/api/agent/sequences/{sequence.id}/{rest}" for rest in ("enrollments", "sends", "replies")]
    paths.append(f"/api/agent/contacts/{ada.id}/replies")
    await clock.advance(minutes=9)
    assert [await api.get(path) for path in paths] == [[]] * 4
    await clock.advance(minutes=1)
    assert [len(await api.get(path)) for path in paths] == [1] * 4


async def test_one_reply_or_row_can_be_late(api: Api) -> None:
    """`visible_at` names the moment for a single row."""
    state, clock = api.sb.state, api.sb.clock
    ada, soon = state.create_contact("Ada", "X"), clock.now() + timedelta(minutes=1)
    state.add_reply(ada.id, email_date=clock.now() - timedelta(hours=1), visible_at=soon)
    state.add("deals", {"name": "D"}, at=clock.now() - timedelta(hours=1), visible_at=soon)
    for advance, count in ((0, 0), (1, 1)):
        await clock.advance(minutes=advance)
        assert len(await api.get("/api/zapier/deals")) == count
        assert len(await api.get(f"/api/agent/contacts/{ada.id}/replies")) == count


async def test_a_late_reply_stays_late_for_a_sequence_joined_meanwhile(api: Api) -> None:
    """Enrolling does not make a reply visible that its mailbox has not brought yet."""
    state, clock = api.sb.state, api.sb.clock
    sequence, ada = state.create_sequence("S"), state.create_contact("Ada", "X")
    state.add_reply(ada.id, visible_at=clock.now() + timedelta(minutes=1))
    state.enroll(sequence.id, [ada.id])
    for advance, count in ((0, 0), (1, 1)):
        await clock.advance(minutes=advance)
        assert len(await api.get(f"/api/agent/sequences/{sequence.id}/replies")) == count


def test_kinds_are_known() -> None:
    """A misspelt kind is an error."""
    with pytest.raises(ValueError, match="'sequences' is not one of"):
        Sandbox().state.late_rows(timedelta(1), kinds=["sequences"])
