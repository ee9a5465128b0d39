"""The two workers, as processes: they do their job, stop when told to, and go on where they were."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from impactive_async.sandbox import Sandbox
from tests.examples.programs import load, run, running

pytestmark = pytest.mark.impactive(populate="small")  # nobody has written yet


@pytest.fixture
def sequence(impactive_sandbox: Sandbox) -> str:
    """A sequence with three people on it."""
    state = impactive_sandbox.state
    made = state.create_sequence("Welcome")
    state.enroll(made.id, [row.id for row in state.rows("contacts")[:3]])
    return made.id


@pytest.fixture
def people(impactive_sandbox: Sandbox) -> list[str]:
    """Who is on it."""
    return [row.id for row in impactive_sandbox.state.rows("contacts")[:3]]


async def test_the_reply_worker_goes_on_where_it_was(
    impactive_sandbox: Sandbox, sequence: str, people: list[str], tmp_path: Path
) -> None:
    """SIGTERM ends it with 0 and its progress kept: a second run brings what has come since, and only that."""
    arguments = (sequence, "--store", tmp_path / "cursors.db", "--interval", "0.05")
    first = impactive_sandbox.state.add_reply(people[0])
    async with running(impactive_sandbox, "reply_worker", *arguments) as worker:
        assert (await worker.line()).startswith(first.id)
        polled = len(impactive_sandbox.requests)
        await impactive_sandbox.until(lambda: len(impactive_sandbox.requests) > polled + 1)  # the reply is handled
        worker.process.send_signal(signal.SIGTERM)
        code, rest, _ = await worker.end()
    assert (code, rest) == (0, "")
    second = impactive_sandbox.state.add_reply(people[1])
    async with running(impactive_sandbox, "reply_worker", *arguments) as worker:
        assert (await worker.line()).startswith(second.id)


async def test_the_reply_worker_says_what_ended_it(
    impactive_sandbox: Sandbox, sequence: str, tmp_path: Path
) -> None:
    """A refused key ends it with a traceback that tells what to do, not with silence."""
    impactive_sandbox.revoke_key()
    code, _, err = await run(impactive_sandbox, "reply_worker", sequence, "--store", tmp_path / "cursors.db")
    assert code == 1
    assert "AuthenticationError" in err
    assert impactive_sandbox.api_key not in err


async def test_triage_does_what_replies_ask_for(
    impactive_sandbox: Sandbox, sequence: str, people: list[str], tmp_path: Path
) -> None:
    """Refusals are unenrolled, wishes to meet are booked and unenrolled, the rest stays for a person."""
    state = impactive_sandbox.state
    for contact, body in zip(people, ("Please remove me.", "Yes, let us meet!", "Who are you?"), strict=True):
        state.add_reply(contact, body=body)
        await impactive_sandbox.clock.advance(seconds=1)
    async with running(
        impactive_sandbox, "reply_triage", "--store", tmp_path / "t.db", "--interval", "0.05"
    ) as worker:
        said = [(await worker.line()).partition(": ")[2] for _ in people]
        worker.process.send_signal(signal.SIGTERM)
        code, _, err = await worker.end()
    assert (code, err) == (0, "")
    assert said == ["unenrolled", "booked a call", "left for a person"]
    assert [one.contact_id for one in state.enrollments(sequence)] == [people[2]]
    assert [row.fields["contactId"] for row in state.rows("bookings") if row.fields["title"] == "Call"] == [
        people[1]
    ]


async def test_triage_of_a_reply_that_comes_again_changes_nothing(
    impactive_sandbox: Sandbox, sequence: str, people: list[str], tmp_path: Path
) -> None:
    """With its progress lost, it goes through the replies again and books nobody twice."""
    state = impactive_sandbox.state
    state.add_reply(people[0], body="Let us meet.")
    before = len(state.rows("bookings"))
    for store in ("one.db", "two.db"):
        state.enroll(sequence, people[:1])  # whose replies are listed again therefore
        async with running(impactive_sandbox, "reply_triage", "--store", tmp_path / store) as worker:
            assert (await worker.line()).endswith("booked a call")
    assert len(state.rows("bookings")) == before + 1


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("No thanks, and do not call me.", "STOP"),
        ("A DEMO would be good", "MEET"),
        ("What does it cost?", "OTHER"),
        ("", "OTHER"),
    ],
)
def test_the_classifier(text: str, wish: str) -> None:
    """Refusals win over everything else; case does not matter."""
    assert load("reply_triage").classify(text).name == wish
