"""What several commands read from the command line: optional values, moments, ids in files, extra fields."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer

from impactive_async import UNSET, Unset
from impactive_async.cli._errors import UsageError

T = TypeVar("T")

Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="MOMENT", help="Only what is newer, as 2026-05-01T09:00Z.", show_default=False
    ),
]
Extra = Annotated[
    list[str] | None,
    typer.Option(
        "--extra",
        metavar="NAME=VALUE",
        help="A field this program does not know, under the API's own name; VALUE is JSON or text. Repeatable.",
        show_default=False,
    ),
]
SequenceId = Annotated[str, typer.Argument(metavar="SEQUENCE", help="Its id.", show_default=False)]


def given(value: T | None) -> T | Unset:
    """An option's value for the SDK: one that was not given is left alone, not cleared."""
    return UNSET if value is None else value


def moment(text: str | None) -> datetime | None:
    """A moment from the command line; without an offset it is taken as UTC.

    Raises:
        UsageError: It cannot be read.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment: write it as 2026-05-01, or 2026-05-01T09:00+02:00.") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def extra_fields(pairs: Sequence[str] | None) -> dict[str, Any]:
    """The undocumented fields given as `--extra NAME=VALUE`.

    Raises:
        UsageError: One of them has no name or no value.
    """
    return dict(_extra_field(pair) for pair in pairs or ())


def _extra_field(pair: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not (name and equals):
        raise UsageError(f"--extra {pair!r}: write it as NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def lines_from(path: Path) -> Iterator[str]:
    """The lines of a text file, `-`: of standard input.

    Raises:
        UsageError: It is not UTF-8, or standard input is closed.
        OSError: It cannot be read.
    """
    try:
        if str(path) == "-":
            yield from _standard_input()
            return
        with path.open(encoding="utf-8-sig") as lines:
            yield from lines
    except UnicodeDecodeError:
        raise UsageError(f"{_called(path)} is not UTF-8 text.") from None


def _standard_input() -> TextIO:
    if sys.stdin is None:
        raise UsageError("Standard input is closed; give a file, or pipe something in.")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")  # whatever the locale
    return sys.stdin


def ids_from(path: Path) -> list[str]:
    """The ids in a file (`-`: standard input), one a line, bare or as the `id` of a JSON object.

    Raises:
        UsageError: A line is neither; its number is named. Or it is no UTF-8 text.
        OSError: The file cannot be read.
    """
    return list(_ids(lines_from(path), _called(path)))


def _called(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _ids(lines: Iterable[str], where: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text:
            yield _id_in_object(text, f"{where}, line {number}") if text.startswith("{") else text


def _id_in_object(text: str, where: str) -> str:
    try:
        row_id = json.loads(text).get("id")
    except ValueError:
        row_id = None
    if not isinstance(row_id, str):
        raise UsageError(f"{where}: no JSON object with an `id`.")
    return row_id
