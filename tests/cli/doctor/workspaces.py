"""Sandboxes with rows of every kind, and examinations of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.examining import examine
from impactive_async.cli.doctor.prober import Prober
from impactive_async.sandbox import Sandbox

QUICK = 1e9
"""Requests a second: tests do not wait."""


@asynccontextmanager
async def workspace(**options: Any) -> AsyncIterator[Sandbox]:
    """A sandbox with rows of every kind, more of them than its pages can have."""
    async with Sandbox(seed="doctor", reply_rate=0.5, **options) as sandbox:
        await fill(sandbox)
        yield sandbox


async def fill(sandbox: Sandbox) -> None:
    """Add contacts, a sequence with sends and replies, and bookings."""
    state = sandbox.state
    for number in range(120):
        state.create_contact(f"First{number}", f"Last{number}", email=f"person{number}@people.example")
    contacts = [row.id for row in state.rows("contacts")]
    for number in range(3):
        start = {"startTime": "2026-05-04T10:00:00.000Z", "endTime": "2026-05-04T10:30:00.000Z"}
        state.add("bookings", {"title": f"Call {number}", "contactId": contacts[number], **start})
    sequence = state.create_sequence("Welcome", [0, 2])
    state.enroll(sequence.id, contacts[:60])
    await sandbox.clock.advance(days=1, seconds=0.25)


async def examined(sandbox: Sandbox, *, write: bool = False) -> Examination:
    """Examine a sandbox at once."""
    examination, _ = await examine(Prober(sandbox.url, sandbox.api_key, rate=QUICK), write=write)
    return examination


def seen(examination: Examination, check: str) -> tuple[str, Verdict]:
    """What was seen in a check, and its verdict."""
    found = {finding.check: finding for finding in examination.findings}
    return found[check].seen, found[check].verdict


def settings(profile: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """The settings of an operation by its own name alone."""
    known: dict[str, Any] = profile["operations"].get(operation, {})
    return known
