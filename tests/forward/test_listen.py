"""`impactive listen` and `impactive trigger`: webhooks for a program under development."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from impactive_async.cli.commands.trigger import NOUNS
from impactive_async.sandbox import Sandbox
from impactive_async.sandbox.triggers import TRIGGERS
from impactive_async.webhooks import WebhookSecret
from tests.cli.support import PATIENCE, command_line, environment, invoke
from tests.forward.receiver import SECRET, Receiver, answering, receiving


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox("listen", speed=1.0) as sandbox:
        yield sandbox


def found(sandbox: Sandbox) -> dict[str, str]:
    return {"IMPACTIVE_BASE_URL": sandbox.url, "IMPACTIVE_API_KEY": sandbox.api_key}


@asynccontextmanager
async def listening(sandbox: Sandbox, *arguments: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command_line("listen", *arguments, "--interval", "0.1"),
        env=environment(found(sandbox) | env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_the_command_knows_what_the_sandbox_can_make() -> None:
    """The command does not import the sandbox for its list."""
    assert set(NOUNS) == set(TRIGGERS)


@pytest.mark.parametrize("noun", NOUNS)
async def test_a_sandbox_makes_a_row_on_demand(sandbox: Sandbox, noun: str) -> None:
    """Of each kind that can be followed; the id is told."""
    outcome = await asyncio.to_thread(invoke, "trigger", noun, env=found(sandbox))
    assert outcome.code == 0, outcome
    made = outcome.out.split()
    assert made[0] == noun
    kind = {"reply": "replies", "company": "companies"}.get(noun, f"{noun}s")
    if kind in ("contacts", "companies", "deals", "invoices", "projects", "bookings"):
        assert sandbox.state.get(kind, made[1]).id == made[1]  # type: ignore[arg-type]
    elif kind == "replies":
        assert made[1] in {reply.id for reply in sandbox.state.replies}
    else:
        enrolled = [one for sequence in sandbox.state.sequences for one in sandbox.state.enrollments(sequence)]
        assert made[1] in {one.id for one in enrolled} | {one.contact_id for one in enrolled}


async def test_only_a_sandbox_makes_rows(sandbox: Sandbox) -> None:
    """Not the API, nor a port where nobody listens: each is said in a sentence."""
    async with Sandbox("api", control=False) as api:
        url = api.url
        outcome = await asyncio.to_thread(invoke, "trigger", "deal", env=found(api))
        assert (outcome.code, "no sandbox with a control API answers" in outcome.err) == (2, True), outcome
    outcome = await asyncio.to_thread(invoke, "trigger", "deal", "--url", url)
    assert (outcome.code, "Start one with `impactive sandbox`" in outcome.err) == (9, True), outcome
    assert (await asyncio.to_thread(invoke, "trigger", "lead", env=found(sandbox))).code == 2


@pytest.mark.slow
async def test_what_is_new_is_posted_and_the_answer_shown(sandbox: Sandbox) -> None:
    """Signed with the secret that is printed; a failure is shown and not repeated, and nothing is left behind."""
    async with receiving(answering(500)) as receiver:
        place = receiver.url.removeprefix("http://")
        async with listening(sandbox, "--forward-to", place, "--kind", "deals", "--table") as process:
            assert process.stderr
            assert process.stdout
            printed = (await process.stderr.readline()).decode()
            receiver.secrets = WebhookSecret.parse(re.findall(r"whsec_\S+", printed)[0])
            lines = asyncio.create_task(process.stdout.readline())
            async with asyncio.timeout(PATIENCE):
                while not lines.done():  # the program does not tell when it has looked for the first time
                    await asyncio.to_thread(invoke, "trigger", "deal", env=found(sandbox))
            line = lines.result().decode()
        assert re.match(r"\d\d:\d\d:\d\dZ  com\.impactiveai\.deal\.updated deals/\S+ -> answered 500", line)
        subjects = [event.subject for event in receiver.attempts]
        assert len(subjects) == len(set(subjects))
        assert type(receiver.attempts[0].row).__name__ == "Deal"


@pytest.mark.slow
async def test_a_secret_that_is_set_is_used_and_not_printed(sandbox: Sandbox) -> None:
    """Programs get objects; `--count` ends it."""
    async with receiving() as receiver:
        arguments = ("--forward-to", receiver.url, "--count", "1", "--json", "--kind", "replies")
        async with listening(sandbox, *arguments, IMPACTIVE_WEBHOOK_SECRET=SECRET.reveal()) as process:
            ended = asyncio.create_task(process.communicate())
            async with asyncio.timeout(PATIENCE):
                while not ended.done():
                    await asyncio.to_thread(invoke, "trigger", "reply", env=found(sandbox))
            out, err = ended.result()
        assert process.returncode == 0
        assert b'"status":204' in out.replace(b" ", b"")
        assert b"whsec_" not in err + out
        assert isinstance(receiver, Receiver)
        assert receiver.accepted[0].subject.startswith("replies/")
