"""A mapping that is kept in a file, for the next export of the same program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from impactive_async.cli.importing.columns.mapping import LEFT_OUT, Columns, places_named
from impactive_async.cli.kit.errors import UsageError

_VERSION: Final = 1


def save_map(path: Path, header: Sequence[str], columns: Columns) -> None:
    """Keep what the columns of a sheet are.

    Raises:
        OSError: It cannot be written.
    """
    targets = columns.targets()
    left_out = {place: LEFT_OUT for place, name in enumerate(header) if name and place not in targets}
    names = [name if name and header.count(name) == 1 else f"#{place + 1}" for place, name in enumerate(header)]
    kept = {names[place]: target for place, target in (targets | left_out).items()}
    document = {"version": _VERSION, "columns": kept}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_map(path: Path) -> list[str]:
    """Read a mapping, as pairs `COLUMN=FIELD`.

    Raises:
        UsageError: It is no mapping, or one of a newer version.
        OSError: It cannot be read.
    """
    return [f"{name}={target}" for name, target in _columns(path).items()]


def fitting(pairs: Sequence[str], header: Sequence[str]) -> tuple[list[str], list[str]]:
    """The pairs whose columns a header has, and the columns of the others that would be imported."""
    split = [pair.rpartition("=") for pair in pairs]
    there = [bool(places_named(header, column)) for column, _, _ in split]
    missing = [
        column for (column, _, field), found in zip(split, there, strict=True) if not found and field != LEFT_OUT
    ]
    return [pair for pair, found in zip(pairs, there, strict=True) if found], missing


def _columns(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        version, columns = document["version"], document["columns"]
        pairs = {str(name): target for name, target in columns.items() if isinstance(target, str)}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(f"{path} is no mapping of columns; --save-map writes one.") from None
    if version != _VERSION:
        raise UsageError(f"{path} is a mapping of version {version!r}, and this program reads version {_VERSION}.")
    if len(pairs) != len(columns):
        raise UsageError(f"{path}: each column is mapped to the name of a field, or to - to be left out.")
    return pairs
