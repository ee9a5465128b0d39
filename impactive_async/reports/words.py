"""How reports write amounts, shares and times."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def amount(value: Decimal) -> str:
    """Return an amount of money: `1,234.50`. Digits beyond cents are kept."""
    whole, _, cents = f"{value:,f}".partition(".")
    return f"{whole}.{cents.rstrip('0'):0<2}"


def share(part: int, whole: int) -> str:
    """Return a share: `25 %`. One that is neither nothing nor all is not rounded to it. No share of nothing."""
    if not whole:
        return ""
    percent = 100 * part / whole
    return "< 1 %" if 0 < percent < 1 else "> 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def moment(when: datetime) -> str:
    """Return a moment in UTC: `2026-05-01 09:00 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a time as people say it: `0.4 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole >= 2 * _DAY:
        return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")
    if whole >= _HOUR:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _two(whole // _MINUTE, "min", whole % _MINUTE, "s") if whole >= _MINUTE else f"{whole} s"


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large} {unit} {small} {smaller}" if small else f"{large} {unit}"
