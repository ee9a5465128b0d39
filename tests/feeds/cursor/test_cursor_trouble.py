"""What a cursor does with bad rows, bad clocks, bad servers and bad states, one example each."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import NOW, Now, Rules
from impactive_async.feeds.cursor.saved_text import checksum
from impactive_async.models.gap import Gap

SECOND = timestamps.SECOND
NOON = timestamps.parse("2026-01-01T12:00:00Z")
RULES = Rules(timestamp="updatedAt", overlap=10 * SECOND, cap=3)
UNCAPPED = evolve(RULES, cap=None)


def at(seconds: float) -> str:
    return timestamps.render(NOON + round(seconds * SECOND))


def row(row_id: Any, seconds: float, **fields: Any) -> dict[str, Any]:
    return {"id": row_id, "updatedAt": at(seconds), **fields}


def opened(rules: Rules = RULES, start: datetime | Now | None = None) -> Cursor:
    return Cursor(rules, feed="f", start=start)


def handle(cursor: Cursor, page: list[Any], now: float | None = 100) -> list[Any]:
    """One poll: the ids delivered, all handled."""
    cursor.since()
    fresh = cursor.accept(page, None if now is None else NOON + round(now * SECOND)).fresh
    for version, _ in fresh:
        assert cursor.ack(version)
    return [row["id"] for _, row in fresh]


def settled(rules: Rules = RULES) -> Cursor:
    """A cursor that knows rows at 0, 20 and 40 seconds: frontier 40, floor 30."""
    cursor = opened(rules)
    assert handle(cursor, [row("b", 20), row("a", 0)]) == ["a", "b"]
    assert handle(cursor, [row("c", 40), row("b", 20), row("a", 0)]) == ["c"]
    cursor.since()
    return cursor


# -- rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"updatedAt": at(50)}, "no 'id'"),
        ({"id": None, "updatedAt": at(50)}, "no 'id'"),
        ({"id": None, "updatedAt": None}, "no 'id'"),
        ({"id": "", "updatedAt": at(50)}, "'id' is not an id"),
        ({"id": True, "updatedAt": at(50)}, "'id' is not an id"),
        ({"id": [1], "updatedAt": at(50)}, "'id' is not an id"),
        ({"id": "x"}, "no 'updatedAt'"),
        ({"id": "x", "updatedAt": None}, "no 'updatedAt'"),
        ({"id": "x", "updatedAt": "yesterday"}, "'updatedAt' is not an ISO 8601 timestamp"),
        ({"id": "x", "updatedAt": 1767268800}, "'updatedAt' is not an ISO 8601 timestamp"),
        ("x", "not an object"),
        (None, "not an object"),
        ([], "not an object"),
    ],
)
@pytest.mark.parametrize("rules", [UNCAPPED, evolve(UNCAPPED, immutable=True)], ids=["mutable", "immutable"])
def test_a_bad_row_is_quarantined_once_and_holds_nothing_up(bad: Any, reason: str, rules: Rules) -> None:
    """A row without id or readable timestamp is reported once with its place; its neighbours are delivered."""
    cursor = settled(rules)
    page = [row("d", 60), bad, row("c", 40)]
    accepted = cursor.accept(page, NOON + 100 * SECOND)
    assert [row["id"] for _, row in accepted.fresh] == ["d"]
    assert [(one.index, one.reason, one.row) for one in accepted.bad] == [(1, reason, bad)]
    assert not accepted.gaps
    again = Cursor.loads(cursor.dumps(), rules, "f")
    assert not again.accept(page, NOON + 100 * SECOND).bad


def test_true_is_not_the_known_row_1() -> None:
    """Equal in Python, not in JSON: it is a bad row, not one that was handled."""
    cursor = opened(evolve(UNCAPPED, immutable=True))
    assert handle(cursor, [row(1, 0)]) == [1]
    assert len(cursor.accept([row(True, 1), row(1, 0)], None).bad) == 1


def nested(depth: int, innermost: Any = None) -> Any:
    """Deeper than Python compares or writes values."""
    for _ in range(depth):
        innermost = [innermost]
    return innermost


@pytest.mark.parametrize("rules", [UNCAPPED, evolve(UNCAPPED, immutable=True)])
def test_rows_nested_as_deeply_as_the_parser_goes_hold_nothing_up(rules: Rules) -> None:
    """Bad ones and twins are reported, those with other contents apart; the others are handed over."""
    cursor = opened(rules)
    bad = [{"x": nested(5000)}, {"x": nested(5000)}, {"x": nested(5000, {})}, {"x": {"y": nested(5000)}}]
    twins = [row("a", 1, x=nested(5000)), row("a", 1, x=nested(5000)), row("a", 1, x=nested(5000, {}))]
    accepted = cursor.accept([*bad, *twins, row("b", 2)], NOON)
    assert [row["id"] for _, row in accepted.fresh] == ["a", "b"]
    assert [one.index for one in accepted.bad] == [0, 2, 3, 6]


def test_bad_rows_never_move_the_frontier() -> None:
    """A page of nothing but bad rows leaves all moments as they are."""
    cursor = settled()
    before = cursor._watermarks.line, cursor._watermarks.floor, cursor._watermarks.frontier
    assert len(cursor.accept([{"id": "x"}, {"updatedAt": at(90)}], NOON + 100 * SECOND).bad) == 2
    cursor.since()
    assert (cursor._watermarks.line, cursor._watermarks.floor, cursor._watermarks.frontier) == before


def test_a_full_page_of_unreadable_rows_proves_nothing() -> None:
    """Rows may hide behind a full page of bad ones, up to the server's time: that is a gap."""
    accepted = settled().accept([{"id": str(n), "updatedAt": None} for n in range(3)], NOON + 100 * SECOND)
    overflow = [gap for gap in accepted.gaps if gap.kind == "overflow"]
    assert [gap.after for gap in overflow] == [timestamps.moment(NOON + 40 * SECOND)]
    assert overflow[0].before is not None
    assert overflow[0].before >= timestamps.moment(NOON + 100 * SECOND)


def test_the_memory_of_bad_rows_is_bounded_by_what_is_shown() -> None:
    """A thousand different bad rows leave at most a few hundred digests, and the last page's are among them."""
    cursor = opened(UNCAPPED)
    for n in range(1_000):
        assert len(cursor.accept([{"id": n}], None).bad) == 1
    assert not cursor.accept([{"id": 999}], None).bad
    assert len(json.loads(cursor.dumps())["bad"]) == 256


def test_a_row_shown_twice_in_a_page_is_delivered_once() -> None:
    """The same version twice is one row."""
    assert handle(opened(UNCAPPED), [row("a", 1), row("a", 1)]) == ["a"]


def test_two_versions_in_a_page_are_both_delivered_oldest_first() -> None:
    """Each version the API showed is delivered, so the consumer ends with the newest."""
    cursor = opened(UNCAPPED)
    fresh = cursor.accept([row("a", 2), row("a", 1)], None).fresh
    assert [row["updatedAt"] for _, row in fresh] == [at(1), at(2)]


def test_an_immutable_row_with_two_dates_is_delivered_once_and_the_other_is_reported() -> None:
    """An id of an immutable feed is one row; a copy in the same page that differs is quarantined, not dropped."""
    accepted = opened(evolve(UNCAPPED, immutable=True)).accept([row("a", 2), row("a", 1)], None)
    assert [row["updatedAt"] for _, row in accepted.fresh] == [at(1)]
    assert [one.index for one in accepted.bad] == [0]


def test_two_contents_under_one_version_are_reported() -> None:
    """Rows of a page that share id and timestamp but differ cannot both be delivered: one is quarantined."""
    accepted = opened(UNCAPPED).accept([row("a", 1, n=1), row("a", 1, n=2)], None)
    assert [row["n"] for _, row in accepted.fresh] == [1]
    assert [one.row["n"] for one in accepted.bad] == [2]


def test_a_version_seen_before_is_not_new_when_a_lagging_replica_shows_it_again() -> None:
    """Of each version in the overlap, not only of the newest, it is known that it was handled."""
    cursor = opened(UNCAPPED)
    assert handle(cursor, [row("a", 1)]) == ["a"]
    assert handle(cursor, [row("a", 2)]) == ["a"]
    assert handle(cursor, [row("a", 1)]) == []
    assert handle(cursor, [row("a", 2)]) == []


def test_an_instant_printed_otherwise_is_the_same_version() -> None:
    """`Z` or an offset, milliseconds or microseconds: it is the moment that counts."""
    cursor = opened(UNCAPPED)
    assert handle(cursor, [{"id": "a", "updatedAt": "2026-01-01T12:00:01.000Z"}]) == ["a"]
    assert handle(cursor, [{"id": "a", "updatedAt": "2026-01-01T13:00:01.000000+01:00"}]) == []


# -- clocks ----------------------------------------------------------------------------------------------------


def test_a_row_of_year_9999_is_delivered_and_poisons_nothing() -> None:
    """It comes once; what is asked for, and what overflows, is judged without it."""
    for now in (100, None):
        cursor = settled()
        assert handle(cursor, [{"id": "z", "updatedAt": "9999-12-31T23:59:59.999Z"}, row("c", 40)], now) == ["z"]
        assert cursor.since() == settled().since()
        assert handle(cursor, [row("d", 60)], now) == ["d"]


def test_future_rows_that_fill_the_page_are_a_gap_as_long_as_they_do() -> None:
    """A list blocked by rows from the future hides the present: each poll reports the time that has passed."""
    cursor = settled()
    blocked = [{"id": str(n), "updatedAt": f"9999-12-31T23:59:5{n}.000Z"} for n in (9, 8, 7)]
    first = cursor.accept(blocked, NOON + 100 * SECOND)
    second = cursor.accept(blocked, NOON + 200 * SECOND)
    assert [gap.kind for gap in first.gaps] == ["lookback", "overflow"]
    assert [gap.kind for gap in second.gaps] == ["overflow"]
    assert second.gaps[0].before is not None
    assert second.gaps[0].before < timestamps.moment(NOON + 202 * SECOND)


def test_a_clock_that_falls_back_takes_the_floor_with_it() -> None:
    """Rows stamped by the slower clock, late or not, are asked for and found; known ones are not repeated."""
    cursor = opened(UNCAPPED)
    old = [row(f"r{n}", 500 + n) for n in reversed(range(60))]
    assert len(handle(cursor, old, 600)) == 60
    assert (cursor.since() or "") > at(490)
    assert not cursor.accept(old[:20], NOON + 60 * SECOND).gaps
    assert cursor.since() is None
    slow = [row("slow", 60), row("late", 51)]
    assert handle(cursor, [*old, *slow], 61) == ["late", "slow"]
    assert (cursor.since() or "") < at(60)
    assert handle(cursor, [row("next", 62), *slow], 63) == ["next"]


def test_a_clock_behind_by_less_than_the_overlap_is_no_gap() -> None:
    """Several servers seldom agree to the second; the overlap is there for that."""
    cursor = settled()
    handle(cursor, [row("d", 100), row("c", 90)], 100)
    assert not cursor.accept([], NOON + 95 * SECOND).gaps


# -- servers ---------------------------------------------------------------------------------------------------


def test_a_server_that_ignores_since_is_noticed_and_costs_no_duplicates() -> None:
    """Rows older than asked for are counted and not delivered again."""
    cursor, everything = opened(UNCAPPED), [row(f"r{n}", 10 * n) for n in reversed(range(40))]
    handle(cursor, everything, 400)
    assert (cursor.since() or "") > at(100)
    accepted = cursor.accept(everything, NOON + 401 * SECOND)
    assert not accepted.fresh
    assert accepted.unasked >= 10


def test_a_page_over_the_cap_counts_as_full() -> None:
    """A server with a larger cap than documented may have cut the page off all the same."""
    accepted = settled().accept([row(str(n), 100 - n) for n in range(5)], NOON + 100 * SECOND)
    assert [(gap.kind, gap.after) for gap in accepted.gaps][-1] == (
        "overflow",
        timestamps.moment(NOON + 40 * SECOND),
    )
    assert len(accepted.fresh) == 5


@pytest.mark.parametrize("size", [99, 100, 101, 499, 500, 501])
def test_a_page_of_a_usual_cap_is_a_possible_cap(size: int) -> None:
    """Of a list of unknown cap, exactly 100 or 500 rows may have been cut off (contract A7)."""
    cursor = settled(UNCAPPED)
    page = [row(f"n{n}", 5_000 - n) for n in range(size - 1)] + [row("c", 40)]
    gaps = cursor.accept(page, NOON + 9_000 * SECOND).gaps
    assert any(gap.kind == "overflow" for gap in gaps) == (size in (100, 500))


def test_a_page_without_any_known_row_was_cut_off_whatever_its_length() -> None:
    """Known rows are always asked for again: if none comes back with new ones, they were cut off."""
    many = [row(f"n{n}", 5_000 - n) for n in range(60)]
    kinds = ["lookback", "overflow"]
    assert [gap.kind for gap in settled(UNCAPPED).accept(many, NOON + 9_000 * SECOND).gaps] == kinds
    assert not settled(UNCAPPED).accept([*many, row("c", 40)], NOON + 9_000 * SECOND).gaps
    assert [gap.kind for gap in settled(UNCAPPED).accept(many[:4], NOON + 9_000 * SECOND).gaps] == kinds


@pytest.mark.parametrize("bad", [[], {}, True])
def test_a_long_page_with_an_id_that_is_none_is_judged_like_any_other(bad: Any) -> None:
    """Also where it is no value that can be looked up; `true` is not the known row 1."""
    cursor = opened(UNCAPPED)
    handle(cursor, [row(1, 2)])
    accepted = cursor.accept([row(f"x{n}", 60 - n / 2) for n in range(60)] + [row(bad, 3)], NOON + 100 * SECOND)
    assert len(accepted.fresh) == 60
    assert len(accepted.bad) == 1
    assert [gap.kind for gap in accepted.gaps] == ["overflow"]


def test_a_full_page_that_reaches_below_the_frontier_is_no_overflow() -> None:
    """A known row below the frontier's tick proves that nothing newer was cut off."""
    cursor = settled()
    gaps = cursor.accept([row("d", 60), row("c", 40), row("b", 20)], NOON + 100 * SECOND).gaps
    assert all(gap.kind == "lookback" for gap in gaps)


def test_a_full_page_that_ends_at_the_frontiers_own_tick_is_an_overflow() -> None:
    """Of the rows that share the oldest shown tick some may be hidden."""
    gaps = settled().accept([row("e", 61), row("d", 60), row("c", 40)], NOON + 100 * SECOND).gaps
    forty = timestamps.moment(NOON + 40 * SECOND)
    assert gaps[-1] == Gap("f", "overflow", forty, forty + timedelta(microseconds=999))


def test_a_full_first_page_is_history() -> None:
    """What the API no longer shows at the start is told apart from what was lost on the way."""
    accepted = opened().accept([row("c", 3), row("b", 2), row("a", 1)], NOON + 100 * SECOND)
    before = timestamps.moment(NOON + SECOND) + timedelta(microseconds=999)
    assert accepted.gaps == [Gap("f", "history", None, before)]
    assert len(accepted.fresh) == 3


def test_a_full_first_page_from_a_moment_on_is_an_overflow() -> None:
    """Rows after the moment were asked for; the beginning of time is no such moment."""
    page = [row("c", 3), row("b", 2), row("a", 1)]
    start = timestamps.moment(NOON - 60 * SECOND)
    (gap,) = opened(start=start).accept(page, NOON + 100 * SECOND).gaps
    assert gap == Gap("f", "overflow", start, timestamps.moment(NOON + SECOND) + timedelta(microseconds=999))
    (gap,) = opened(start=datetime.min.replace(tzinfo=UTC)).accept(page, NOON + 100 * SECOND).gaps
    assert gap.kind == "history"


def test_a_full_page_after_an_empty_one_is_an_overflow() -> None:
    """Once a feed has been polled, nothing that it misses is history."""
    cursor = opened()
    assert not cursor.accept([], NOON).gaps
    assert [gap.kind for gap in cursor.accept([row(n, n) for n in (3, 2, 1)], NOON + 9 * SECOND).gaps] == [
        "overflow"
    ]


# -- starting --------------------------------------------------------------------------------------------------


def test_now_delivers_only_what_is_not_shown_yet_late_rows_and_ties_included() -> None:
    """The first page is known; a tie with its newest row, a late row and a new version are not in it."""
    cursor = opened(UNCAPPED, NOW)
    assert cursor.since() is None
    assert handle(cursor, [row("c", 40), row("b", 20), row("a", 0)]) == []
    cursor = Cursor.loads(cursor.dumps(), UNCAPPED, "f")
    page = [row("b", 41), row("tie", 40), row("c", 40), row("late", 31), row("a", 0)]
    assert handle(cursor, page) == ["late", "tie", "b"]


def test_now_of_an_empty_feed_delivers_all_that_comes() -> None:
    """Nothing was there at the start, so everything comes after it."""
    cursor = opened(UNCAPPED, NOW)
    assert handle(cursor, []) == []
    assert handle(Cursor.loads(cursor.dumps(), UNCAPPED, "f"), [row("a", 1)]) == ["a"]


def test_now_waits_for_the_first_page_across_a_reload() -> None:
    """A state saved before the first request still primes with it."""
    cursor = Cursor.loads(opened(UNCAPPED, NOW).dumps(), UNCAPPED, "f")
    assert handle(cursor, [row("a", 1)]) == []


def test_now_never_mistakes_history_hidden_by_the_cap_for_news() -> None:
    """Rows that a full first page hid are left out when they turn up; that late ones share their fate is said."""
    cursor = opened(RULES, NOW)
    accepted = cursor.accept([row("c", 40), row("b", 39), row("a", 38)], NOON + 100 * SECOND)
    assert [(gap.kind, gap.after) for gap in accepted.gaps] == [
        ("lookback", timestamps.moment(NOON + 30 * SECOND))
    ]
    assert handle(cursor, [row("c", 40), row("hidden", 37)]) == []


def test_a_start_includes_its_own_tick_and_nothing_before() -> None:
    """Rows stamped at the moment belong to the feed; the tick asked for before it does not."""
    start = timestamps.moment(NOON + 20 * SECOND)
    cursor = opened(UNCAPPED, start)
    assert cursor.since() == at(19.999)
    page = [row("c", 40), row("b", 20), row("a", 19.999)]
    assert Cursor.loads(cursor.dumps(), UNCAPPED, "f").accept(page, None).unasked == 0
    assert handle(cursor, page) == ["b", "c"]


def test_a_naive_start_is_refused() -> None:
    """A naive moment means another one on each machine."""
    with pytest.raises(ValueError, match="aware"):
        opened(start=datetime(2026, 1, 1))


def test_a_start_at_the_beginning_of_time_asks_for_everything() -> None:
    """There is no timestamp before the year 1."""
    assert opened(start=datetime.min.replace(tzinfo=UTC)).since() is None


# -- handling --------------------------------------------------------------------------------------------------


def test_rows_in_flight_come_again_after_a_crash() -> None:
    """What was handed out and not handled is asked for and delivered again."""
    cursor = settled(UNCAPPED)
    page = [row("f", 90), row("e", 80), row("d", 60), row("c", 40)]
    fresh = cursor.accept(page, NOON + 100 * SECOND).fresh
    assert cursor.ack(fresh[2][0])
    again = Cursor.loads(cursor.dumps(), UNCAPPED, "f")
    assert (again.since() or "") < at(60)
    assert handle(again, page) == ["d", "e"]


def test_a_second_ack_changes_nothing() -> None:
    """Only a row in flight can be handled."""
    cursor = opened(UNCAPPED)
    ((version, _),) = cursor.accept([row("a", 1)], None).fresh
    assert cursor.pending == 1
    assert cursor.ack(version)
    assert not cursor.ack(version)
    assert not cursor.ack(("b", at(2)))
    assert cursor.pending == 0


def test_recovered_rows_are_delivered_within_their_gap_and_once() -> None:
    """A sibling list fills a gap; what it shows beside the gap, or is known, is left alone."""
    cursor = settled()
    page = [row("h", 90), row("g", 89), row("f", 88)]
    accepted = cursor.accept(page, NOON + 100 * SECOND)
    overflow = accepted.gaps[-1]
    sibling = [*page, row("e", 80), row("d", 50), row("c", 40), row("a", 0)]
    recovered = cursor.recover(overflow, sibling)
    assert [row["id"] for _, row in recovered.fresh] == ["d", "e"]
    assert cursor.recover(overflow, sibling).fresh == []
    cursor.close(overflow)
    assert overflow not in cursor.known_gaps


# -- states ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: "", "damaged: it is not JSON"),
        (lambda text: text[: len(text) // 2], "damaged: it is not JSON"),
        (lambda text: "\x00" * len(text), "damaged: it is not JSON"),
        (lambda _: "[]", "no cursor of this library"),
        (lambda _: '{"cursor": 3}', "no cursor of this library"),
        (lambda text: text.replace('"v":1', '"v":2'), "Upgrade"),
        (lambda text: text.replace('"feed":"f"', '"feed":"g"'), "belongs to another feed"),
        (lambda text: text.replace('"kind":"cursor"', '"kind":"snapshot"'), "belongs to another feed"),
        (lambda text: text.replace("updatedAt,mutable", "emailDate,mutable"), "belongs to another feed"),
        (lambda text: text.replace('"tick":1000', '"tick":0'), "'tick' makes no sense"),
        (lambda text: text.replace('"tick":1000', '"tick":"1000"'), "'tick' makes no sense"),
        (lambda text: text.replace('"primed":true', '"primed":1'), "'primed' makes no sense"),
        (lambda text: text.replace('"known":[[', '"known":[["x",'), "'known' makes no sense"),
        (lambda text: text.replace('"known":[[', '"known":[['[:-1] + "1,["), "'known' makes no sense"),
        (lambda text: text.replace('"gaps":[', '"gaps":[[1,2,"hole"]'), "'gaps' makes no sense"),
        (lambda text: text.replace('"bad":[', '"bad":[1'), "'bad' makes no sense"),
        (lambda text: text.replace('"floor":', '"flour":'), "'floor' makes no sense"),
        (lambda text: text.replace('"line":', '"line":true,"_":'), "'line' makes no sense"),
    ],
)
def test_a_state_that_cannot_be_trusted_is_refused(damage: Any, message: str) -> None:
    """A damaged, foreign or newer state is an error that says what to do, never a start from zero.

    Fields that make no sense are refused also under a right checksum.
    """
    damaged = damage(settled().dumps())
    if "makes no sense" in message:
        document = json.loads(damaged)
        damaged = json.dumps(document | {"sum": checksum(document)})
    with pytest.raises(CursorError, match=message):
        Cursor.loads(damaged, RULES, "f")


def test_no_flipped_bit_goes_unnoticed() -> None:
    """A cursor that is plausible but not the saved one could ask too late, and lose rows silently."""
    saved = settled().dumps().encode()
    for place in range(len(saved)):
        flipped = bytearray(saved)
        flipped[place] ^= 1
        with pytest.raises(CursorError):
            Cursor.loads(flipped.decode(), RULES, "f")


def test_a_cursor_without_checksum_is_damaged_and_one_printed_otherwise_is_not() -> None:
    """It is the content that counts: a JSON column may change spaces and the order of keys."""
    document = json.loads(settled().dumps())
    reprinted = json.dumps(dict(sorted(document.items())), indent=1)
    assert Cursor.loads(reprinted, RULES, "f").dumps() == settled().dumps()
    del document["sum"]
    with pytest.raises(CursorError, match="checksum"):
        Cursor.loads(json.dumps(document), RULES, "f")


def test_a_new_overlap_or_cap_may_go_with_an_old_state() -> None:
    """What a user may tune does not make a saved cursor foreign."""
    text = settled().dumps()
    tuned = Cursor.loads(text, evolve(RULES, overlap=99 * SECOND, cap=7, tick=SECOND), "f")
    assert tuned.since() == settled().since()


def test_the_state_of_a_busy_feed_stays_small() -> None:
    """However many rows the overlap holds, the known ones are a few pages."""
    cursor = opened(evolve(RULES, overlap=3600 * SECOND, cap=6))
    gaps: list[Gap] = []
    for n in range(200):
        page = [row(f"r{m}", m) for m in range(n * 5 + 5, max(n * 5 - 1, 0), -1)]
        accepted = cursor.accept(page, NOON + 9_000 * SECOND)
        gaps += accepted.gaps
        for version, _ in accepted.fresh:
            cursor.ack(version)
    assert len(json.loads(cursor.dumps())["known"]) <= 3 * 6
    assert {gap.kind for gap in gaps} <= {"lookback", "overflow", "history"}
    assert len(cursor.known_gaps) <= 32
