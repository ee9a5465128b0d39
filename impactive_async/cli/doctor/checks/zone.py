"""The zone of times that are printed without an offset: asked by `since`, whose meaning is a moment."""

from __future__ import annotations

from typing import Final

from impactive_async.cli.doctor.checks.since import POLLED, known_row, shown_since
from impactive_async.cli.doctor.examination import Examination, Listed, Verdict
from impactive_async.cli.doctor.places import MOMENTS
from impactive_async.cli.doctor.stamps import read_stamp

_QUARTER: Final = 15 * 60 * 1_000_000
_WEST: Final = -12 * 4
_EAST: Final = 14 * 4
"""Quarters of an hour by which clocks are ahead of UTC, at the least and at the most."""
REQUESTS: Final = 9
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
    check, assumed = "times without an offset", "UTC"
    if quarters is None:
        advice = "Times may be off by the zone's offset. Write time_zone into the profile."
        examination.tell(check, assumed, "no zone found by since", Verdict.HANDLED, advice)
        return
    examination.ahead = quarters * _QUARTER
    if quarters == 0:
        examination.tell(check, assumed, "UTC, or since is read in the same zone", Verdict.AS_ASSUMED)
        return
    zone = f"{'-' if quarters < 0 else '+'}{abs(quarters) // 4:02}:{abs(quarters) % 4 * 15:02}"
    examination.learn("*", time_zone=zone)
    examination.tell(check, assumed, zone, Verdict.HANDLED, f"Use the profile (--save). {_ADVICE}")
