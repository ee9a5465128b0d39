"""The gaps reported so far, as a sorted list of disjoint spans, so that each moment is reported once."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from impactive_async.feeds.cursor import timestamps
from impactive_async.models.gap import Gap

Kind: TypeAlias = Literal["history", "overflow", "lookback"]

KINDS: Final[tuple[Kind, ...]] = ("history", "overflow", "lookback")
MAX_SPANS: Final = 32


class Span(NamedTuple):
    """Microseconds `low <= t < high` in which rows may be missing."""

    low: int
    high: int
    kind: Kind


def spans(*parts: tuple[int, int, Kind]) -> list[Span]:
    """Return the parts that are not empty."""
    return [Span(low, high, kind) for low, high, kind in parts if low < high]


def uncovered(known: list[Span], span: Span) -> list[Span]:
    """Return the parts of `span`, in order, that no span of `known` (sorted, disjoint) covers."""
    parts = []
    low = span.low
    for other in known:
        if other.high <= low:
            continue
        if other.low >= span.high:
            break
        if other.low > low:
            parts.append(Span(low, other.low, span.kind))
        low = other.high
    if low < span.high:
        parts.append(Span(low, span.high, span.kind))
    return parts


def record(known: list[Span], new: list[Span], floor: int) -> list[Span]:
    """Return `known` with the spans of `new`, which it does not cover; neighbours are joined.

    The result has at most `MAX_SPANS` spans. If there are more, the oldest two become one, and the time between
    them counts as reported. Above `floor` a page can still lose a row of that time, so there the oldest span is
    forgotten instead, and may be reported again.
    """
    spans = _joined(sorted([*known, *new]))
    while len(spans) > MAX_SPANS:
        first, second = spans[:2]
        spans[:2] = [Span(first.low, second.high, first.kind)] if second.low <= floor else [second]
    return spans


def recorded(known: list[Span], new: Sequence[Span], floor: int) -> tuple[list[Span], list[Span]]:
    """Return `known` with the new spans, and those parts of these that it did not cover; see `record`."""
    uncovered_parts: list[Span] = []
    for span in new:
        parts = uncovered(known, span)
        known = record(known, parts, floor)
        uncovered_parts += parts
    return known, uncovered_parts


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].high == span.low and joined[-1].kind == span.kind:
            joined[-1] = Span(joined[-1].low, span.high, span.kind)
        else:
            joined.append(span)
    return joined


def without(known: list[Span], low: int, high: int) -> list[Span]:
    """Return `known` without the moments `low <= t < high`."""
    rest = []
    for span in known:
        left, right = (
            Span(span.low, min(span.high, low), span.kind),
            Span(max(span.low, high), span.high, span.kind),
        )
        rest += [part for part in (left, right) if part.low < part.high]
    return rest


def public(feed: str, span: Span) -> Gap:
    """Return the span as users see it, with both bounds inclusive."""
    after = None if span.low <= timestamps.BEGINNING else timestamps.moment(span.low)
    return Gap(feed, span.kind, after, timestamps.moment(span.high - 1))


def span_of(gap: Gap) -> Span:
    """Return the span of a gap that `public` made."""
    low = timestamps.BEGINNING if gap.after is None else timestamps.micros(gap.after)
    high = timestamps.END if gap.before is None else timestamps.micros(gap.before)
    return Span(low, high + 1, gap.kind)


def part_from(moment: int, gap: Gap) -> list[Gap]:
    """Return the part of a gap from a moment on; empty if the gap ends before it."""
    span = span_of(gap)
    return [public(gap.feed, part) for part in spans((max(span.low, moment), span.high, span.kind))]
