"""Bulk work as people see it: a progress bar on stderr, then what was not done, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from impactive_async.cli._run import Run
from impactive_async.cli._streams import is_watched

if TYPE_CHECKING:
    from impactive_async import Progress as Standing
    from impactive_async import RowFailure


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[Standing], None]]:
    """Draw a bar while the block runs, if stderr is a terminal; yields what to pass as `on_progress`."""
    if not is_watched():
        yield _nothing
        return
    with _bar() as bar:
        task = bar.add_task(title, total=total, rate="", failed="")

        def draw(standing: Standing) -> None:
            bar.update(
                task,
                completed=standing.done,
                rate=f"{standing.rate:,.0f}/s",
                failed=f"{standing.failed:,} failed" if standing.failed else "",
            )

        yield draw


def _nothing(_: Standing) -> None:
    """Where nobody watches."""


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}", style="red"),
        console=Console(stderr=True),
    )


def tell_failures(
    run: Run, failures: Iterable[RowFailure], what: str, kind: str, number: Callable[[int], int]
) -> None:
    """Say of each row what kept it from being done; once for neighbours that were kept by the same.

    Args:
        run: Where to.
        failures: In input order.
        what: What did not happen to them.
        kind: What to put before their numbers.
        number: What people call the row at this place of the input.
    """
    for first, last, reason in _stretches(failures):
        upto = "" if first == last else f" to {number(last)}"
        run.note(f"{kind}{number(first)}{upto}: {what}: {reason}")


def _stretches(failures: Iterable[RowFailure]) -> Iterator[tuple[int, int, str]]:
    """The first and the last index of rows in a row with the same reason."""
    for reason, group in groupby(enumerate(failures), lambda one: (one[1].index - one[0], one[1].reason)):
        indexes = [failure.index for _, failure in group]
        yield indexes[0], indexes[-1], reason[1]
