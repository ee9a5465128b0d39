"""The order of a page's rows, and what a page that was cut off shows for certain."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.ticks import shared_precision, units_by_length
from impactive_async.feeds.cursor.page import Page, moments

Order: TypeAlias = Literal["newest", "oldest", "mixed"]
"""Which row comes first; `mixed`: there is no order by time."""

ORDERS: Final[tuple[Order, ...]] = ("newest", "oldest", "mixed")


def tick_and_order_of(page: Page, least: int) -> tuple[int, Order | None]:
    """Return the precision that most of a page's timestamps have, and the order that they show.

    Args:
        page: The page.
        least: The finest precision to be returned, in microseconds.

    Returns:
        Microseconds, and the order; `None` if all lie in one tick.
    """
    oldest, stamps = page.oldest_if_in_order, page.stamps
    if oldest is not None and stamps[0] is not None:  # that is how nearly all pages are
        tick, (newest,) = max(least, timestamps.precision(stamps[0])), moments(stamps[:1])
        return tick, "newest" if newest is not None and newest - oldest >= tick else None
    tick = max(least, shared_precision(stamps))
    return tick, _order_of_ticks([at - at % tick for at in _exact_moments(stamps, tick)])


def _order_of_ticks(ticks: Sequence[int]) -> Order | None:
    if len({*ticks}) < 2:
        return None
    if all(newer >= older for newer, older in pairwise(ticks)):
        return "newest"
    return "oldest" if all(older <= newer for older, newer in pairwise(ticks)) else "mixed"


def _exact_moments(stamps: Sequence[str | None], tick: int) -> list[int]:
    """Return the moments of the timestamps that are as exact as the tick; of all, if none is.

    Where a row that is printed without its time of day stands does not tell its order.
    """
    texts = [stamp for stamp in stamps if stamp is not None]
    units = units_by_length(texts)
    exact = [stamp for stamp in texts if units.get(len(stamp), 0) <= tick]
    return [at for at in moments(exact or texts) if at is not None]


def proven_from(page: Page, tick: int) -> int | None:
    """Return the moment from which on a page that was cut off shows every row of the server for certain.

    If the newest row comes first, that is one tick after the oldest row: other rows of the oldest row's tick may
    have been cut off. In any other order any row may have been cut off. Timestamps that cannot be read do not
    count.

    Returns:
        Microseconds; `None` if the page proves nothing.
    """
    oldest = page.oldest_if_in_order
    if oldest is not None:
        return oldest - oldest % tick + tick
    ticks = [at - at % tick for at in _exact_moments(page.stamps, tick)]
    newest_first = all(newer >= older for newer, older in pairwise(ticks))
    return ticks[-1] + tick if ticks and newest_first else None
