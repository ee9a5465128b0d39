"""What `since` means on each list: `>` or `>=`, which digits, which zone; asked around a known row's stamp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from impactive_async.cli.doctor.examination import Examination, Listed, Verdict
from impactive_async.cli.doctor.places import OF_SEQUENCE, OF_WORKSPACE, Place
from impactive_async.cli.doctor.shapes import rows_of
from impactive_async.cli.doctor.stamps import TICKS, finest, print_elsewhere, print_iso, read_stamp

POLLED: Final = tuple(place for place in (*OF_WORKSPACE, *OF_SEQUENCE) if place.stamp is not None)
REQUESTS: Final = 4 * len(POLLED)
_HOURS: Final = 3


async def check_since(examination: Examination) -> None:
    """Ask each list that has `since` around the stamp of one of its rows."""
    for place in POLLED:
        listed = examination.lists.get(place.operation)
        known = None if listed is None else known_row(examination, listed)
        if listed is None or known is None:
            examination.tell(f"{place.title}: since", "", "no row to ask around", Verdict.NOT_SEEN)
        else:
            await _Boundary(examination, listed, *known).check()


def known_row(examination: Examination, listed: Listed) -> tuple[Any, int, int] | None:
    """Return the id, the moment and the tick of a row: the newest but one, so that a newer one is there too."""
    place = listed.place
    stamps = [(read_stamp(row.get(place.stamp or "")), row.get("id")) for row in listed.found.rows]
    read = [(stamp, row_id) for stamp, row_id in stamps if stamp is not None]
    if not read:
        return None
    newest = sorted(read, key=lambda pair: pair[0].at, reverse=True)
    chosen, row_id = newest[min(1, len(newest) - 1)]
    at = chosen.at if chosen.offset is not None else chosen.at - examination.ahead
    return row_id, at, TICKS[finest(stamp for stamp, _ in read)]


async def shown_since(examination: Examination, listed: Listed, at: int) -> list[Any]:
    """Return the ids of the rows that a list shows since a moment; none if it refuses."""
    return await _shown(examination, listed, print_iso(at)) or []


async def _shown(examination: Examination, listed: Listed, since: str) -> list[Any] | None:
    place = listed.place
    answer = await examination.prober.ask("GET", place.template, *listed.ids, query={"since": since})
    found = rows_of(answer.document, place) if answer.succeeded else None
    return None if found is None else [row.get("id") for row in found.rows]


class _Boundary:
    """The questions about one list."""

    def __init__(self, examination: Examination, listed: Listed, row_id: Any, at: int, tick: int) -> None:
        self._examination, self._listed = examination, listed
        self._id, self._at, self._tick = row_id, at, tick
        self._place: Place = listed.place

    async def check(self) -> None:
        at_stamp = await self._ids(print_iso(self._at))
        if at_stamp is None:
            advice = "Feeds ask with since=2026-05-01T09:00:00.000Z. Report this with --report."
            self._tell("refused", Verdict.BREAKS, advice)
            return
        if self._id in at_stamp:
            await self._seen()
        else:
            await self._hidden()
        await self._check_zone(at_stamp)

    async def _ids(self, since: str) -> list[Any] | None:
        return await _shown(self._examination, self._listed, since)

    async def _seen(self) -> None:
        """The row is shown at its own stamp: by `>=`, because its stamp has more digits, or by the zone."""
        if self._tick == 1:
            after = await self._ids(print_iso(self._at + 1))
            self._conclude(">=", ignored=after is not None and self._id in after)
            return
        after = await self._ids(print_iso(self._at + 1))
        if after is None or self._id not in after:
            self._conclude(">=")
            return
        beyond = await self._ids(print_iso(self._at + self._tick))
        if beyond is not None and self._id in beyond:
            self._conclude(">=", ignored=True)
            return
        usual = ">=" if self._place.inclusive else ">"
        self._examination.stored = "microseconds"
        self._tell(f"{usual}, of stamps with more digits than are printed (or since is cut)", Verdict.HANDLED)
        self._examination.learn(self._place.operation, since_operator=usual)

    async def _hidden(self) -> None:
        """The row is hidden at its own stamp: by `>`. It must be there a tick before."""
        before = await self._ids(print_iso(self._at - 1))
        if before is not None and self._id not in before:
            earlier = await self._ids(print_iso(self._at - self._tick))
            if earlier is None or self._id not in earlier:
                advice = "Rows may be missed: give feeds an overlap= of some hours, and report this."
                self._tell("a row is hidden before its own stamp", Verdict.BREAKS, advice)
                return
            precision = next(name for name, tick in TICKS.items() if tick == self._tick)
            self._examination.learn(
                self._place.operation, since_operator=">", since_precision=precision, since_rounding="up"
            )
            self._tell("> and rounded up", Verdict.HANDLED)
            return
        self._conclude(">")

    def _conclude(self, operator: str, *, ignored: bool = False) -> None:
        if ignored:
            self._tell("ignored, or read in another zone", Verdict.HANDLED, "Feeds compare every page in full.")
            return
        self._examination.learn(self._place.operation, since_operator=operator)
        usual = ">=" if self._place.inclusive else ">"
        self._tell(operator, Verdict.AS_ASSUMED if operator == usual else Verdict.HANDLED)

    async def _check_zone(self, at_stamp: Sequence[Any]) -> None:
        elsewhere = await self._ids(print_elsewhere(self._at, _HOURS))
        check = f"{self._place.title}: since with an offset"
        if elsewhere is not None and set(elsewhere) == set(at_stamp):
            self._examination.tell(check, "respected", "respected", Verdict.AS_ASSUMED)
        else:
            if elsewhere is not None:
                self._examination.learn(self._place.operation, since_zone="UTC")
            seen = "refused" if elsewhere is None else "not respected"
            self._examination.tell(check, "respected", seen, Verdict.HANDLED, "Feeds ask in UTC.")

    def _tell(self, seen: str, verdict: Verdict, advice: str = "") -> None:
        assumed = ">=" if self._place.inclusive else ">"
        self._examination.tell(f"{self._place.title}: since", assumed, seen, verdict, advice)
