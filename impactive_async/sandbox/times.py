"""Timestamps as the emulated server reads, stores and prints them."""

import re
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Literal

__all__ = ["Precision", "floor", "http_date", "parse_day_or_moment", "parse_moment", "print_moment"]

Precision = Literal["milliseconds", "microseconds"]

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 timestamp, which always names its offset.

    Raises:
        ValueError: Anything else; in particular a `+` that arrived as a space because it was not percent-encoded.
    """
    text = text.upper()
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"not an ISO 8601 timestamp with an offset: {text[:40]!r}")
    return datetime.fromisoformat(text)


def parse_day_or_moment(text: str) -> date:
    """Read a calendar day or a timestamp, for fields such as due dates."""
    return date.fromisoformat(text) if _DAY.fullmatch(text) else parse_moment(text)


def print_moment(moment: datetime, precision: Precision = "milliseconds") -> str:
    """Print in UTC with a `Z`; what the precision cannot show is cut off, never rounded up."""
    return moment.astimezone(UTC).isoformat(timespec=precision)[:-6] + "Z"


def floor(moment: datetime, precision: Precision) -> datetime:
    """Cut a moment down to what a column of that precision holds."""
    if precision == "microseconds":
        return moment
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def http_date(moment: datetime) -> str:
    """The form of `Date` and `Retry-After` headers (whole seconds)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
