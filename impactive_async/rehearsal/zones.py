"""The time zone by which a rehearsal tells days: the caller's, the sequence's, or the machine's."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Sequence

_FIELDS: Final = ("timeZone", "timezone", "time_zone")
"""Fields in which a sequence may name its zone: the contract has none, and keeps what it does not know."""


def named_zone(zone: str | tzinfo | None) -> tzinfo | None:
    """Return the zone that a caller asks for; `None`: none.

    Raises:
        InvalidArgumentError: There is no such zone.
    """
    if zone is None or isinstance(zone, tzinfo):
        return zone
    found = _found(zone)
    if found is None:
        raise InvalidArgumentError(
            f"zone is the name of a time zone, such as Europe/Berlin or UTC, not {zone!r} (a machine without time "
            "zones of its own needs the package tzdata)"
        )
    return found


def zone_of(sequence: Sequence) -> tzinfo | None:
    """Return the zone that a sequence names in a field that the contract does not know; `None`: it names none."""
    named = (sequence.extra.get(field) for field in _FIELDS)
    return next((zone for zone in map(_found, named) if zone is not None), None)


def name_of_zone(zone: tzinfo | None, moment: datetime) -> str:
    """Return what to call a zone; `None` is the machine's, which is called as it is at a moment."""
    return str(zone) if zone is not None else moment.astimezone().tzname() or "local time"


def _found(name: object) -> tzinfo | None:
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        return None
