"""Which column is taken for which field, with values of it to look at; and what is not imported."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len, set_cell_size

from impactive_async.cli.importing.columns.mapping import called
from impactive_async.cli.importing.planning.plan import Fate, Plan
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.streams import is_watched
from impactive_async.cli.kit.words.wording import count, cut, listed

_GAP: Final = "  "
_WIDEST: Final = 28
_LONGEST: Final = 40


def tell_columns(run: Run, plan: Plan) -> None:
    """Show the columns where people may check them, and say in any case which ones are left out."""
    for note in plan.sheet.notes:
        run.note(note)
    if is_watched() or run.out.format == "table":
        run.note(f"{count(plan.number(Fate.CREATED), 'contact')} in {plan.sheet.name}:")
        for line in _table(plan):
            run.note(line)
    unused = [called(plan.sheet.header, place) for place in _left_out(plan)]
    if unused:
        columns = "the column" if len(unused) == 1 else "the columns"
        run.note(f"Not imported: {columns} {listed(unused)}. To import one: --map COLUMN=FIELD.")


def _left_out(plan: Plan) -> list[int]:
    """Columns that hold something, or have a name, and are not imported though nobody said so."""
    header = plan.sheet.header
    unused = [place for place in plan.columns.unused if not _is_reason(plan, place)]
    return [
        *unused,
        *(place for place in plan.columns.nameless if plan.evidence.filled(place) and not header[place]),
    ]


def _is_reason(plan: Plan, place: int) -> bool:
    """Whether it is the last column of a file of rejects, which this command has added."""
    last = place == len(plan.sheet.header) - 1
    return last and plan.sheet.header[place].startswith("reason") and ".rejects" in plan.sheet.name


def _table(plan: Plan) -> Iterator[str]:
    rows = [("Column", "Field", "For example"), *_rows(plan)]
    names = min(_WIDEST, max(cell_len(name) for name, _, _ in rows))
    fields = max(cell_len(field) for _, field, _ in rows)
    width = shutil.get_terminal_size().columns
    rest = max(10, width - names - fields - 2 * len(_GAP) - 1)
    for name, field, samples in rows:
        line = (set_cell_size(cut(name, names), names), set_cell_size(field, fields), _within(samples, rest))
        yield _GAP.join(line).rstrip()


def _within(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _rows(plan: Plan) -> Iterator[tuple[str, str, str]]:
    header, targets = plan.sheet.header, plan.columns.targets()
    spares = {place for places in plan.columns.fields.values() for place in places[1:]}
    left_out = set(_left_out(plan))
    for place, name in enumerate(header):
        if place not in targets and place not in left_out:
            continue
        field = targets.get(place, "(not imported)")
        samples = " · ".join(cut(value, _LONGEST) for value in plan.evidence.samples.get(place, ()))
        yield name or f"#{place + 1}", f"or else {field}" if place in spares else field, samples
