"""A progress bar while lines are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from impactive_async.cli.kit.streams import is_watched
from impactive_async.cli.kit.words.wording import cut

_LARGE: Final = 1_000_000
"""Bytes of a file of which the checking takes so long that a bar is worth it."""
_WHOLE: Final = 1000
"""Steps of the bar."""


@contextmanager
def checking_bar(file: str, size: int) -> Iterator[Callable[[float, int], None]]:
    """Draw a bar while the block runs, if stderr is a terminal; yields what to tell the share and the lines."""
    if size < _LARGE or not is_watched():
        yield _nothing
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(f"Checking {cut(file, 24)}", total=_WHOLE, lines="")

        def draw(share: float, lines: int) -> None:
            seconds = bar.tasks[0].elapsed or 0
            rate = f"{lines / seconds:,.0f} lines/s" if seconds else ""
            bar.update(task, completed=share * _WHOLE, lines=rate)

        yield draw


def _nothing(_: float, __: int) -> None:
    """Where nobody watches."""
