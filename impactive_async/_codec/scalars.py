"""Strict readers of scalars, and the reading and writing of moments.

A reader raises `Misfit` for a value of another type than the contract says. It converts nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from impactive_async._codec.brief import brief
from impactive_async.errors import InvalidArgumentError

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Misfit(Exception):  # noqa: N818 - the codec turns it into a DecodeError
    """A value does not fit its field.

    Attributes:
        message: What was expected.
        value: The value.
        steps: The way to the value, the innermost step first. Each reader of a container appends its own step.
    """

    def __init__(self, message: str, value: object, *steps: str) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.steps = list(steps)

    @property
    def path(self) -> str:
        """The way to the value from the outermost reader, as in `.steps[0].delayDays`."""
        return "".join(reversed(self.steps))


def read_str(value: object, _: Any = None) -> str:
    """Return a string as it is."""
    if type(value) is not str:
        raise Misfit("expected a string", value)
    return value


def read_id(value: object, _: Any = None) -> str:
    """Return a string that is not empty as it is."""
    if not read_str(value):
        raise Misfit("expected a non-empty id", value)
    return value  # type: ignore[return-value]  # read_str has looked


def read_int(value: object, _: Any = None) -> int:
    """Return an integer as it is; a bool or a float is a misfit."""
    if type(value) is not int:
        raise Misfit("expected an integer", value)
    return value


def read_bool(value: object, _: Any = None) -> bool:
    """Return a bool as it is; 0, 1 and `"true"` are misfits."""
    if type(value) is not bool:
        raise Misfit("expected true or false", value)
    return value


def is_one_address(text: str) -> bool:
    """Whether a text in the place of a list is its only address: it is no list of several, and not empty."""
    return text != "" and "," not in text and text[0] != "["


def read_decimal(value: object, _: Any = None) -> Decimal:
    """Return a number, or the number in a string, as the decimal that its text says."""
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
    """Return the moment in an ISO 8601 string; see `parse_instant`."""
    if type(value) is not str:
        raise Misfit("expected an ISO 8601 date-time string", value)
    try:
        return parse_instant(value)
    except ValueError as error:
        raise Misfit("not a readable ISO 8601 date-time", value) from error


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 text as an aware UTC datetime.

    A date alone is midnight UTC (A14), and a moment without an offset is UTC (A11). Digits beyond microseconds are
    cut off, because a moment that is rounded up skips rows when it is sent as `since`.

    Raises:
        ValueError: The text is not ISO 8601, or its moment is outside the years 1 to 9999 in UTC.
    """
    return utc_of(datetime.fromisoformat(text), text)


def utc_of(moment: datetime, text: str) -> datetime:
    """Return a moment that was read from a text, in UTC; see `to_utc`.

    Raises:
        ValueError: The text is a number: `fromisoformat` reads 1712010212345 as a minute of the year 1712.
    """
    if moment.tzinfo is None and is_number(text):
        raise ValueError(f"{text} is a number, and no ISO 8601 text")
    return to_utc(moment)


def is_number(text: str) -> bool:
    """Whether a moment's text is a number, as of the seconds since 1970; 20260501 is a date."""
    return len(text) != len("20260501") and text.replace(".", "", 1).isdecimal()


def to_utc(moment: datetime) -> datetime:
    """Return the same moment with the `tzinfo` UTC; a naive one is taken as UTC.

    Raises:
        ValueError: The moment is outside the years 1 to 9999 in UTC.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is not within the years 1 to 9999 in UTC") from error


def read_moment(value: object, argument: str) -> datetime:
    """Return the moment that a caller gave for an argument, as an aware datetime or as a text.

    Raises:
        InvalidArgumentError: It is neither a datetime nor an ISO 8601 string, or is naive.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or not _exists(moment):
        raise InvalidArgumentError(f"{argument} is an aware datetime or an ISO 8601 string, not {brief(value)}")
    if isinstance(value, str) and moment.utcoffset() is None:
        raise InvalidArgumentError(
            f"{argument} is {brief(value)}, without an offset: {moment.isoformat()}Z is in UTC"
        )
    format_instant(moment, argument=argument)
    return moment


def _exists(moment: datetime) -> bool:
    """Whether it is one: pandas has a `datetime` that is none, `NaT`, and whose methods fail."""
    try:
        moment.utcoffset()
    except ValueError:
        return False
    return True


def format_instant(value: datetime, *, argument: str) -> str:
    """Return an aware datetime as ISO 8601 in UTC with `Z`, without microseconds if they are 0.

    Args:
        value: The moment.
        argument: The name of the caller's argument, for the error.

    Raises:
        ValueError: The datetime is naive, its moment is outside the years 1 to 9999 in UTC, or it is no moment.
    """
    if not _exists(value):
        raise InvalidArgumentError(f"{argument} is {brief(value)}, which is no moment; without one, say None")
    if value.utcoffset() is None:
        raise InvalidArgumentError(
            f"{argument} is a naive datetime; say which moment it is, for example with tzinfo=datetime.UTC"
        )
    try:
        return to_utc(value).isoformat().replace("+00:00", "Z")
    except ValueError as error:
        raise InvalidArgumentError(f"{argument}: {error}") from error
