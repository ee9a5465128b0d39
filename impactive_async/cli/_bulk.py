"""Bulk work as people see it: a progress bar on stderr, then what was not done, row by row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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

if TYPE_CHECKING:
    from impactive_async import Progress as Standing
    from impactive_async import RowFailure


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[Standing], None]]:
    """Draw a bar while the block runs, if stderr is a terminal; yields what to pass as `on_progress`."""
    if not sys.stderr.isatty():
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


def tell_failures(run: Run, failures: Iterable[RowFailure], label: Callable[[int], str]) -> None:
    """Say of each row what kept it from being done."""
    for failure in failures:
        run.note(f"{label(failure.index)}: {failure.reason}")
