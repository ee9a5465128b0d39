"""ISO 8601 text to integer microseconds since 1970, and back. A cursor calculates with these alone."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import sub
from typing import Final

from impactive_async._codec.scalars import is_number, parse_instant, utc_of
from impactive_async._codec.tolerant.notes import unheard
from impactive_async._codec.tolerant.values import moment as moment_of

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

BEGINNING: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
"""The oldest moment of a `datetime`, in microseconds; it stands for "no lower bound"."""
END: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
"""The newest moment of a `datetime`, in microseconds."""

_NUMBERS: Final = ((11, SECOND), (14, MILLISECOND), (math.inf, 1))
"""The most digits of a number since 1970 that counts seconds, milliseconds and microseconds."""
_FRACTION_START: Final = 19  # of 2026-01-02T03:04:05.678Z, the form every JavaScript server prints
_TIME_OF_DAY: Final = re.compile(r"[Tt ]\d\d(?P<minute>:?\d\d)?(?P<second>:?\d\d)?(?:[.,](?P<fraction>\d+))?")


def parse(raw: str) -> int:
    """Return the microseconds of an ISO 8601 timestamp, or of another form that rows are read in (`moment`).

    One without an offset is UTC; finer digits are cut off.

    Raises:
        ValueError: The text is no timestamp.
        TypeError: It is not text.
    """
    try:
        stamp = datetime.fromisoformat(raw)
        stamp = stamp if stamp.tzinfo else utc_of(stamp, raw)
    except ValueError:
        stamp = parse_instant(moment_of(raw, unheard))  # whoever reads the row tells of its form
    return (stamp - EPOCH) // MICROSECOND


def parse_all(raws: Sequence[str], *, newest_first: bool = False) -> list[int]:
    """Return the microseconds of many timestamps with offsets, in two thirds of the time.

    Args:
        raws: The texts.
        newest_first: Whether they are known to be in this order. If they also lie within 24 hours, half the time
            is enough.

    Raises:
        ValueError: One of the texts is no timestamp.
        TypeError: One is not text, or has no offset.
    """
    stamps = [*map(datetime.fromisoformat, raws)]
    if newest_first and stamps and not (stamps[0] - stamps[-1]).days:
        oldest, since = micros(stamps[-1]), map(sub, stamps, repeat(stamps[-1]))
        return [oldest + span.seconds * SECOND + span.microseconds for span in since]
    since = map(sub, stamps, repeat(EPOCH))
    return [(span.days * 86_400 + span.seconds) * SECOND + span.microseconds for span in since]


def micros(stamp: datetime) -> int:
    """Return the microseconds of an aware `datetime`."""
    return (stamp - EPOCH) // MICROSECOND


def aware(start: datetime) -> int:
    """Return the microseconds of a `datetime` that somebody has made.

    Raises:
        ValueError: It has no time zone.
    """
    if start.tzinfo is None:
        raise ValueError("start must be an aware datetime: a naive one means another moment on each machine")
    return micros(start)


def precision(raw: str) -> int:
    """Return the unit of a timestamp's last digit in microseconds: 1,000 for three decimals, a day for a date."""
    if raw[_FRACTION_START : _FRACTION_START + 1] == "." and raw[-1] == "Z":
        return int(10 ** max(0, 6 - (len(raw) - _FRACTION_START - 2)))
    if is_number(raw):
        whole, _, fraction = raw.partition(".")
        unit = next(unit for digits, unit in _NUMBERS if len(whole) <= digits)
        return int(max(1, unit // 10 ** len(fraction)))
    time = _TIME_OF_DAY.search(raw)
    if time is None:
        return DAY
    if time["fraction"]:
        return int(10 ** max(0, 6 - len(time["fraction"])))
    return SECOND if time["second"] else MINUTE if time["minute"] else HOUR


def moment(at: int) -> datetime:
    """Return the aware UTC `datetime` of a number of microseconds, or the nearest one that a `datetime` can be."""
    return EPOCH + min(max(at, BEGINNING), END) * MICROSECOND


def render(at: int) -> str:
    """Return ISO 8601 text with `Z`, in milliseconds as the API prints them, or in microseconds where needed."""
    spec = "milliseconds" if at % MILLISECOND == 0 else "microseconds"
    return moment(at).replace(tzinfo=None).isoformat(timespec=spec) + "Z"
