"""How late rows become visible, and which gaps that makes likely."""

from collections.abc import Sequence

from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.in_flight import InFlight
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.server_clock import LEEWAY
from impactive_async.feeds.cursor.watermarks import Watermarks


def learn_lateness(
    page: Page, watermarks: Watermarks, in_flight: InFlight, before: int | None, asked: int, looks: Looks
) -> int:
    """Learn how late the oldest new row is. Return that, or the lateness of an earlier one, if that was later.

    If it was later than the overlap, earlier rows may have been so late, and not asked for: a look is due.

    Args:
        page: The page.
        watermarks: They keep what is learnt.
        in_flight: As before the page.
        before: The server's time at the page before, which did not show the row.
        asked: The moment from which on rows were asked for.
        looks: When the next one is due.
    """
    now, reach = watermarks.clock, watermarks.reach
    if before is None or now is None or now <= before:
        return 0
    exact = (at for at, *_, (version, _) in page.arrivals if at >= asked and version not in in_flight.ends)
    lateness = before - next(exact, before)
    if not in_flight and in_flight.left_behind is None:  # else it may have been shown before
        overlap = watermarks.overlap
        reach.saw_late(lateness)
        looks.last = None if lateness > overlap else looks.last
    return max(lateness, reach.lateness)


def learn_from_look(
    page: Page, watermarks: Watermarks, in_flight: InFlight, looks: Looks, gaps: Sequence[Span]
) -> None:
    """Learn how late the oldest new row is, at the least, that only a request without `since` has shown.

    A row from before the last look was not there then. One that is not asked for any more was not there while it
    was, which is as long as the overlap.

    Args:
        page: The page.
        watermarks: They keep what is learnt.
        in_flight: As before the page.
        looks: As before the page.
        gaps: In them a page may have hidden a row that was there.
    """
    now, last = watermarks.clock, looks.last
    if last is None or now is None or now <= last or in_flight or in_flight.left_behind is not None:
        return
    low = max(looks.shown_from, watermarks.origin, watermarks.past.start)
    late = (at for at, *_, (version, _) in page.arrivals if at >= low and version not in in_flight.ends)
    at = next(late, None)
    if at is None or any(span.low <= at < span.high for span in gaps):
        return
    unasked = watermarks.overlap if at < watermarks.asked_from else 0
    watermarks.reach.saw_late(max(last - at, unasked))


def unlikely(spans: Sequence[Span], watermarks: Watermarks, before: int | None, lateness: int) -> list[Span]:
    """Return the spans of which only rows could be missing that are much later than any that was seen.

    They are kept with the others, for who asks for them, and not told: else each burst would be told as a loss.

    Args:
        spans: Where rows may be missing.
        watermarks: Of the feed.
        before: The server's time at the page before.
        lateness: How late rows were seen, at the most.
    """
    if before is None or any(span.kind == "overflow" for span in spans):
        return []
    # Of a server that tells no time `before` is a guess, and most rows are newer.
    before = max(before, min(watermarks.known.newest, watermarks.horizon + LEEWAY))
    return [span for span in spans if span.kind == "lookback" and before - span.high > 2 * lateness]
