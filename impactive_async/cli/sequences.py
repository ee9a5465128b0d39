"""`impactive sequences`: the emails, and who is on them."""

from pathlib import Path
from typing import Annotated

import typer

from impactive_async.cli._arguments import SequenceId, Since, given, lines_from, moment
from impactive_async.cli._errors import INCOMPLETE, NOT_FOUND, UsageError
from impactive_async.cli._run import Run, command
from impactive_async.cli._sequence_file import EXAMPLE, read_sequence_file
from impactive_async.models import EnrollmentStatus

app = typer.Typer(no_args_is_help=True, help="Email sequences: list, show, create, enroll, pause, sends.")

ContactIds = Annotated[
    list[str] | None, typer.Option("--contact", metavar="ID", help="Repeatable.", show_default=False)
]


@app.command("template", epilog="Example: impactive sequences template > welcome.toml")
def template() -> None:
    """Print a sequence file to start from."""
    typer.echo(EXAMPLE, nl=False)


@command(app, "list", example="impactive sequences list")
async def list_sequences(run: Run) -> None:
    """List every sequence, with how many people are on it."""
    run.show(await run.crm.sequences.list())


@command(app, "show", example="impactive sequences show seq_123 --json")
async def show(run: Run, sequence: SequenceId) -> None:
    """Show a sequence and its steps."""
    found = await run.crm.sequences.get(sequence)
    run.show([found])
    if not run.out.as_json:
        run.show(found.steps or ())


@command(
    app,
    "create",
    example="impactive sequences template > welcome.toml; impactive sequences create -f welcome.toml",
    writes=True,
)
async def create(
    run: Run,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="TOML or JSON; `-` reads standard input.", show_default=False)
    ],
) -> None:
    """Create a sequence from a file. Never sent twice: if the outcome is unknown, that is what it says."""
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


@command(app, "pause", example="impactive sequences pause seq_123 --contact con_456", writes=True)
async def pause(
    run: Run,
    sequence: SequenceId,
    contact: ContactIds = None,
    everyone: Annotated[bool, typer.Option("--all", help="Everyone who is active on it.")] = False,
) -> None:
    """Pause some contacts on a sequence, or with --all everyone. Safe to repeat."""
    if bool(contact) == everyone:
        raise UsageError("Say whom to pause: --contact ID (repeatable), or --all for everyone on the sequence.")
    result = await run.crm.sequences.pause(sequence, contact_ids=contact or None)
    run.show([result])
    if contact and result.paused_count != len(set(contact)):
        await _tell_who_is_not_paused(run, sequence, list(dict.fromkeys(contact)))


async def _tell_who_is_not_paused(run: Run, sequence: str, contacts: list[str]) -> None:
    """The server counts whom it has paused now, and is silent about the others."""
    statuses = {e.contact_id: e.status for e in await run.crm.sequences.enrollments(sequence)}
    left = [contact for contact in contacts if statuses.get(contact) != EnrollmentStatus.PAUSED]
    for contact in left:
        run.note(f"{contact}: not paused: {statuses.get(contact, f'not on {sequence}')}.")
    absent = [contact for contact in left if contact not in statuses]
    if absent == contacts:
        run.code = NOT_FOUND.code
    elif absent or any(statuses[contact] == EnrollmentStatus.ACTIVE for contact in left):
        run.code = INCOMPLETE.code


@command(app, "unenroll", example="impactive sequences unenroll seq_123 con_456", writes=True)
async def unenroll(
    run: Run,
    sequence: SequenceId,
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Its id.", show_default=False)],
) -> None:
    """Take a contact off a sequence; what was sent stays listed."""
    await run.crm.sequences.unenroll(sequence, contact)
    run.note(f"{contact} is off {sequence}.")


@command(app, "enrollments", example="impactive sequences enrollments seq_123 --json | jq .status")
async def enrollments(run: Run, sequence: SequenceId, since: Since = None) -> None:
    """List who is on a sequence, and how far."""
    run.show(await run.crm.sequences.enrollments(sequence, since=moment(since)))


@command(app, "sends", example="impactive sequences sends seq_123 --since 2026-05-01")
async def sends(run: Run, sequence: SequenceId, since: Since = None) -> None:
    """List what a sequence sent, newest first, at most 500."""
    run.show(await run.crm.sequences.sends(sequence, since=moment(since)))
