"""Paths as callers give them."""

from __future__ import annotations

import os

from impactive_async.errors import InvalidArgumentError


def path_of(given: object, noun: str) -> str:
    """Return as text the path that a caller gave for what `noun` says, with an article.

    Raises:
        InvalidArgumentError: It is empty, or no path, such as `None`, an open file, or bytes.
    """
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(path, str):
        raise InvalidArgumentError(f"the path of {noun} is a str or a pathlib.Path, not {type(given).__name__}")
    if not path:
        raise InvalidArgumentError(f"{noun} outlives the program, and '' names no place: give it a path")
    return path
