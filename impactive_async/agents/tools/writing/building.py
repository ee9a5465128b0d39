"""Building a sequence, and editing one: the whole list of steps is given, and the difference carried out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from impactive_async import AsyncClient, Step, StepDraft
from impactive_async import Sequence as EmailSequence
from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT
from impactive_async.agents.text.fence import fence, is_beginning, is_same_text
from impactive_async.agents.text.rows import Lengths, value_of
from impactive_async.agents.tools.tool import Identifier, Text, ToolCall, ToolSpec, listed
from impactive_async.agents.tools.writing.flow import Written, carried_out
from impactive_async.agents.tools.writing.plans import (
    Act,
    WriteArguments,
    WritePlan,
    act_in_order,
    count,
    write_schema,
)

NAME: Final = "save_sequence"
MOST_STEPS: Final = 50
_SHORT: Final = Lengths(200, 120)
_FIELDS: Final = ("name", "description", "status", "sending_account_id")
_LIVE: Final = "active"
_STILL: Final = ("draft", "paused", "archived")
"""Of a sequence with any other status, or with none, nobody knows whether it sends."""


class StepInput(BaseModel):
    """One email of a sequence."""

    model_config = ConfigDict(extra="forbid")
    step_id: Identifier | None = Field(
        None, description="Of an existing step. What is left out beside it stays as it is."
    )
    subject: Text | None = Field(None, min_length=1)
    body: Text | None = Field(None, min_length=1)
    delay_days: int | None = Field(
        None, ge=0, le=365, description="Days after the email before; a new step has 0."
    )

    @property
    def values(self) -> dict[str, Any]:
        """What is given of a step."""
        given = {"subject": self.subject, "body": self.body, "delay_days": self.delay_days}
        return {name: value for name, value in given.items() if value is not None}

    def draft(self, place: int) -> StepDraft:
        """Return it as a step to be created.

        Raises:
            ToolRefused: It has no subject or no body.
        """
        if not (self.subject and self.body):
            raise ToolRefused(f"steps[{place}] is new: it needs subject and body.")
        return StepDraft(subject=self.subject, body=self.body, delay_days=self.delay_days or 0)


class SaveSequence(WriteArguments):
    """Arguments of `save_sequence`."""

    sequence_id: Identifier | None = Field(None, description="Of the sequence to edit. Left out: a new one.")
    name: Text | None = Field(None, min_length=1)
    description: Text | None = None
    status: Literal["draft", "active", "paused", "archived"] | None = Field(
        None, description="A new sequence is a draft, unless something else is said."
    )
    sending_account_id: Identifier | None = Field(None, description="From list_records(kind='sending_accounts').")
    steps: listed(StepInput, MOST_STEPS) | None = Field(  # type: ignore[valid-type]
        None,
        description="All steps, in order: those that are missing are deleted. Left out: they stay as they are.",
    )


async def save_sequence(call: ToolCall, args: SaveSequence) -> Written:
    """Create a sequence, or change one."""
    crm = call.service.crm
    if args.sequence_id is None:
        plan = _new_plan(args, await crm.sequences.list())
        return await carried_out(call, args, plan, partial(_created, crm, args))
    sequence = await crm.sequences.get(args.sequence_id)
    acts = _edits(crm, sequence, args)
    if not acts:
        raise ToolRefused("There is nothing to change: the sequence is like this already.")
    return await carried_out(call, args, _edit_plan(sequence, args, acts), lambda _: act_in_order(acts))


def _new_plan(args: SaveSequence, existing: Sequence[EmailSequence]) -> WritePlan:
    if not args.name:
        raise ToolRefused("A new sequence needs a name.")
    steps = [step.draft(place) for place, step in enumerate(args.steps or [])]
    status, same = args.status or "draft", [one.id for one in existing if is_same_text(one.name, args.name)]
    return WritePlan(
        tool=NAME,
        summary=f"Create the sequence {fence(args.name, 80)} ({status}), {count(len(steps), 'step', 'steps')}?",
        facts=[None, _given(args), [[one.subject, one.body, one.delay_days] for one in steps], sorted(same)],
        actions=[
            {"step": place, "subject": fence(step.subject, 120), "delay_days": step.delay_days}
            for place, step in enumerate(steps)
        ],
        asks=status == _LIVE,
        warnings=["There is a sequence of this name already."] if same else [],
    )


async def _created(crm: AsyncClient, args: SaveSequence, _: str) -> dict[str, Any]:
    steps = [step.draft(place) for place, step in enumerate(args.steps or [])]
    made = await crm.sequences.create(**{"status": "draft", **_given(args)}, steps=steps)
    return {"outcome": "done", "sequence_id": value_of("id", made.id, _SHORT)}


def _given(args: SaveSequence) -> dict[str, Any]:
    values = {name: getattr(args, name) for name in _FIELDS}
    return {name: value for name, value in values.items() if value is not None}


def _edits(crm: AsyncClient, sequence: EmailSequence, args: SaveSequence) -> list[Act]:
    """Return what changes the sequence into what is wanted. It is stopped first, and started last."""
    given = _given(args).items()
    fields = {name: value for name, value in given if not is_same_text(getattr(sequence, name), value)}
    steps = [] if args.steps is None else _step_edits(crm, sequence, args.steps)
    if not fields:
        return steps
    told = ", ".join(f"{name} = {value_of(name, value, _SHORT)}" for name, value in fields.items())
    update: Act = (f"set {told}", partial(crm.sequences.update, sequence.id, **fields))
    return [*steps, update] if fields.get("status") == _LIVE else [update, *steps]


def _step_edits(crm: AsyncClient, sequence: EmailSequence, wanted: Sequence[StepInput]) -> list[Act]:
    """Return the deletions, then each wanted step in its place.

    Raises:
        ToolRefused: A step is not of this sequence, or given twice.
    """
    existing = {step.id: step for step in sequence.steps or ()}
    kept = [step.step_id for step in wanted if step.step_id]
    if wrong := [one for one in kept if one not in existing or kept.count(one) > 1]:
        raise ToolRefused(
            f"The step {fence(wrong[0], 60)} is not of this sequence, or given twice. See show_sequence."
        )
    order = [one for one in existing if one in kept]
    acts: list[Act] = [_deletion(crm, sequence.id, step) for one, step in existing.items() if one not in kept]
    for place, step in enumerate(wanted):
        if step.step_id is None:
            order.insert(place, "")
            acts.append(_creation(crm, sequence.id, step, place))
            continue
        moves = order.index(step.step_id) != place
        if moves:
            order.remove(step.step_id)
            order.insert(place, step.step_id)
        acts += _change(crm, sequence.id, existing[step.step_id], step, place if moves else None)
    return acts


def _deletion(crm: AsyncClient, sequence_id: str, step: Step) -> Act:
    name = f"delete step {value_of('id', step.id, _SHORT)} {fence(step.subject or '', 80)}"
    return name, partial(crm.sequences.steps.delete, sequence_id, step.id)


def _creation(crm: AsyncClient, sequence_id: str, step: StepInput, place: int) -> Act:
    draft = step.draft(place)
    values: dict[str, Any] = {
        "subject": draft.subject,
        "body": draft.body,
        "delay_days": draft.delay_days,
        "position": place,
    }
    name = f"insert step {fence(draft.subject, 80)} at position {place}"
    return name, partial(crm.sequences.steps.create, sequence_id, **values)


def _change(crm: AsyncClient, sequence_id: str, old: Step, new: StepInput, place: int | None) -> list[Act]:
    """Return the changes of one step: its texts, then its place, as a move is not to be repeated."""
    values = {name: value for name, value in new.values.items() if not is_same_text(getattr(old, name), value)}
    called = value_of("id", old.id, _SHORT)
    if cut := [name for name, value in values.items() if is_beginning(getattr(old, name), value)]:
        raise ToolRefused(
            f"The {cut[0]} of step {called} is the beginning of what it is: it was cut in an answer. Leave it out,"
            " so that it stays, or read it whole with show_sequence(view='full')."
        )
    acts: list[Act] = []
    if values:
        names = ", ".join(values)
        acts.append(
            (
                f"change {names} of step {called}",
                partial(crm.sequences.steps.update, sequence_id, old.id, **values),
            )
        )
    if place is not None:
        acts.append(
            (
                f"move step {called} to {place}",
                partial(crm.sequences.steps.update, sequence_id, old.id, position=place),
            )
        )
    return acts


def _edit_plan(sequence: EmailSequence, args: SaveSequence, acts: Sequence[Act]) -> WritePlan:
    counts = sequence.enrollment_counts
    people = counts.active if counts else 0
    live = args.status == _LIVE or str(sequence.status) not in _STILL
    before = [[step.id, step.subject, step.body, step.delay_days] for step in sequence.steps or ()]
    state = value_of("status", sequence.status or "no status", _SHORT)
    told = "; ".join(name for name, _ in acts[:5]) + (f" and {len(acts) - 5} more" if len(acts) > 5 else "")
    wanted = [step.model_dump() for step in args.steps] if args.steps is not None else None
    return WritePlan(
        tool=NAME,
        summary=(
            f"Change the sequence {fence(sequence.name, 80)} ({state}, {count(people, 'person', 'people')} active"
            f" on it): {told}?"
        ),
        facts=[sequence.id, sequence.status, before, _given(args), wanted],
        actions=[{"do": name} for name, _ in acts],
        asks=live,
    )


TOOLS: Final = (
    ToolSpec(
        name=NAME,
        title="Build or edit a sequence",
        description=(
            "Create an email sequence with its steps (as a draft, unless status says otherwise), or edit one: give"
            " the whole list of steps as it shall be, with the step_id of those that stay, and beside it only what"
            " changes. Call it with plan=true first, then with the digest."
        ),
        arguments=SaveSequence,
        output=write_schema(sequence_id=TEXT),
        body=save_sequence,
        writes=True,
        asks="where the sequence is active, or becomes active",
        destructive=True,
        idempotent=False,
    ),
)
