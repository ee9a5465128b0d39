"""What tests of rehearsals share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from impactive_async import AsyncClient, StepDraft
from impactive_async.rehearsal import Rehearsal, SequenceDraft, WarningKind
from impactive_async.sandbox import Sandbox

BERLIN = ZoneInfo("Europe/Berlin")


def person(sandbox: Sandbox, first: str = "Ada", email: str | None = "ada@example.com", **extra: Any) -> str:
    """Create a contact in the workspace; return its id."""
    return sandbox.state.create_contact(first, "Lovelace", email=email, extra=extra).id


async def sequence(
    crm: AsyncClient, *delays: int, name: str = "Welcome", subject: str = "Hi", body: str = "Hello", **rest: Any
) -> str:
    """Create a sequence in the workspace, with a step for each delay; return its id."""
    steps = [StepDraft(subject=subject, body=body, delay_days=delay) for delay in delays]
    return (await crm.sequences.create(name=name, steps=steps, **rest)).id


async def rehearsed(
    crm: AsyncClient, sandbox: Sandbox, sequence_id: str | SequenceDraft, people: Any, **options: Any
) -> Rehearsal:
    """Rehearse from the sandbox's present on, in UTC where nothing else is said."""
    return await crm.rehearse(
        sequence_id, people, **{"start": sandbox.clock.now(), "zone": "UTC", "days": 14, **options}
    )


def kinds(warnings: Iterable[Any]) -> list[WarningKind]:
    """Return the kinds of warnings, in order."""
    return [warning.kind for warning in warnings]


def moment(text: str) -> datetime:
    """Read a moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)
