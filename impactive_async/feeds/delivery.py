"""What is on its way to a consumer, in the order in which it gets there."""

from __future__ import annotations

from typing import Any

import attrs

from impactive_async.feeds.known import Version
from impactive_async.feeds.quarantine import BadRow
from impactive_async.models.gap import Gap


@attrs.frozen
class Fresh:
    """A raw row to be handled, and its version, taken before a consumer could change the row.

    A recovered one came through a sibling list.
    """

    raw: Any
    version: Version
    recovered: bool = False


@attrs.frozen
class Doubt:
    """A gap, to be reported unless a sibling list can fill it."""

    gap: Gap
    recoverable: bool


@attrs.frozen
class Filled:
    """All rows of a gap have been handled: it may be struck out."""

    gap: Gap


Delivery = Fresh | BadRow | Doubt | Filled


def blocks_saving(delivery: Delivery) -> bool:
    """Whether a cursor saved before it was delivered would speak of something that nobody has been told.

    Recovered rows do: their gap counts as reported, and nothing but their recovery reaches them.
    """
    return not isinstance(delivery, Fresh) or delivery.recovered
