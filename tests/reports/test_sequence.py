"""The funnel of a sequence: who is counted where, and what is said not to be counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async import AsyncClient, NotFoundError, RowList
from impactive_async.models import EnrollmentCounts, Reply, Send
from impactive_async.reports import SequenceReport, sequence_report
from impactive_async.reports.sequence import report_of
from impactive_async.sandbox import Sandbox
from tests.codec.rows import LAWFUL
from tests.reports.made import SEQUENCE, START, at, booked, enrolled, replied, sent

WHO = ("ada", "alan", "grace")


def report(
    enrollments: Any = (), sends: Any = (), replies: Any = (), bookings: Any = (), sequence: Any = SEQUENCE
) -> SequenceReport:
    return report_of(sequence, enrollments, sends, replies, bookings, at=START)


def figures(of: Any) -> tuple[int, int, int]:
    return of.sent, of.replied, of.booked


def test_a_reply_belongs_to_the_email_before_it() -> None:
    """Each person counts once, in the step of the first reply, however often they got emails and answered."""
    made = report(
        [enrolled("ada"), enrolled("alan"), enrolled("grace")],
        [sent("ada", "one", 0), sent("ada", "two", 24), sent("alan", "one", 1), sent("alan", "one", 2)],
        [replied("ada", 25), replied("ada", 30), replied("alan", 6)],
    )
    assert (made.enrolled, *figures(made)) == (3, 2, 2, 0)
    assert [figures(step) for step in made.steps] == [(2, 1, 0), (1, 1, 0)]
    assert [step.time_to_reply for step in made.steps] == [timedelta(hours=4), timedelta(hours=1)]
    assert made.time_to_reply == timedelta(hours=2.5)
    assert made.missing == ()


def test_a_booking_counts_once_it_followed_an_email() -> None:
    """By contact or by address; not one that was made before, and not one that is cancelled."""
    people = [enrolled(who) for who in WHO]
    emails = [sent(who, "one", 0) for who in WHO]
    assert report(people, emails, bookings=[booked("ada", 1), booked("ada", 2)]).booked == 1
    assert report(people, emails, bookings=[booked(None, 1, email="ALAN@x.example")]).booked == 1
    assert report((), emails, bookings=[booked(None, 1, email="alan@x.example")]).booked == 1
    before, cancelled, stranger = booked("ada", -1), booked("alan", 1, status="Cancelled"), booked("eve", 1)
    made = report(people, emails, bookings=[before, cancelled, stranger, booked(None, 1)])
    assert (made.booked, made.missing) == (0, ())


def test_a_booking_without_a_time_is_told() -> None:
    """It counts from the beginning of the meeting, and without that it is said not to be counted."""
    emails = [sent("ada", "one", 0)]
    meeting = attrs.evolve(booked("ada", None), start_time=at(3))
    assert report(sends=emails, bookings=[meeting]).booked == 1
    undated = report([enrolled("ada")], emails, bookings=[booked("ada", None)])
    assert undated.booked == 0
    assert undated.missing == (
        "1 person booked at a time that the API does not tell: these bookings are not counted.",
    )


def test_steps_that_are_gone_have_a_line_of_their_own() -> None:
    """Emails of deleted steps, and those that tell none, stand at the end."""
    made = report([enrolled("ada")], [sent("ada", "deleted", 0), sent("ada", None, 5)], [replied("ada", 6)])
    assert [(step.step_id, step.position, *figures(step)) for step in made.steps] == [
        ("one", 0, 0, 0, 0),
        ("two", 1, 0, 0, 0),
        (None, None, 1, 1, 0),
    ]


def test_a_list_that_is_cut_is_told() -> None:
    """From when on emails are counted, whose replies have no email, and that there may be more of the rest."""
    made = report(
        RowList([enrolled("ada")], truncated=True),
        RowList([sent("ada", "one", 2), sent("alan", "one", 1)], truncated=True),
        RowList([replied("ada", 3), replied("grace", 0)], truncated=True),
        RowList([booked("ada", 4)], truncated=True),
    )
    assert made.emails_since == at(1)
    assert made.missing == (
        "The API shows 2 emails: older ones, up to 2026-05-01 10:00 UTC, are not counted.",
        "The API shows 2 replies: older ones, up to 2026-05-01 09:00 UTC, are not counted.",
        "The API shows 1 enrollments, and there may be more, which are not counted.",
        "The API shows 1 bookings, and there may be more, which are not counted.",
        "1 person answered an email that the API does not show: these replies are not counted.",
    )


def test_people_who_left_are_told() -> None:
    """Their emails count, but the API shows no replies of theirs."""
    made = report([enrolled("ada")], [sent("ada", "one", 0), sent("alan", "one", 0)])
    assert (made.enrolled, made.sent) == (2, 2)
    assert made.missing == (
        "1 person got an email and left the sequence: the API does not show their replies to it.",
    )


def test_the_servers_counts_go_before_those_of_a_list() -> None:
    """They are not cut; without them the list is counted."""
    people = [enrolled("ada"), enrolled("alan", "snoozed")]
    assert report(people).statuses == {"active": 1, "snoozed": 1}
    counts = EnrollmentCounts(total=9, active=7, paused=2)
    made = report(people, sequence=attrs.evolve(SEQUENCE, enrollment_counts=counts))
    assert made.enrolled == 9
    assert made.statuses == {"active": 7, "paused": 2, "completed": 0, "unsubscribed": 0}


hours = st.integers(0, 200)
emails = st.builds(sent, st.sampled_from(WHO), st.sampled_from(["one", "two", "gone", None]), hours)


@LAWFUL
@given(st.lists(emails), st.lists(st.builds(replied, st.sampled_from(WHO), hours)), st.randoms())
def test_the_funnel_narrows(sends: list[Send], replies: list[Reply], rng: Any) -> None:
    """No more reply than got an email, the steps add up, no time is negative, and the order of rows is nothing."""
    made = report(sends=sends, replies=replies)
    assert made.replied <= made.sent <= made.enrolled <= len(WHO)
    assert sum(step.replied for step in made.steps) == made.replied
    assert all(step.replied <= step.sent for step in made.steps)
    assert made.time_to_reply is None or made.time_to_reply >= timedelta()
    rng.shuffle(sends)
    rng.shuffle(replies)
    assert report(sends=sends, replies=replies) == made


async def test_a_report_on_a_workspace(impactive_client: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """It counts what the sandbox did, and takes five requests."""
    state = impactive_sandbox.state
    sequence_id = next(one.id for one in state.sequences.values() if one.name == "Welcome")
    before = len(impactive_sandbox.requests)
    made = await sequence_report(impactive_client, sequence_id)
    assert len(impactive_sandbox.requests) == before + 5
    assert made.enrolled == 6
    assert made.sent == len({send.contact_id for send in state.sends if send.sequence_id == sequence_id})
    assert made.replied == 3
    assert made.booked == 2
    assert made.missing == ()


async def test_an_unknown_sequence(impactive_client: AsyncClient) -> None:
    """It is the error of the first request."""
    with pytest.raises(NotFoundError):
        await sequence_report(impactive_client, "nope")


@pytest.mark.impactive(sends_cap=3)
async def test_a_report_on_more_than_the_api_shows(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox
) -> None:
    """Emails behind the cap are told not to be counted."""
    sequence_id = next(one.id for one in impactive_sandbox.state.sequences.values() if one.name == "Welcome")
    made = await sequence_report(impactive_client.with_options(), sequence_id)
    assert made.sent <= 3 < made.enrolled
