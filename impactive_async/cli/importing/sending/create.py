"""Everybody of a plan created, whatever interrupts it; and what to say then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from impactive_async import BulkError, CreateReport
from impactive_async.bulk.journal.recorded import open_journal
from impactive_async.cli.importing.planning.plan import Plan
from impactive_async.cli.importing.planning.recorded import NOTES
from impactive_async.cli.importing.sending.rows import ImportRows, ImportStopped
from impactive_async.cli.kit.bulk import progress_bar
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.streams import is_watched
from impactive_async.cli.kit.words.wording import count

if TYPE_CHECKING:
    from impactive_async import Progress, Workspace

GRACE: Final = 0.5
"""Seconds that requests under way have, after Ctrl-C, to be answered: what is answered need not be looked for."""


@attrs.frozen(kw_only=True)
class Sending:
    """How the contacts are sent."""

    journal: Path
    batch_size: int
    concurrency: int
    settle: float
    resend_unknown: bool


async def begin_journal(run: Run, plan: Plan, journal: Path, workspace: Workspace) -> None:
    """Make the journal, if need be, and note in it what later runs and lists of results need to know of this one.

    Raises:
        JournalError: It belongs to another workspace, is in use, or is damaged.
    """
    notes = plan.known.notes
    notes.file = plan.sheet.name
    notes.lines = plan.stretches()
    async with open_journal(journal, create=True) as book:
        await book.claim(workspace, run.crm.base_url)
        await book.put_note(NOTES, notes.dump())


async def put_notes(plan: Plan, journal: Path) -> None:
    """Note again what has changed since.

    Raises:
        JournalError: It is damaged, or in use.
    """
    async with open_journal(journal) as book:
        await book.put_note(NOTES, plan.known.notes.dump())


async def create_people(
    run: Run,
    plan: Plan,
    sending: Sending,
    tell: Callable[[CreateReport], Awaitable[None]],
    watch: Callable[[Progress], object] = lambda _: None,
) -> CreateReport:
    """Create them.

    Args:
        run: The run.
        plan: Whom.
        sending: How.
        tell: Told what became of them, also if it was stopped on the way.
        watch: Called with how far it is.

    Raises:
        BulkError: Something stopped it.
        CancelledError: The user has.
    """
    journal = sending.journal
    run.stop_message = f"Stopped; {journal} knows how far: the same command goes on from there."
    if plan.known.states and is_watched():
        run.note(
            f"Going on with {journal}; what was under way when it stopped is looked for first, up to "
            f"{sending.settle:g} s."
        )
    rows = ImportRows(plan)
    try:
        report = await _send(run, rows, sending, watch)
    except ImportStopped:
        raise asyncio.CancelledError from None
    except BulkError as error:
        if isinstance(error.report, CreateReport):
            await tell(error.report)
        if rows.stopped:
            raise asyncio.CancelledError from None
        raise
    await tell(report)
    if rows.stopped:
        raise asyncio.CancelledError
    return report


async def _send(run: Run, rows: ImportRows, sending: Sending, watch: Callable[[Progress], object]) -> CreateReport:
    failed = 0

    def notice(standing: Progress) -> None:
        nonlocal failed
        failed = standing.failed
        watch(standing)
        draw(standing)

    try:
        with progress_bar("Creating contacts", len(rows)) as draw, run.signals.grace(rows.stop, GRACE):
            return await run.crm.contacts.create_many(
                rows,  # type: ignore[arg-type]  # rows that are left out are bulk's own
                on_progress=notice,
                **attrs.asdict(sending),
            )
    except asyncio.CancelledError:
        if failed:
            run.stop_message += (
                f" Until then {count(failed, 'line')} failed; the next run tries again, and lists what fails."
            )
        raise
