"""One question before thousands are written."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.kit.asking import said_yes
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.streams import is_watched, write_err
from impactive_async.cli.kit.words.wording import count, quoted

if TYPE_CHECKING:
    from impactive_async import Sequence, Workspace

MANY: Final = 1000
"""People of whom so many are not written unasked."""


def ask(run: Run, plan: Plan, workspace: Workspace, sequence: Sequence | None) -> None:
    """Ask whether to go on, if many are to be written and somebody is there to answer.

    Raises:
        CancelledError: The answer is no.
    """
    if plan.to_create + plan.number(Fate.UPDATED) < MANY or not _is_answered():
        return
    with run.before_sending():
        write_err(
            f"{_deed(plan, sequence)} in the workspace {quoted(workspace.name or workspace.id)} "
            f"({run.crm.base_url})."
        )
        if not said_yes():
            raise asyncio.CancelledError


def _is_answered() -> bool:
    return is_watched() and sys.stdin is not None and sys.stdin.isatty()


def _deed(plan: Plan, sequence: Sequence | None) -> str:
    deeds = [f"This creates {count(plan.to_create, 'contact')}"]
    if plan.number(Fate.UPDATED):
        deeds.append(f"updates {count(plan.number(Fate.UPDATED), 'contact')}")
    if sequence is not None:
        status = getattr(sequence.status, "value", sequence.status)
        deeds.append(f"puts everybody on the sequence {quoted(sequence.name or sequence.id)} ({status})")
    return " and ".join([", ".join(deeds[:-1]), deeds[-1]]) if len(deeds) > 1 else deeds[0]
