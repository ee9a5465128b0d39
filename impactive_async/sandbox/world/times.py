"""Timestamps as the emulated server reads and stores them, and time zones."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import format_datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

__all__ = [
    "PRECISIONS",
    "STEPS",
    "Precision",
    "floor",
    "http_date",
    "parse_day_or_moment",
    "parse_moment",
    "print_moment",
]

Precision = Literal["microseconds", "milliseconds", "seconds", "minutes", "days"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

STEPS: dict[Precision, timedelta] = {
    "microseconds": timedelta(microseconds=1),
    "milliseconds": timedelta(milliseconds=1),
    "seconds": timedelta(seconds=1),
    "minutes": timedelta(minutes=1),
    "days": timedelta(days=1),
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
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
    """Print in UTC with a `Z` and at least three digits of a second; what lies beyond is cut off."""
    timespec = "microseconds" if precision == "microseconds" else "milliseconds"
    return floor(moment, precision).astimezone(UTC).isoformat(timespec=timespec)[:-6] + "Z"


def floor(moment: datetime, precision: Precision) -> datetime:
    """Cut a moment down to a precision, by the digits of its own zone."""
    if precision == "microseconds":
        return moment
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment - (moment - midnight) % STEPS[precision]


def http_date(moment: datetime) -> str:
    """The form of `Date` and `Retry-After` headers (whole seconds)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def read_zone(text: str) -> tzinfo:
    """The zone of a name such as `UTC`, `+02:00` or `America/New_York`.

    Raises:
        ValueError: There is no such zone.
    """
    if text == "UTC":
        return UTC
    offset = _OFFSET.fullmatch(text)
    if offset is None:
        return _named_zone(text)
    size = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-size if offset[1] == "-" else size)


def _named_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError):  # OSError: the name of a folder of zones
        raise ValueError(f"there is no time zone {name!r}") from None
