"""`impactive sequences`: the emails, and who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.arguments import given, lines_from, moment, sequence_argument, since_option
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import INCOMPLETE, NOT_FOUND, UsageError
from impactive_async.cli.kit.options import argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("sequences", help="Email sequences: list, show, create, enroll, pause, sends.")


@command("template", app, example="impactive sequences template > welcome.toml", shared=())
async def template(run: Run) -> None:
    """Print a sequence file to start from."""
    from impactive_async.cli.resources._sequence_file import EXAMPLE

    run.out.text(EXAMPLE.rstrip("\n"))


@command("list", app, example="impactive sequences list", rows="impactive_async:Sequence")
async def list_sequences(run: Run) -> None:
    """List every sequence, with how many people are on it."""
    run.show(await run.crm.sequences.list())


@command("show", app, example="impactive sequences show seq_123 --json", rows="impactive_async:Sequence")
@sequence_argument
async def show(run: Run, sequence: str) -> None:
    """Show a sequence and its steps."""
    found = await run.crm.sequences.get(sequence)
    run.show([found])
    if not run.out.for_programs:
        run.show(found.steps or ())


@command(
    "create",
    app,
    example="impactive sequences template > welcome.toml; impactive sequences create -f welcome.toml",
    rows="impactive_async:Sequence",
    writes=True,
)
@option(
    "--file",
    "-f",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="TOML or JSON; `-` reads standard input.",
)
async def create(run: Run, file: Path) -> None:
    """Create a sequence from a file. Never sent twice: if the outcome is unknown, that is what it says."""
    from impactive_async.cli.resources._sequence_file import read_sequence_file

    with run.before_sending():
        text = "".join(lines_from(file))
    draft = read_sequence_file(file, text)
    sequence = await run.crm.sequences.create(
        name=draft.name,
        description=given(draft.description),
        status=given(draft.status),
        sending_account_id=given(draft.sending_account_id),
        steps=draft.steps,
        extra=draft.extra,
    )
    run.show([sequence])


@command(
    "pause",
    app,
    example="impactive sequences pause seq_123 --contact con_456",
    rows="impactive_async:PauseResult",
    writes=True,
)
@sequence_argument
@option("--contact", multiple=True, metavar="ID", help="Repeatable.")
@option("--all", "everyone", is_flag=True, help="Everyone who is active on it.")
async def pause(run: Run, sequence: str, contact: Sequence[str], everyone: bool) -> None:
    """Pause some contacts on a sequence, or with --all everyone. Safe to repeat."""
    if bool(contact) == everyone:
        raise UsageError("Say whom to pause: --contact ID (repeatable), or --all for everyone on the sequence.")
    result = await run.crm.sequences.pause(sequence, contact_ids=list(contact) or None)
    run.show([result])
    if contact and result.paused_count != len(set(contact)):
        await _tell_who_is_not_paused(run, sequence, list(dict.fromkeys(contact)))


async def _tell_who_is_not_paused(run: Run, sequence: str, contacts: list[str]) -> None:
    """Name the contacts that are not paused. The server only says how many it has paused."""
    from impactive_async import EnrollmentStatus

    statuses = {e.contact_id: e.status for e in await run.crm.sequences.enrollments(sequence)}
    left = [contact for contact in contacts if statuses.get(contact) != EnrollmentStatus.PAUSED]
    for contact in left:
        run.note(f"{contact}: not paused: {statuses.get(contact, f'not on {sequence}')}.")
    absent = [contact for contact in left if contact not in statuses]
    if absent == contacts:
        run.code = NOT_FOUND.code
    elif absent or any(statuses[contact] == EnrollmentStatus.ACTIVE for contact in left):
        run.code = INCOMPLETE.code


@command("unenroll", app, example="impactive sequences unenroll seq_123 con_456", writes=True)
@sequence_argument
@argument("contact", metavar="CONTACT", help="Its id.")
async def unenroll(run: Run, sequence: str, contact: str) -> None:
    """Take a contact off a sequence; what was sent stays listed."""
    await run.crm.sequences.unenroll(sequence, contact)
    run.note(f"{contact} is off {sequence}.")


@command(
    "enrollments",
    app,
    example="impactive sequences enrollments seq_123 --json | jq .status",
    rows="impactive_async:Enrollment",
)
@sequence_argument
@since_option
async def enrollments(run: Run, sequence: str, since: str | None) -> None:
    """List who is on a sequence, and how far."""
    run.show(await run.crm.sequences.enrollments(sequence, since=moment(since)))


@command("sends", app, example="impactive sequences sends seq_123 --since 2026-05-01", rows="impactive_async:Send")
@sequence_argument
@since_option
async def sends(run: Run, sequence: str, since: str | None) -> None:
    """List what a sequence sent, newest first, at most 500."""
    run.show(await run.crm.sequences.sends(sequence, since=moment(since)))
