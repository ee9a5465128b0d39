"""Up to when the lists of a hub are complete, by kind: the least of each kind, whoever polls them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import define, field, frozen

from impactive_async import Coverage
from impactive_async.errors import ImpactiveError
from impactive_async.hub import Hub
from impactive_async.hub.worker.bounds import within
from impactive_async.operations.activity import kind_of

FRESH: Final = 1.0
"""Seconds for which a reading is used again at the least."""
SHARE: Final = 50.0
"""A reading is used again for so many times as long as it took: of ten thousand lists it takes seconds."""
LONGEST: Final = 300.0
"""Seconds that a reading may take."""
FIRST: Final = 2.0
"""Seconds that somebody waits for a reading where there is none yet."""
NEXT: Final = 0.2
"""Seconds that somebody waits for a reading where there is an older one."""


@frozen
class Completeness:
    """What is known of the lists of each kind.

    Attributes:
        until: Up to when the lists of a kind are complete, of which that is known, in seconds since 1970.
        unknown: How many lists of a kind have none, as they were not read yet; only kinds that have such.
    """

    until: Mapping[str, float]
    unknown: Mapping[str, int]


def by_kind(lists: Iterable[Coverage]) -> Completeness:
    """Return the least moment of each kind, and how many lists of it have none."""
    until: dict[str, float] = {}
    unknown: Counter[str] = Counter()
    for one in lists:
        kind = kind_of(one.feed)
        if one.complete_until is None:
            unknown[kind] += 1
        else:
            moment = one.complete_until.timestamp()
            until[kind] = min(moment, until.get(kind, moment))
    return Completeness(until, unknown)


@define
class CompletenessView:
    """What the cursors of a hub say, read from time to time while somebody asks.

    A worker's own polls do not tell: the other lists of a kind are polled by other workers, or fail.
    """

    _hub: Hub
    _monotonic: Callable[[], float] = time.monotonic
    latest: Completeness | None = None
    """What was read last; None: nothing was."""
    _reading: asyncio.Task[None] | None = field(default=None, init=False)
    _next: float = field(default=float("-inf"), init=False)

    async def ask(self) -> Completeness | None:
        """Return what was read last, if a new reading is not there soon; None if there is none at all."""
        if self._reading is None and self._monotonic() >= self._next:
            self._reading = asyncio.create_task(self._read())
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=FIRST if self.latest is None else NEXT)
        return self.latest

    async def _read(self) -> None:
        began = self._monotonic()
        try:
            self.latest = by_kind((await within(LONGEST, self._hub.coverage)).values())
        except ImpactiveError:  # the status of the hub tells why
            pass
        finally:
            took = self._monotonic() - began
            self._next = began + took + max(FRESH, took * SHARE)
            self._reading = None

    async def aclose(self) -> None:
        """Stop a reading that is under way."""
        if (reading := self._reading) is not None:
            reading.cancel()
            await asyncio.wait({reading})
