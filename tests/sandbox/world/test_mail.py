"""What the clock makes happen: contract rows 15 and 16, and the life of an enrollment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async.sandbox import Sandbox
from tests.sandbox.calls import Api, MakeApi


def at(sequence_id: str, rest: str) -> str:
    return f"/api/agent/sequences/{sequence_id}/{rest}"


def person(api: Api, name: str = "Ada") -> str:
    return api.sb.state.create_contact(name, "X", email=f"{name.lower()}@x.example").id


async def only_enrollment(api: Api, sequence_id: str) -> Any:
    (row,) = await api.get(at(sequence_id, "enrollments"))
    return row


async def test_steps_go_out_when_they_are_due(api: Api) -> None:
    """Each step is sent its delay after the one before, and its row is dated by its own moment."""
    sequence = api.sb.state.create_sequence("S", [0, 2, 3])
    api.sb.state.enroll(sequence.id, [person(api)])
    assert await api.get(at(sequence.id, "sends")) == []
    seen = []
    for _ in range(7):
        await api.sb.clock.advance(days=1)
        row = await only_enrollment(api, sequence.id)
        seen.append((row["currentStep"], row["status"], row["nextSendAt"], row["updatedAt"]))
    first, second, third = (f"2026-05-0{day}T09:00:00.000Z" for day in (1, 3, 6))
    assert seen[0] == seen[-7] == (1, "active", second, first)
    assert seen[1] == seen[3] == (2, "active", third, second)
    assert seen[4] == seen[6] == (3, "completed", None, third)
    row = await only_enrollment(api, sequence.id)
    assert row["completedAt"] == third
    assert [send["emailDate"] for send in await api.get(at(sequence.id, "sends"))] == [third, second, first]


async def test_a_send_has_all_documented_fields(api: Api) -> None:
    """A send names its contact, step and enrollment, and goes out from the platform's address by default."""
    sequence, ada = api.sb.state.create_sequence("S", [0]), person(api)
    (enrollment,) = api.sb.state.enroll(sequence.id, [ada]).rows
    await api.sb.clock.advance()
    (send,) = await api.get(at(sequence.id, "sends"))
    (step,) = api.sb.state.steps(sequence.id)
    assert send == {
        "id": api.sb.state.sends[0].id,
        "contactId": ada,
        "sequenceStepId": step.id,
        "sequenceEnrollmentId": enrollment.id,
        "subject": "S 1",
        "fromAddress": "hello@mail.impactive.example",
        "toAddresses": ["ada@x.example"],
        "body": "Step 1 of S",
        "emailDate": "2026-05-01T09:00:00.000Z",
    }


async def test_a_sequence_sends_from_its_account(api: Api) -> None:
    """A sequence with a sending account uses that account's address."""
    account = api.sb.state.add_sending_account("Sales", "sales@x.example")
    sequence = api.sb.state.create_sequence("S", [0], sending_account_id=account.id)
    api.sb.state.enroll(sequence.id, [person(api)])
    await api.sb.clock.advance()
    assert api.sb.state.sends[0].from_address == "sales@x.example"


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
async def test_only_an_active_sequence_sends(api: Api, status: str) -> None:
    """A sequence that is not active holds what is due, and sends it when it is active again."""
    sequence = api.sb.state.create_sequence("S", [0, 1], status=status)
    api.sb.state.enroll(sequence.id, [person(api)])
    await api.sb.clock.advance(days=5)
    assert len(api.sb.state.sends) == 0
    await api.patch(f"/api/agent/sequences/{sequence.id}", {"status": "active"})
    await api.sb.clock.advance()
    assert [send.email_date for send in api.sb.state.sends] == [datetime(2026, 5, 6, 9, tzinfo=UTC)]
    await api.sb.clock.advance(days=1)
    assert len(api.sb.state.sends) == 2


async def test_switching_on_and_off_doubles_nothing(api: Api) -> None:
    """A sequence paused and resumed before a step is due sends that step once."""
    sequence = api.sb.state.create_sequence("S", [0, 2])
    api.sb.state.enroll(sequence.id, [person(api)])
    for status in ("paused", "active", "paused", "active"):
        api.sb.state.set_sequence_status(sequence.id, status)
    await api.sb.clock.advance(days=1)
    for status in ("paused", "active"):
        api.sb.state.set_sequence_status(sequence.id, status)
    await api.sb.clock.advance(days=9)
    assert [send.subject for send in api.sb.state.sends] == ["S 1", "S 2"]


async def test_a_paused_contact_gets_nothing_until_resumed(api: Api) -> None:
    """Pausing stops the next step; the app's resume button makes it due at once."""
    sequence, ada = api.sb.state.create_sequence("S", [0, 2]), person(api)
    api.sb.state.enroll(sequence.id, [ada])
    await api.sb.clock.advance(days=1)
    api.sb.state.pause(sequence.id, [ada], reason="replied")
    await api.sb.clock.advance(days=9)
    row = await only_enrollment(api, sequence.id)
    assert (row["status"], row["pauseReason"], row["pausedAt"]) == (
        "paused",
        "replied",
        "2026-05-02T09:00:00.000Z",
    )
    assert len(api.sb.state.sends) == 1
    api.sb.state.resume(sequence.id, ada)
    await api.sb.clock.advance()
    row = await only_enrollment(api, sequence.id)
    assert (row["status"], row["pauseReason"], row["pausedAt"]) == ("completed", None, None)
    assert len(api.sb.state.sends) == 2


async def test_an_unsubscribed_contact_gets_nothing(api: Api) -> None:
    """Unsubscribing ends the sending and keeps the contact on the sequence."""
    sequence, ada = api.sb.state.create_sequence("S", [0, 2]), person(api)
    api.sb.state.enroll(sequence.id, [ada])
    api.sb.state.unsubscribe(sequence.id, ada)
    await api.sb.clock.advance(days=9)
    assert (await only_enrollment(api, sequence.id))["status"] == "unsubscribed"
    assert api.sb.state.sends == ()


async def test_a_contact_without_an_address_fails_and_is_paused(api: Api) -> None:
    """A send that cannot go out is tried hourly, counted and explained, and given up after the third time."""
    sequence = api.sb.state.create_sequence("S", [0])
    ada = api.sb.state.create_contact("Ada", "X")
    api.sb.state.enroll(sequence.id, [ada.id])
    seen = []
    for _ in range(4):
        await api.sb.clock.advance(hours=1)
        row = await only_enrollment(api, sequence.id)
        seen.append((row["status"], row["consecutiveFailures"], row["lastSendErrorAt"], row["nextSendAt"]))
    assert seen[0] == ("active", 2, "2026-05-01T10:00:00.000Z", "2026-05-01T11:00:00.000Z")
    assert seen[1] == seen[3] == ("paused", 3, "2026-05-01T11:00:00.000Z", None)
    assert (row["lastSendError"], row["pauseReason"]) == ("The contact has no email address", "send_failures")
    assert api.sb.state.sends == ()


async def test_a_success_ends_the_run_of_failures(api: Api) -> None:
    """Once the address is known the step goes out, and the failures are forgotten."""
    sequence = api.sb.state.create_sequence("S", [0])
    ada = api.sb.state.create_contact("Ada", "X")
    api.sb.state.enroll(sequence.id, [ada.id])
    await api.sb.clock.advance()
    await api.patch(f"/api/agent/contacts/{ada.id}", {"email": "ada@x.example"})
    await api.sb.clock.advance(hours=1)
    row = await only_enrollment(api, sequence.id)
    assert (row["status"], row["consecutiveFailures"]) == ("completed", 0)
    assert (row["lastSendError"], row["lastSendErrorAt"]) == (None, None)


async def test_a_step_added_later_serves_those_who_wait(api: Api) -> None:
    """A contact on a sequence without steps waits, and is served by the first one that is added."""
    sequence = api.sb.state.create_sequence("S", [])
    api.sb.state.enroll(sequence.id, [person(api)])
    await api.sb.clock.advance(days=1)
    row = await only_enrollment(api, sequence.id)
    assert (row["status"], row["nextSendAt"]) == ("active", None)
    await api.post(at(sequence.id, "steps"), {"subject": "Late", "body": "b", "delayDays": 1})
    await api.sb.clock.advance(days=1)
    assert [send.subject for send in api.sb.state.sends] == ["Late"]


async def test_deleting_the_steps_ahead_completes_who_waited_for_them(api: Api) -> None:
    """When the step that is due is gone, the enrollment is complete; one resumed at the end just waits."""
    sequence, ada = api.sb.state.create_sequence("S", [0, 1]), person(api)
    api.sb.state.enroll(sequence.id, [ada])
    await api.sb.clock.advance()
    await api.delete(at(sequence.id, f"steps/{api.sb.state.steps(sequence.id)[1].id}"))
    await api.sb.clock.advance(days=1)
    assert (await only_enrollment(api, sequence.id))["status"] == "completed"
    assert api.sb.state.resume(sequence.id, ada).next_send_at is None
    await api.delete(at(sequence.id, f"steps/{api.sb.state.steps(sequence.id)[0].id}"))
    await api.post(at(sequence.id, "steps"), {"subject": "x", "body": "b", "delayDays": 0})
    assert (await only_enrollment(api, sequence.id))["nextSendAt"] is None


async def test_many_sends_of_one_moment_tie(api: Api) -> None:
    """Everyone enrolled together is sent to at the same instant."""
    sequence = api.sb.state.create_sequence("S", [0])
    api.sb.state.enroll(sequence.id, [person(api, f"P{number}") for number in range(20)])
    await api.sb.clock.advance(hours=1)
    assert len({send["emailDate"] for send in await api.get(at(sequence.id, "sends"))}) == 1


async def test_sends_are_newest_first_inclusive_and_at_most_500(api: Api) -> None:
    """A page has the latest 500, and `since` includes its own moment."""
    sequence = api.sb.state.create_sequence("S", [0, 1])
    api.sb.state.enroll(sequence.id, [person(api, f"P{number}") for number in range(400)])
    await api.sb.clock.advance(days=2)
    page = await api.get(at(sequence.id, "sends"))
    assert len(page) == 500
    assert [row["emailDate"] for row in page] == sorted((row["emailDate"] for row in page), reverse=True)
    assert len(await api.get(at(sequence.id, "sends"), since="2026-05-02T09:00:00.000Z")) == 400
    assert len(await api.get(at(sequence.id, "sends"), since="2026-05-02T09:00:00.001Z")) == 0


async def test_caps_of_sends_and_replies_can_be_moved(make_api: MakeApi) -> None:
    """The caps are options, for tests with few rows."""
    async with make_api(sends_cap=2, replies_cap=3, contact_replies_cap=1) as api:
        sequence, people = api.sb.state.create_sequence("S", [0]), [person(api, name) for name in "abcde"]
        api.sb.state.enroll(sequence.id, people)
        for contact_id in people:
            api.sb.state.add_reply(contact_id)
            api.sb.state.add_reply(contact_id)
        await api.sb.clock.advance()
        assert len(await api.get(at(sequence.id, "sends"))) == 2
        assert len(await api.get(at(sequence.id, "replies"))) == 3
        assert len(await api.get(f"/api/agent/contacts/{people[0]}/replies")) == 1


async def test_unenrolling_keeps_the_sends_and_hides_the_replies(api: Api) -> None:
    """Sends lose their enrollment, replies leave the sequence and stay with the contact."""
    sequence, ada = api.sb.state.create_sequence("S", [0, 5]), person(api)
    api.sb.state.enroll(sequence.id, [ada])
    await api.sb.clock.advance(hours=1)
    reply = api.sb.state.add_reply(ada)
    assert [row["id"] for row in await api.get(at(sequence.id, "replies"))] == [reply.id]
    await api.delete(at(sequence.id, f"contacts/{ada}"))
    (send,) = await api.get(at(sequence.id, "sends"))
    assert (send["contactId"], send["sequenceEnrollmentId"]) == (ada, None)
    assert api.sb.state.sends[0].sequence_enrollment_id is None
    assert await api.get(at(sequence.id, "replies")) == []
    assert [row["id"] for row in await api.get(f"/api/agent/contacts/{ada}/replies")] == [reply.id]
    await api.sb.clock.advance(days=9)
    assert len(api.sb.state.sends) == 1


async def test_reenrolling_brings_old_replies_back_under_the_new_enrollment(api: Api) -> None:
    """Old replies reappear with their old dates and the new enrollment's id; old sends stay without one."""
    sequence, ada = api.sb.state.create_sequence("S", [0]), person(api)
    (first,) = api.sb.state.enroll(sequence.id, [ada]).rows
    await api.sb.clock.advance(hours=1)
    reply = api.sb.state.add_reply(ada)
    api.sb.state.unenroll(sequence.id, ada)
    later = api.sb.state.add_reply(ada)
    await api.sb.clock.advance(days=1)
    (second,) = api.sb.state.enroll(sequence.id, [ada]).rows
    rows = await api.get(at(sequence.id, "replies"))
    assert [row["id"] for row in rows] == [later.id, reply.id]
    assert {row["emailDate"] for row in rows} == {"2026-05-01T10:00:00.000Z"}
    assert {row["enrollmentId"] for row in rows} == {second.id} != {first.id}
    await api.sb.clock.advance()
    assert [send.sequence_enrollment_id for send in api.sb.state.sends] == [None, second.id]


async def test_replies_are_of_contacts_enrolled_now_whatever_they_answer(api: Api) -> None:
    """A reply shows in every sequence its contact is on, and in no other."""
    state = api.sb.state
    one, two, three = (state.create_sequence(name) for name in ("1", "2", "3"))
    ada, eve = person(api), person(api, "Eve")
    state.enroll(one.id, [ada])
    state.enroll(two.id, [ada, eve])
    reply = state.add_reply(ada)
    for sequence, count in ((one, 1), (two, 1), (three, 0)):
        assert len(await api.get(at(sequence.id, "replies"))) == count
    assert await api.get(at(two.id, "replies"), since="2026-05-01T09:00:00.001Z") == []
    (row,) = await api.get(at(two.id, "replies"), since="2026-05-01T09:00:00Z")
    assert (row["id"], row["contactId"]) == (reply.id, ada)


async def test_answers_come_by_themselves_and_follow_from_the_seed(make_api: MakeApi) -> None:
    """With a reply rate, sends are answered within two days, the same ones for the same seed."""
    runs = []
    for seed in ("a", "a", "b"):
        async with make_api(seed=seed, reply_rate=0.5) as api:
            sequence = api.sb.state.create_sequence("S", [0])
            api.sb.state.enroll(sequence.id, [person(api, f"P{number}") for number in range(40)])
            await api.sb.clock.advance(days=2)
            runs.append(await api.get(at(sequence.id, "replies")))
            assert [row["id"] for row in reversed(runs[-1])] == [reply.id for reply in api.sb.state.replies]
            assert {row["subject"] for row in runs[-1]} == {"Re: S 1"}
    assert runs[0] == runs[1] != runs[2]
    assert all(8 < len(run) < 32 for run in runs)


async def test_everyone_answers_or_nobody(make_api: MakeApi) -> None:
    """A rate of 1 answers every send, a rate of 0 none."""
    for rate, count in ((1, 3), (0, 0)):
        async with make_api(reply_rate=rate) as api:
            sequence = api.sb.state.create_sequence("S", [0])
            api.sb.state.enroll(sequence.id, [person(api, name) for name in "abc"])
            await api.sb.clock.advance(days=2)
            assert len(api.sb.state.replies) == count


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_reply_rate_is_a_share(rate: float) -> None:
    """A reply rate outside 0 to 1 is refused."""
    with pytest.raises(ValueError, match="reply_rate"):
        Sandbox(reply_rate=rate)


async def test_a_reply_from_the_future_is_listed(api: Api) -> None:
    """An email whose own date lies ahead is there all the same, on top."""
    ada = person(api)
    api.sb.state.add_reply(ada)
    ahead = api.sb.state.add_reply(ada, email_date=api.sb.clock.now() + timedelta(days=1))
    assert (await api.get(f"/api/agent/contacts/{ada}/replies"))[0]["id"] == ahead.id
