"""Strict readers of scalars: a value is what the contract says, or it is a `Misfit`; nothing is coerced.

Also the one place where moments are read and written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from impactive_async._http.brief import brief

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Misfit(Exception):  # noqa: N818 - a signal between readers, turned into DecodeError before anybody sees it
    """A value that does not fit its field.

    Readers of containers add their step to `steps` (innermost first) as it passes through them.
    """

    def __init__(self, message: str, value: object, *steps: str) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.steps = list(steps)

    @property
    def path(self) -> str:
        """The way from the outermost reader to the value, as in `.steps[0].delayDays`."""
        return "".join(reversed(self.steps))


def read_str(value: object, _: Any = None) -> str:
    """A JSON string."""
    if type(value) is not str:
        raise Misfit("expected a string", value)
    return value


def read_id(value: object, _: Any = None) -> str:
    """A string that can identify something."""
    if not read_str(value):
        raise Misfit("expected a non-empty id", value)
    return value  # type: ignore[return-value]  # read_str has looked


def read_int(value: object, _: Any = None) -> int:
    """A JSON integer; neither a bool nor a float."""
    if type(value) is not int:
        raise Misfit("expected an integer", value)
    return value


def read_bool(value: object, _: Any = None) -> bool:
    """`true` or `false`, not what merely looks like it."""
    if type(value) is not bool:
        raise Misfit("expected true or false", value)
    return value


def read_decimal(value: object, _: Any = None) -> Decimal:
    """A number, or a string of one: exactly what its text says, without the binary expansion of a float."""
    if type(value) is int:
        return Decimal(value)
    text = repr(value) if type(value) is float else value
    if type(text) is not str or not _NUMBER.fullmatch(text):
        raise Misfit("expected a number", value)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Misfit("the exponent is beyond reason", value) from error


def read_instant(value: object, _: Any = None) -> datetime:
    """An ISO 8601 string as an aware UTC datetime."""
    if type(value) is not str:
        raise Misfit("expected an ISO 8601 date-time string", value)
    try:
        return parse_instant(value)
    except ValueError as error:
        raise Misfit("not a readable ISO 8601 date-time", value) from error


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 moment as an aware UTC datetime.

    A bare date is midnight UTC (A14), and a moment without offset is UTC (A11). Digits beyond microseconds are cut
    off, never rounded up.

    Raises:
        ValueError: If it is not ISO 8601, or not within the years 1 to 9999 in UTC.
    """
    return to_utc(datetime.fromisoformat(text))


def to_utc(moment: datetime) -> datetime:
    """The same moment with `tzinfo` UTC; one without offset is taken as UTC.

    Raises:
        ValueError: If it is not within the years 1 to 9999 in UTC.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is not within the years 1 to 9999 in UTC") from error


def read_since(value: object) -> datetime:
    """Read what a caller gave for `since`: a datetime, or an ISO 8601 string. It may still be naive.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type]  # its TypeError is the answer
    except (ValueError, TypeError):
        raise ValueError(f"since is an aware datetime or an ISO 8601 string, not {brief(value)}") from None


def format_instant(value: datetime, *, argument: str) -> str:
    """Write an aware datetime as ISO 8601 in UTC, with `Z`, and with microseconds only if there are any.

    Args:
        value: The moment.
        argument: What the caller calls it, for the error.

    Raises:
        ValueError: If it is naive: which moment it means depends on the machine, so nobody should guess.
    """
    if value.utcoffset() is None:
        raise ValueError(
            f"{argument} is a naive datetime; say which moment it is, for example with tzinfo=datetime.UTC"
        )
    try:
        return to_utc(value).isoformat().replace("+00:00", "Z")
    except ValueError as error:
        raise ValueError(f"{argument}: {error}") from error
