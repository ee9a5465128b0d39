"""The lines that were not imported, as a file to correct and import by itself."""

from __future__ import annotations

import csv
import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from impactive_async.cli.importing.people.person import BadLine
from impactive_async.cli.importing.planning.keys import packed, text_key
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.importing.planning.recorded import JournalNotes
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.records import guarded
from impactive_async.cli.kit.words.wording import stretches

REASON: Final = "reason"
_LINE_END: Final = "\r\n"


def default_rejects(path: Path) -> Path:
    """Where rejects go unless the user says otherwise."""
    return path.with_name(path.name + ".rejects.csv")


def check_place(path: Path, notes: JournalNotes) -> None:
    """Refuse a place at which there is a file that this import has not written.

    Raises:
        UsageError: There is one.
    """
    if path.exists() and not _is_ours(path, notes):
        raise UsageError(
            f"--rejects: {path} is there, and was changed since this import wrote it, or is another file. Choose "
            "another name, or move it away."
        )


def free_place(path: Path, notes: JournalNotes) -> Path:
    """The place, or one beside it where nothing is overwritten that somebody may be correcting."""
    number, place = 1, path
    while place.exists() and not _is_ours(place, notes):
        number += 1
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return place


def _is_ours(path: Path, notes: JournalNotes) -> bool:
    return notes.rejects == str(path) and _digest(path) == notes.rejects_digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_rejects(path: Path, plan: Plan, refused: Mapping[int, str]) -> int:
    """Write the header, and the lines as they stand in the file, each with its reason; and note that.

    A reason that a spreadsheet would take for a formula is guarded. The cells of the file are not: they must come
    back as they are.

    Args:
        path: Where to.
        plan: The import, whose bad lines are written.
        refused: Other lines to write, by their places, with the reasons.

    Returns:
        How many lines there are.

    Raises:
        OSError: It cannot be written.
    """
    notes, written, keys = plan.known.notes, array("I"), array("Q")
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
        for place, key in _write_lines(file, plan, refused):
            written.append(place)
            keys.append(key)
    unfinished.replace(path)
    notes.rejects, notes.rejects_digest = str(path), _digest(path)
    notes.handed_texts = packed(keys)
    notes.handed_over = stretches(plan.places[place] for place in written)
    return len(written)


def _write_lines(file: TextIO, plan: Plan, refused: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    sheet = plan.sheet
    rows = csv.writer(
        file, delimiter=sheet.dialect.delimiter, quotechar=sheet.dialect.quote, lineterminator=_LINE_END
    )
    if sheet.header_line:
        rows.writerow([*sheet.header, _reason_column(sheet.header)])
    for place, record, row in plan.read_again():
        reason = row.reason if isinstance(row, BadLine) else refused.get(place)
        if reason is None or plan.fates[place] == Fate.HANDED_OVER:
            continue
        missing = 0 if record.fault else max(0, plan.columns.width - len(record.cells))
        cells = (*[""] * missing, guarded(reason))
        if record.text is None:
            rows.writerow([*record.cells, *cells])
        else:  # as it stands in the file, quotes that do not match included
            file.write(record.text.rstrip(_LINE_END) + sheet.dialect.delimiter)
            rows.writerow(cells)
        yield place, text_key(record)


def _reason_column(header: Sequence[str]) -> str:
    return REASON if REASON not in header else f"{REASON} (import)"
