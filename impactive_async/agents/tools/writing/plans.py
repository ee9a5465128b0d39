"""What a write would do, in words for the user and in values for the digest."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from pydantic import Field

from impactive_async import APIError, Contact, ImpactiveError
from impactive_async.agents.answering.refusals import explain
from impactive_async.agents.answering.schemas import NUMBER, TEXT, TEXTS, YES_OR_NO, Schema, answer_schema
from impactive_async.agents.text.fence import fence
from impactive_async.agents.text.tokens import compact
from impactive_async.agents.tools.tool import ToolArguments

SHOWN: Final = 25
"""Actions of a plan that are shown."""
NAMED: Final = 5
"""People whom a question names."""


class WriteArguments(ToolArguments):
    """Arguments of a tool that writes."""

    plan: bool = Field(False, description="true: change nothing; return what would be done, and its digest.")
    digest: str | None = Field(
        None,
        description="From a plan: carry out exactly that, or refuse. From a job: its result, or go on with it.",
    )


@attrs.frozen(kw_only=True)
class WritePlan:
    """What a call would do.

    Attributes:
        tool: The tool.
        summary: It in one sentence. Names in it are fenced.
        facts: All that it depends on, as JSON values: another plan has another digest.
        actions: Its parts, for the agent.
        asks: Whether the user is asked first.
        warnings: What the user should know.
        again: How often the same has been carried out before.
    """

    tool: str
    summary: str
    facts: Any
    actions: Sequence[Mapping[str, Any]] = ()
    asks: bool = False
    warnings: Sequence[str] = ()
    again: int = 0

    @property
    def digest(self) -> str:
        """What names this plan and no other."""
        parts = [self.tool, self.facts, *([self.again] if self.again else [])]
        return hashlib.sha256(compact(parts).encode(errors="replace")).hexdigest()[:16]

    @property
    def question(self) -> str:
        """What the user is asked."""
        return " ".join((self.summary, *self.warnings))

    def shown(self) -> dict[str, Any]:
        """Return what an agent is told of it."""
        return {
            "outcome": "planned",
            "plan": self.summary,
            "asks_user": self.asks,
            "digest": self.digest,
            **({"warnings": list(self.warnings)} if self.warnings else {}),
            "actions": list(self.actions[:SHOWN]),
            "actions_total": len(self.actions),
        }


Act = tuple[str, Callable[[], Awaitable[Any]]]
"""A part of a write: what it is called, and what does it."""


async def act_in_order(acts: Sequence[Act]) -> dict[str, Any]:
    """Do one thing after the other, and stop at the first that fails. Say what is done and what is not."""
    done: list[str] = []
    for name, act in acts:
        try:
            await act()
        except ImpactiveError as error:
            unknown = isinstance(error, APIError) and error.outcome_unknown
            if not done and not unknown:
                raise
            return {
                "outcome": "unknown" if unknown else "partly_done",
                "done": done[-SHOWN:],
                "done_total": len(done),
                "stopped_at": name,
                "not_done_total": len(acts) - len(done) - 1,
                "what_to_do": explain(error),
            }
        done.append(name)
    return {"outcome": "done", "done": done[-SHOWN:], "done_total": len(done)}


def named(people: Sequence[Contact]) -> str:
    """Return some names for a question, and how many more there are."""
    names = ", ".join(
        fence(f"{one.first_name} {one.last_name}".strip() or one.email or one.id, 60) for one in people[:NAMED]
    )
    more = len(people) - NAMED
    return names + (f" and {more:,} more" if more > 0 else "")


def count(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


_ACTION: Final[Schema] = {"type": "object"}


def write_schema(**more: Schema) -> Schema:
    """Return the schema of the answer of a tool that writes."""
    outcomes = ["planned", "done", "running", "partly_done", "unknown", "failed", "interrupted"]
    return answer_schema(
        ("outcome",),
        outcome={"type": "string", "enum": outcomes},
        plan=TEXT,
        asks_user=YES_OR_NO,
        digest={"type": "string", "description": "Pass it to the same tool to carry out this plan."},
        warnings=TEXTS,
        actions={"type": "array", "items": _ACTION},
        actions_total=NUMBER,
        done={"type": ["array", "integer"], "items": TEXT},
        done_total=NUMBER,
        not_done_total=NUMBER,
        stopped_at=TEXT,
        what_to_do=TEXT,
        job={"type": "string", "description": "Pass it as digest to the same tool to ask for the result."},
        total=NUMBER,
        failed={"type": "array", "items": _ACTION},
        unknown={"type": "array", "items": _ACTION},
        **more,
    )
