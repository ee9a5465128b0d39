"""The clock of a sandbox, which agents that are under test may move."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.answering.schemas import TEXT, answer_schema
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.rows import moment_of
from impactive_async.agents.tools.tool import ToolArguments, ToolCall, ToolSpec


class AdvanceClock(ToolArguments):
    """Arguments of `advance_clock`."""

    days: float = Field(0, ge=0, le=366)
    hours: float = Field(0, ge=0, le=24 * 366)


async def advance_clock(call: ToolCall, args: AdvanceClock) -> dict[str, Any]:
    """Move the clock of the sandbox forward."""
    from impactive_async.sandbox import SandboxControlError

    sandbox = call.service.sandbox
    if sandbox is None or not (args.days or args.hours):
        raise ToolRefused("Say how far, as days=1 or hours=6.")
    try:
        state = await sandbox.advance(days=args.days, hours=args.hours)
    except SandboxControlError as error:
        raise ToolRefused(f"The sandbox refused. Message: {fence(str(error), 300)}") from error
    due = {} if state.next_due is None else {"next_due": moment_of(state.next_due)}
    return {"now": moment_of(state.now), **due}


TOOLS: Final = (
    ToolSpec(
        name="advance_clock",
        title="Advance the sandbox's clock",
        description=(
            "Only of this emulated workspace: move its clock forward. Emails that become due are sent, and some"
            " are answered. Nobody real gets anything."
        ),
        arguments=AdvanceClock,
        output=answer_schema(("now",), now=TEXT, next_due=TEXT),
        body=advance_clock,
        writes=True,
        asks="never, nobody real is concerned",
        idempotent=False,
        sandbox_only=True,
    ),
)
