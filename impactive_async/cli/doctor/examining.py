"""All groups of checks in their order, and how many requests they make."""

from __future__ import annotations

from typing import Final

from impactive_async.cli.doctor.checks import access, clock, lists, network, paging, refusals, since, writes, zone
from impactive_async.cli.doctor.examination import Examination
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.prober import Prober

READING: Final = sum(group.REQUESTS for group in (network, access, lists, paging, zone, since, refusals, clock))
"""The most requests of an examination that only reads."""
WRITING: Final = writes.REQUESTS
"""The most requests that `--writes` adds."""


async def examine(prober: Prober, *, write: bool = False) -> tuple[Examination, Exchange | None]:
    """Examine a service.

    Returns:
        What was found, and the answer to the key; `None` if the host cannot be reached.
    """
    examination = Examination(prober)
    if not await network.check_network(examination):
        return examination, None
    first = await access.check_access(examination)
    if first.succeeded:
        await lists.check_lists(examination)
        await paging.check_paging(examination)
        await zone.check_zone(examination)
        await since.check_since(examination)
        await refusals.check_refusals(examination)
        await clock.check_clock(examination)  # before anything is written: it asks whether a list has changed
        if write:
            await writes.check_writes(examination)
    return examination, first
