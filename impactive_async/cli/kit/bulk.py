"""Bulk work on the command line: a progress bar on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

from impactive_async.cli.kit.streams import is_watched

if TYPE_CHECKING:
    from impactive_async import Progress as BulkProgress


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[BulkProgress], None]]:
    """Draw a progress bar while the block runs, if stderr is a terminal. Yields what to pass as `on_progress`."""
    if not is_watched():
        yield _ignore
        return
    with _bar() as bar:
        task = bar.add_task(title, total=total, rate="", failed="")

        def draw(progress: BulkProgress) -> None:
            bar.update(
                task,
                completed=progress.done,
                rate=f"{progress.rate:,.0f}/s",
                failed=f"{progress.failed:,} failed" if progress.failed else "",
            )

        yield draw


def _ignore(_: BulkProgress) -> None:
    """Ignore progress, where stderr is no terminal."""


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
