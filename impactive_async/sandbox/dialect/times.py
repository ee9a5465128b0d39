"""How a dialect prints moments, and how it reads `since`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.world.times import STEPS, Precision, floor, parse_moment, read_zone

__all__ = ["moment_printer", "read_since"]

Print = Callable[[datetime], Any]

_ANY_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_SECONDS = 10**11  # a larger number since 1970 is one of milliseconds


def moment_printer(settings: OperationSettings) -> Print:
    """The function that prints moments as the settings say."""
    zone = read_zone(settings.time_zone)
    if settings.time_style == "epoch":
        return _epoch_printer(settings.time_precision or "milliseconds", zone)
    if settings.time_style == "postgres":
        return _postgres_printer(settings.time_precision or "microseconds", zone, settings.time_offset)
    return _iso_printer(settings.time_precision or "milliseconds", zone, settings.time_offset)


def _iso_printer(precision: Precision, zone: tzinfo, with_offset: bool) -> Print:
    if precision == "days":
        return lambda moment: moment.astimezone(zone).date().isoformat()
    if zone is UTC and with_offset:
        return lambda moment: _as_utc(moment).isoformat(timespec=precision)[:-6] + "Z"

    def show(moment: datetime) -> str:
        local = moment.astimezone(zone)
        offset = _iso_offset(local) if with_offset else ""
        return local.replace(tzinfo=None).isoformat(timespec=precision) + offset  # isoformat cuts, it never rounds

    return show


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _iso_offset(local: datetime) -> str:
    return local.isoformat()[-6:] if local.utcoffset() else "Z"


def _postgres_printer(precision: Precision, zone: tzinfo, with_offset: bool) -> Print:
    if precision == "days":
        return _iso_printer("days", zone, with_offset)

    def show(moment: datetime) -> str:
        local = floor(moment, precision).astimezone(zone)
        text = local.replace(tzinfo=None).isoformat(" ", "microseconds").rstrip("0").removesuffix(".")
        return text + _postgres_offset(local) if with_offset else text

    return show


def _postgres_offset(local: datetime) -> str:
    return local.isoformat()[-6:].removesuffix(":00")


def _epoch_printer(precision: Precision, zone: tzinfo) -> Print:
    tick = STEPS[precision] if precision in ("microseconds", "milliseconds") else STEPS["seconds"]

    def show(moment: datetime) -> int:
        return (floor(moment.astimezone(zone), precision) - _EPOCH) // tick

    return show


def read_since(settings: OperationSettings, text: str) -> datetime:
    """Read `since` as the service does: in its zone, with its precision.

    A service that prints other times than RFC 3339 also reads what it prints.

    Raises:
        ValueError: It is no timestamp, or one without an offset where the service needs an offset.
    """
    return _rounded(_read(settings, text), settings.since_precision, settings.since_rounding)


def _read(settings: OperationSettings, text: str) -> datetime:
    if settings.since_zone is not None:
        digits = _ANY_OFFSET.sub("", text.upper())
        return datetime.fromisoformat(digits).replace(tzinfo=read_zone(settings.since_zone))
    if settings.time_style == "epoch" and text.isascii() and text.isdecimal() and len(text) < 17:
        number = int(text)
        return _EPOCH + (timedelta(seconds=number) if number < _LATEST_SECONDS else timedelta(milliseconds=number))
    if settings.time_style == "iso" and settings.time_offset:
        return parse_moment(text)
    moment = datetime.fromisoformat(text.upper())
    return moment.replace(tzinfo=read_zone(settings.time_zone)) if moment.tzinfo is None else moment


def _rounded(moment: datetime, precision: Precision, rounding: str) -> datetime:
    low = floor(moment, precision)
    step = STEPS[precision]
    if rounding == "up" and low < moment:
        return low + step
    if rounding == "round" and (moment - low) * 2 >= step:
        return low + step
    return low
