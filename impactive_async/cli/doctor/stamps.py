"""How a moment is printed: its style, its digits, its zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
TICKS: Final = {
    "microseconds": 1, "milliseconds": 1_000, "seconds": 1_000_000, "minutes": 60_000_000, "days": 86_400_000_000,
}  # fmt: skip
"""The microseconds of a precision, the finest first."""
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:(?P<between>[T ])\d\d:\d\d(?P<seconds>:\d\d)?(?:\.(?P<fraction>\d+))?)?(?P<offset>.*)"
)
_NEARLY_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)( ?)([zZ]|UTC|GMT|[+-][\d:]+)(\[[\w/+-]+\])?",
    re.ASCII,
)
_EPOCH_UNITS: Final = ((10**14, "microseconds"), (10**11, "milliseconds"), (10**8, "seconds"))


@attrs.frozen
class Stamp:
    """A moment as it was printed.

    Attributes:
        at: Microseconds since 1970; without an offset it is read as UTC.
        style: `iso`, `postgres` or `epoch`.
        precision: Of its digits.
        offset: As it was printed, `UTC` for `Z`; `None`: it has none.
    """

    at: int
    style: str
    precision: str
    offset: str | None


def read_stamp(value: Any) -> Stamp | None:
    """Read a printed moment; `None`: it is none that we know."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _read_epoch(value)
    text = _in_iso(value) if isinstance(value, str) else ""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    style = "postgres" if found["between"] == " " else "iso"
    return Stamp((aware - EPOCH) // MICROSECOND, style, _precision(found), _offset(found["offset"]))


def _in_iso(text: str) -> str:
    """Return a text that is nearly ISO 8601 as the client reads it: with UTC, in lower case, or with a zone."""
    found = _NEARLY_ISO.fullmatch(text)
    if found is None or not (found[3] or found[5] or "t" in text or found[4] in ("z", "UTC", "GMT")):
        return text
    return f"{found[1]}T{found[2]}{'Z' if found[4] in ('z', 'UTC', 'GMT') else found[4]}"


def _read_epoch(value: float) -> Stamp | None:
    for least, precision in _EPOCH_UNITS:
        if value >= least:
            return Stamp(int(value * TICKS[precision]), "epoch", precision, "UTC")
    return None


def _precision(found: re.Match[str]) -> str:
    if found["between"] is None:
        return "days"
    if found["fraction"]:
        return "milliseconds" if len(found["fraction"]) <= 3 else "microseconds"
    return "seconds" if found["seconds"] else "minutes"


def _offset(text: str) -> str | None:
    if not text:
        return None
    if text in ("Z", "z", "+00", "+00:00", "-00:00", "+0000"):
        return "UTC"
    return text if len(text) == 6 else f"{text[:3]}:{text[3:] or '00'}"


def finest(stamps: Iterable[Stamp]) -> str:
    """Return the finest precision of some stamps, of which there is at least one."""
    found = {stamp.precision for stamp in stamps}
    return next(precision for precision in TICKS if precision in found)


def print_iso(at: int) -> str:
    """Print a moment as feeds ask with it: in UTC, with microseconds where it has them."""
    moment = (EPOCH + at * MICROSECOND).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if at % 1000 == 0 else "microseconds") + "Z"


def print_elsewhere(at: int, hours: int) -> str:
    """Print the same moment as the clocks of another zone show it."""
    moment = EPOCH + at * MICROSECOND + timedelta(hours=hours)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + f"+{hours:02}:00"
