"""Laws of the cursor, one example each; `test_cursor_laws.py` has those that hold for any traffic."""

from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.rules import Rules

SECOND = 1_000_000
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND, cap=3)


def row(row_id: str, stamp: str) -> dict[str, str]:
    return {"id": row_id, "updatedAt": stamp}


def test_new_rows_come_out_oldest_first_and_once() -> None:
    """Fresh rows come in `(timestamp, id)` order, and a page accepted again yields nothing."""
    cursor = Cursor(RULES, feed="f")
    page = [row("b", "2026-01-01T00:00:02.000Z"), row("a", "2026-01-01T00:00:02.000Z")]
    assert [one["id"] for one in cursor.accept(page, None).fresh] == ["a", "b"]
    assert cursor.accept(page, None).fresh == []
    for one in page:
        assert cursor.ack(one)
    assert cursor.accept(page, None).fresh == []
    again = Cursor.loads(cursor.dumps(), RULES, "f")
    assert again.accept(page, None).fresh == []
    assert again.dumps() == cursor.dumps()
