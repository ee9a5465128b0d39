"""A bar on stderr while lists are polled, and what is done after that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from impactive_async.cli.kit.streams import is_watched
from impactive_async.sync_source import ListPolled


@contextmanager
def reading_bar(kinds: int) -> Iterator[Callable[[ListPolled], None]]:
    """Draw a bar while the block runs, if stderr is a terminal. Yields what to pass as `on_list`.

    Args:
        kinds: How many kinds of lists there are. Each counts once the first of its lists was polled.
    """
    if not is_watched():
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=kinds, rows=0)
        seen: set[str] = set()
        rows = 0

        def draw(polled: ListPolled) -> None:
            nonlocal rows
            seen.add(polled.kind)
            rows += polled.rows
            doing = "Writing" if len(seen) == kinds else f"Reading {polled.kind}"
            bar.update(task, completed=len(seen), rows=rows, description=doing)

        yield draw
