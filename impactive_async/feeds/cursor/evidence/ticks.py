"""The precision of a list's timestamps, learnt from those that it shows.

Most rows of a page decide. A row that is printed less exactly than they are, such as one with a date alone, counts
by itself: it lies anywhere within its own unit.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.seen_versions import Version


def units_by_length(stamps: Sequence[str]) -> Mapping[int, int]:
    """Return the precision of the timestamps of each length, in microseconds.

    Those of one length are printed alike. Lengths of which no timestamp can be read are left out.
    """
    lengths = {*map(len, stamps)}
    samples = {len(stamp): stamp for stamp in (stamps if len(lengths) > 1 else stamps[:1])}
    return {length: timestamps.precision(stamp) for length, stamp in samples.items() if _is_readable(stamp)}


def _is_readable(stamp: str) -> bool:
    try:
        timestamps.parse(stamp)
    except (ValueError, OverflowError):
        return False
    return True


def shared_precision(stamps: Sequence[str | None]) -> int:
    """Return the precision that at least half of the timestamps have, or exceed; 1 if none can be read."""
    texts = [stamp for stamp in stamps if stamp is not None]
    units = units_by_length(texts)
    if len(units) < 2:
        return next(iter(units.values()), 1)
    counts = Counter(units[length] for length in map(len, texts) if length in units)
    left = counts.total() / 2
    for unit in sorted(counts):
        left -= counts[unit]
        if left <= 0:
            break
    return unit


def ends_of(page: Page, tick: int) -> dict[Version, int]:
    """Return the last moment at which each new row may lie that is printed less exactly than the tick."""
    arrivals = page.arrivals
    if not arrivals or page.oldest_if_in_order is not None:  # printed alike, and so the tick is theirs
        return {}
    units = units_by_length([arrival[3] for arrival in arrivals])
    if all(unit <= tick for unit in units.values()):
        return {}
    coarse = ((at, units.get(len(stamp), 1), version) for at, _, _, stamp, (version, _) in arrivals)
    return {version: at - at % unit + unit - 1 for at, unit, version in coarse if unit > tick}
