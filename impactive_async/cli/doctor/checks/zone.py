"""The zone of times that are printed without an offset.

It is asked by `since`, whose meaning is a moment. But a service may read `since` in the zone in which it prints:
then only a row that was created just now tells the zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from impactive_async.cli.doctor.checks.since import POLLED, known_row, shown_since
from impactive_async.cli.doctor.examination import Examination, Listed, Verdict
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.places import MOMENTS
from impactive_async.cli.doctor.stamps import read_stamp

_QUARTER: Final = 15 * 60 * 1_000_000
_WEST: Final = -12 * 4
_EAST: Final = 14 * 4
"""Quarters of an hour by which clocks are ahead of UTC, at the least and at the most."""
_NEAR: Final = 5 * 60 * 1_000_000
"""Microseconds by which `Date` and the stamp of a new row may differ."""
REQUESTS: Final = 9
CHECK: Final = "times without an offset"
_CREATED: Final = "times without an offset: a created row"
_ADVICE: Final = (
    "If its clocks are set forward in summer, write the zone's name into the profile, as in "
    '"time_zone": "America/New_York".'
)


async def check_zone(examination: Examination) -> None:
    """Find the zone on the first list whose rows have times without an offset."""
    for listed in (examination.lists.get(place.operation) for place in POLLED):
        if listed is not None and _is_local(listed) and known_row(examination, listed) is not None:
            quarters = await _search(examination, listed)
            _conclude(examination, quarters)
            return


def _is_local(listed: Listed) -> bool:
    stamps = [read_stamp(row.get(name)) for row in listed.found.rows for name in MOMENTS]
    return any(stamp is not None and stamp.offset is None for stamp in stamps)


async def _search(examination: Examination, listed: Listed) -> int | None:
    """Return how many quarters of an hour the local clocks are ahead; `None` if `since` does not tell.

    A row is shown if it is asked for since a moment that is no later than its own: of all zones that it could be
    in, the first whose moment shows it is the one.
    """
    row_id, at, tick = known_row(examination, listed) or (None, 0, 1)

    async def is_shown(quarters: int) -> bool:
        return row_id in await shown_since(examination, listed, at - quarters * _QUARTER - tick)

    if await is_shown(_WEST - 1) or not await is_shown(_EAST):
        return None
    low, high = _WEST - 1, _EAST  # hidden, shown
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if await is_shown(middle) else (middle, high)
    return high


def _conclude(examination: Examination, quarters: int | None) -> None:
    if quarters is None:
        advice = "Times may be off by the zone's offset. Write time_zone into the profile."
        examination.tell(CHECK, "UTC", "no zone found by since", Verdict.HANDLED, advice)
        return
    examination.ahead = quarters * _QUARTER
    if quarters == 0:
        examination.tell(CHECK, "UTC", "UTC, or since is read in the same zone", Verdict.AS_ASSUMED)
        return
    zone = _zone(quarters)
    examination.learn("*", time_zone=zone)
    examination.tell(CHECK, "UTC", zone, Verdict.HANDLED, f"Use the profile (--save). {_ADVICE}")


def check_created(examination: Examination, created: Exchange, row: Mapping[str, Any]) -> None:
    """Find the zone by a row that was created just now, where its times have no offset."""
    stamps = [stamp for name in MOMENTS if (stamp := read_stamp(row.get(name))) is not None]
    local = [stamp.at for stamp in stamps if stamp.offset is None]
    if not local:
        return
    now = created.at if created.date is None else created.date
    quarters, off = divmod(max(local) - now * 1_000_000 + _NEAR, _QUARTER)
    if off > 2 * _NEAR or not _WEST <= quarters <= _EAST:
        advice = "Write time_zone into the profile."
        examination.tell(_CREATED, "UTC", "at no zone's offset from Date", Verdict.HANDLED, advice)
        return
    if quarters * _QUARTER == examination.ahead:
        return
    zone = _zone(int(quarters))
    for operation, settings in examination.operations.items():
        if settings.get("since_zone") == "UTC":  # its digits are read as they are printed
            examination.learn(operation, since_zone=zone)
    examination.ahead = int(quarters) * _QUARTER
    examination.learn("*", time_zone=zone)
    examination.tell(_CREATED, "UTC", zone, Verdict.HANDLED, f"Use the profile (--save). {_ADVICE}")


def _zone(quarters: int) -> str:
    return f"{'-' if quarters < 0 else '+'}{abs(quarters) // 4:02}:{abs(quarters) % 4 * 15:02}"
