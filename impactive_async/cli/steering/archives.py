"""What commands share that export and import cursors: the file, and what they say of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from impactive_async.cli.kit.errors import INCOMPLETE, UsageError
from impactive_async.cli.kit.options import argument, option
from impactive_async.cli.kit.words.wording import count, listed

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import CursorArchive, ImportedCursors

STREAM: Final = Path("-")
"""Standard output of an export, standard input of an import."""

file_argument = argument("file", type=click.Path(path_type=Path, dir_okay=False))
ahead_option = option(
    "--ahead",
    is_flag=True,
    help="Also replace cursors that have seen less than the file's: what was seen in between does not come here.",
)


def write_archive(file: Path, archive: CursorArchive) -> None:
    """Write a new file, and read it again; or to standard output.

    Raises:
        UsageError: The file is there already.
        OSError: It cannot be written.
    """
    if file == STREAM:
        click.echo(archive.dumps())
        return
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(archive.dumps())
    except FileExistsError:
        raise UsageError(f"{file} is there already, and was left as it is; name a new file.") from None
    read_archive(file)


def written(archive: CursorArchive, file: Path) -> str:
    """Say what was written."""
    whose = f" of workspace {archive.workspace}" if archive.workspace else ""
    where = "" if file == STREAM else f" into {file}"
    return f"Wrote {count(len(archive.cursors), 'cursor')}{whose}{where}."


def read_archive(file: Path) -> CursorArchive:
    """Read a file, or standard input.

    Raises:
        CursorError: It is damaged, or no export of cursors.
        UsageError: Nobody pipes anything in.
        OSError: It cannot be read.
    """
    from impactive_async.hub import CursorArchive

    return CursorArchive.loads((_piped() if file == STREAM else file.read_bytes()).decode("utf-8", "replace"))


def _piped() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("Name the FILE of an export, or pipe one in.")
    return sys.stdin.buffer.read()


def tell_left_out(run: Run, archive: CursorArchive) -> None:
    """Name the cursors that are damaged."""
    for name, reason in archive.left_out.items():
        run.note(f"{name} is left out: {reason}")
        run.code = INCOMPLETE.code


def tell_plan(plan: ImportedCursors, *, ahead: bool) -> str:
    """Say what an import will do."""
    whose = f"Of workspace {plan.workspace}" if plan.workspace else "Of a workspace that they do not name"
    parts = [
        f"{whose}: {count(len(plan.added), 'cursor')} will be added",
        f"{len(plan.replaced):,} set back{_named(plan.replaced)}: rows come again" if plan.replaced else "",
        f"{len(plan.same):,} are there as they are" if plan.same else "",
    ]
    if plan.ahead:
        deed = "will be set forward: rows in between do not come" if ahead else "stay; --ahead would replace them"
        parts.append(f"{len(plan.ahead):,} have seen less, or cannot be compared{_named(plan.ahead)}, and {deed}")
    return ", ".join(filter(None, parts)) + "."


def tell_imported(run: Run, done: ImportedCursors, *, ahead: bool) -> None:
    """Say what an import has done. Its exit code is 10 if cursors were left that the file is ahead of."""
    forward = len(done.ahead) if ahead else 0
    run.note(
        f"Imported: {len(done.added):,} added, {len(done.replaced):,} set back, {forward:,} set forward, "
        f"{len(done.same) + len(done.ahead) - forward:,} left as they are."
    )
    if done.ahead and not ahead:
        run.code = INCOMPLETE.code


def _named(names: tuple[str, ...]) -> str:
    return f" ({listed(names, 3)})"
