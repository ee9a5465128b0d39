"""A sequence that is not created yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Sequence, Step, StepDraft


def _steps(steps: Iterable[StepDraft]) -> tuple[StepDraft, ...]:
    found: tuple[Any, ...] = tuple(steps)
    if not all(isinstance(one, StepDraft) for one in found):
        raise InvalidArgumentError("steps is a list of StepDraft")
    return found


@attrs.frozen(kw_only=True)
class SequenceDraft:
    """A sequence that is not created yet, to be rehearsed. Its fields are those of `crm.sequences.create`.

    Attributes:
        name: What it is called.
        steps: The emails, in the order in which they are sent.
        status: The server makes it `active` if this is `None`.
        sending_account_id: An id of `crm.sending_accounts`; `None`: the platform's default sender.
        description: Free text.
        extra: Undocumented wire fields. A time zone among them counts, as that of a sequence does.
    """

    name: str
    steps: tuple[StepDraft, ...] = attrs.field(default=(), converter=_steps)
    status: str | None = None
    sending_account_id: str | None = None
    description: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


def as_sequence(draft: SequenceDraft) -> Sequence:
    """Return the sequence that would be created; as it does not exist, its id and those of its steps are empty."""
    steps = tuple(
        Step(id="", subject=step.subject, body=step.body, delay_days=step.delay_days, position=place)
        for place, step in enumerate(draft.steps)
    )
    return Sequence(
        id="",
        name=draft.name,
        description=draft.description,
        status=draft.status,
        sending_account_id=draft.sending_account_id,
        steps=steps,
        extra=draft.extra,
    )
