"""What several commands read from the command line: optional values, times, ids in files, extra fields."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from impactive_async import UNSET, Unset
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import argument, option

T = TypeVar("T")

_SPANS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

since_option = option("--since", metavar="MOMENT", help="Only what is newer, as 2026-05-01T09:00Z.")
extra_option = option(
    "--extra",
    multiple=True,
    metavar="NAME=VALUE",
    help="A field this program does not know, under the API's own name; VALUE is JSON or text. Repeatable.",
)
sequence_argument = argument("sequence", metavar="SEQUENCE", help="Its id.")


def given(value: T | None) -> T | Unset:
    """Return an option's value for the SDK: `UNSET` if the option was not given, so that the field is not sent."""
    return UNSET if value is None else value


def moment(text: str | None) -> datetime | None:
    """Read a time from the command line. Without an offset it is taken as UTC.

    Raises:
        UsageError: The text is no ISO 8601 time.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a moment: write it as 2026-05-01, or 2026-05-01T09:00+02:00.") from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def span(text: str) -> timedelta:
    """Read a span of time from the command line, such as 3d or 1d12h.

    Raises:
        UsageError: The text is no span, or a longer one than there was time.
    """
    if not re.fullmatch(r"(\d+(\.\d+)?[dhms])+", text):
        raise UsageError(f"{text!r} is not a span: write it as 3d, 36h, 90m or 1d12h.")
    parts = re.findall(r"([\d.]+)([dhms])", text)
    try:
        return sum((timedelta(**{_SPANS[unit]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise UsageError(f"{text!r} is longer than there was time.") from None


def extra_fields(pairs: Sequence[str], flag: str = "--extra") -> dict[str, Any]:
    """Read `--extra NAME=VALUE`, or another option like it: a value is JSON, or else text.

    Raises:
        UsageError: A name or the `=` is missing.
    """
    return dict(_extra_field(pair, flag) for pair in pairs)


def _extra_field(pair: str, flag: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not (name and equals):
        raise UsageError(f"{flag} {pair!r}: write it as NAME=VALUE.")
    return name, json_or_text(value)


def json_or_text(value: str) -> Any:
    """A value of an undocumented field: what it is as JSON, else the text itself."""
    try:
        return json.loads(value, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return value


def _no_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def lines_from(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 file, or of standard input if the path is `-`.

    Raises:
        UsageError: The text is not UTF-8, or standard input is closed.
        OSError: The file cannot be read.
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


def token_from(file: Path | None, variable: str, *, flag: str, least: int) -> str:
    """Return the token that others must show: out of a file, or else out of an environment variable.

    Args:
        file: The file of `--token-file`, in which nothing else stands.
        variable: The variable.
        flag: The option that needs a token.
        least: How many characters it has at least.

    Raises:
        UsageError: The file cannot be read or is no text, or there is no token, or a short one or more than one.
            The error does not show it.
    """
    from impactive_async.forward.settings.secret_files import text_of_file

    try:
        token = (text_of_file(file) if file else os.environ.get(variable, "")).strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"Cannot read {file}: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    if not token:
        raise UsageError(
            f"{flag} needs a token that others must know: put one into {variable}, or into a file for "
            f"--token-file. {_MAKE_TOKEN}"
        )
    if len(token) < least:
        said = "1 character" if len(token) == 1 else f"{len(token)} characters"
        raise UsageError(f"The token has {said}, and {least} are needed, so that nobody guesses it. {_MAKE_TOKEN}")
    if not token.isprintable() or " " in token:
        raise UsageError(f"A token is one word, and this one has blanks or lines in it. {_MAKE_TOKEN}")
    return token


_MAKE_TOKEN: Final = "`openssl rand -hex 16` makes one."  # noqa: S105 - a sentence


def ids_from(path: Path) -> list[str]:
    """Read ids from a file, or from standard input if the path is `-`.

    Each line is an id, or a JSON object with an `id`.

    Raises:
        UsageError: A line is neither, and the message has its number; or the text is not UTF-8.
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
