"""The lines of a file as text, one at a time, with their ends."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from typing import Final

from impactive_async.cli.importing.reading.encoding import not_decodable
from impactive_async.cli.importing.reading.origin import Origin
from impactive_async.cli.kit.errors import UsageError

LIMIT: Final = 8 * 1024 * 1024
"""Characters of a line, and of a cell: what is longer is hardly a table of people."""

_OFTEN: Final = 1000
"""Lines after which it is told how much is read."""


def too_long(name: str, line: int, what: str) -> UsageError:
    """The error for a line or a cell beyond the limit."""
    return UsageError(
        f"{name}, line {line}: {what} of more than 8 MB, which is the limit. Is a quote missing, or is it no CSV "
        "file?"
    )


def lines_of(
    origin: Origin, encoding: str, watch: Callable[[float], object] = lambda _: None
) -> Generator[str, None, None]:
    """The lines.

    Args:
        origin: The file.
        encoding: Its encoding.
        watch: Called now and then with the share that is read.

    Raises:
        UsageError: The file is in another encoding, or a line is too long.
        OSError: It cannot be read.
    """
    number, size = 0, max(1, origin.size)
    with origin.open() as (file, stored), io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        try:
            while line := text.readline(LIMIT + 1):
                number += 1
                if len(line) > LIMIT:
                    raise too_long(origin.name, number, "a line")
                if number % _OFTEN == 0:
                    watch(stored.tell() / size)
                yield line
        except UnicodeError:
            raise not_decodable(origin, encoding, number) from None
