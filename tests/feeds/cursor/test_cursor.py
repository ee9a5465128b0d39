"""Laws of the cursor, one example each; `test_cursor_laws.py` has those that hold for any traffic."""

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import Rules

SECOND = 1_000_000
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND, cap=3)


def row(row_id: str, stamp: str) -> dict[str, str]:
    return {"id": row_id, "updatedAt": stamp}


def test_new_rows_come_out_oldest_first_and_once() -> None:
    """Fresh rows come in `(timestamp, id)` order, and a page accepted again yields nothing."""
    cursor = Cursor(RULES, feed="f")
    page = [row("b", "2026-01-01T00:00:02.000Z"), row("a", "2026-01-01T00:00:02.000Z")]
    assert [row["id"] for _, row in cursor.accept(page, None).fresh] == ["a", "b"]
    assert cursor.accept(page, None).fresh == []
    for shown in page:
        assert cursor.ack((shown["id"], shown["updatedAt"]))
    assert cursor.accept(page, None).fresh == []
    again = Cursor.loads(cursor.dumps(), RULES, "f")
    assert again.dumps() == cursor.dumps()
    assert again.accept(page, None).fresh == []


def test_what_a_cursor_was_can_be_dumped_later() -> None:
    """Whatever is accepted and handled meanwhile: the text is the one of the moment that was kept."""
    cursor = Cursor(Rules(timestamp="updatedAt", overlap=timestamps.SECOND), feed="f")
    rows = [{"id": number, "updatedAt": f"2026-01-01T00:00:0{number}.000Z"} for number in range(3)]
    for version, _ in cursor.accept(rows[:1], None).fresh:
        cursor.ack(version)
    before, later = cursor.dumps(), cursor.dumps_later()
    for version, _ in cursor.accept([*rows, {"id": None}], None).fresh:
        cursor.ack(version)
    assert cursor.dumps() != before
    assert later() == before


def test_a_row_handled_after_the_cursor_was_saved_moves_it_on() -> None:
    """What is to be asked next follows from what was handled, whether or not somebody looked in between."""
    rows = [row(f"r{number}", f"2026-01-01T00:00:{number:02}.000Z") for number in range(60)]
    asked = []
    for looks in (False, True):
        cursor = Cursor(Rules(timestamp="updatedAt", overlap=SECOND, cap=60), feed="f")
        for version, _ in cursor.accept(rows, timestamps.parse(rows[-1]["updatedAt"])).fresh:
            cursor.ack(version)
            if looks:
                cursor.dumps()
        asked.append((cursor.dumps(), cursor.asked_from))
    assert asked[0] == asked[1]
    assert asked[0][1] is not None
