"""A page as a file that appears whole."""

from __future__ import annotations

from pathlib import Path


def write_page(path: Path, page: str) -> None:
    """Write a page; one that is there is replaced when the new one is complete.

    Raises:
        OSError: It cannot be written. The error names `path`.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(page, encoding="utf-8", errors="replace")
        unfinished.replace(path)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
