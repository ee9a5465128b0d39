"""Lists without `since` that show less than they should."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.snapshot import Snapshot

NOON = timestamps.parse("2026-01-01T12:00:00Z")


def row(number: int) -> dict[str, Any]:
    return {"id": f"r{number}", "updatedAt": timestamps.render(NOON + number * timestamps.SECOND)}


@pytest.mark.parametrize("declared", [None, 100])
@pytest.mark.parametrize("cap", [50, 25])
def test_a_page_that_shows_no_known_row_is_a_gap_whatever_its_length(declared: int | None, cap: int) -> None:
    """Rows that were pushed off a list which is shorter than declared lie in a gap; what is shown is delivered."""
    snapshot = Snapshot("f", cap=declared)
    for version, _ in snapshot.accept([row(number) for number in reversed(range(10))], NOON).fresh:
        snapshot.ack(version)
    page = [row(number) for number in reversed(range(10, 90))][:cap]
    accepted = snapshot.accept(page, NOON + 100 * timestamps.SECOND)
    assert len(accepted.fresh) == cap
    assert [gap.kind for gap in accepted.gaps] == ["overflow"]
    lost = timestamps.moment(NOON + 12 * timestamps.SECOND)
    assert (accepted.gaps[0].after or lost) <= lost <= (accepted.gaps[0].before or lost)


def test_one_known_row_on_the_page_is_no_gap() -> None:
    """Rows that were deleted are not missed while another one is there."""
    snapshot = Snapshot("f")
    for version, _ in snapshot.accept([row(number) for number in reversed(range(10))], NOON).fresh:
        snapshot.ack(version)
    assert not snapshot.accept([row(11), row(3)], NOON + 100 * timestamps.SECOND).gaps
