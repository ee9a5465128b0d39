"""Batches of a feed, and acknowledgements in any order: what the consumer does not name is not handled."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle

import pytest

from impactive_async import FeedGapError, InvalidArgumentError
from impactive_async.errors import DecodeError
from impactive_async.feeds.delivery.checkpointer import SLOW_ACK
from tests.feeds.lists import START, FakeList, Over, Sibling, StopsAt, Store, feed_of, ids, iso, row
from tests.support import ManualClock, spin


def listed_with(*numbers: int) -> FakeList:
    listed = FakeList()
    listed.add(*numbers)
    return listed


async def test_a_crash_before_the_flush_loses_nothing() -> None:
    """Rows that were gathered and not written come again in the next run, all of them."""
    listed, store = listed_with(1, 2, 3, 4), Store()
    feed = feed_of(listed, StopsAt(), store=store)
    batch = await anext(feed.batches())
    assert [one.id for one in batch] == ["e1", "e2", "e3", "e4"]
    del feed  # the process dies: nothing is closed
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e1", "e2", "e3", "e4"]


async def test_a_batch_can_be_handed_to_another_process() -> None:
    """Its rows arrive as a plain list, and so they do in a copy."""
    batch = await anext(feed_of(listed_with(1, 2), StopsAt(), store=Store()).batches())
    for plain in (pickle.loads(pickle.dumps(batch)), copy.copy(batch), copy.deepcopy(batch)):
        assert type(plain) is list
        assert plain == batch


async def test_a_batch_is_handled_and_saved_when_its_block_is_left() -> None:
    """A crash right after the block repeats nothing."""
    listed, store = listed_with(1, 2, 3), Store()
    async with await anext(feed_of(listed, StopsAt(), store=store).batches()) as batch:
        assert store.saves == []
        assert len(batch) == 3
    assert await ids(feed_of(listed, StopsAt(), store=store)) == []


async def test_a_batch_is_a_list() -> None:
    """Whatever takes a list takes a batch; what a consumer does to it changes nothing about what is handled."""
    listed, store = listed_with(1, 2, 3), Store()
    batch = await anext(feed_of(listed, StopsAt(), store=store).batches())
    assert isinstance(batch, list)
    assert copy.copy(batch) == [*batch]
    batch.clear()
    await batch.ack()
    assert await ids(feed_of(listed, StopsAt(), store=store)) == []


async def test_a_batch_has_at_most_so_many_rows() -> None:
    """A page of more rows is several batches; none is handled by another one's block."""
    listed, store = listed_with(1, 2, 3, 4, 5), Store()
    batches = feed_of(listed, StopsAt(), store=store).batches(max=2)
    async with await anext(batches) as first:
        assert [one.id for one in first] == ["e1", "e2"]
    assert [one.id for one in await anext(batches)] == ["e3", "e4"]
    assert [one.id for one in await anext(batches)] == ["e5"]
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e3", "e4", "e5"]


async def test_rows_of_a_failed_block_come_again_before_others() -> None:
    """A block that raises, and so also one that is cancelled, leaves its rows to the next batch."""
    batches = feed_of(listed_with(1, 2, 3), StopsAt()).batches(max=2)
    for error in (OSError("the database is away"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            async with await anext(batches) as batch:
                raise error
        assert [one.id for one in batch] == ["e1", "e2"]
    assert [one.id for one in await anext(batches)] == ["e1", "e2"]
    assert [one.id for one in await anext(batches)] == ["e3"]


async def test_batches_may_be_handled_in_any_order() -> None:
    """After a restart exactly the rows of the batch that was not acknowledged come again."""
    listed, store = listed_with(1, 2, 3, 4), Store()
    async with feed_of(listed, StopsAt(), store=store) as feed:
        batches = feed.batches(max=2)
        await anext(batches)
        await (await anext(batches)).ack()
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e1", "e2"]


async def test_an_acknowledgement_counts_without_being_awaited_and_once() -> None:
    """`ack()` takes effect at once; awaiting it saves. Again, or after the rows were put back, it does nothing."""
    listed, store = listed_with(1, 2), Store()
    async with feed_of(listed, StopsAt(), store=store) as feed:
        batch = await anext(feed.batches(max=1))
        batch.ack()
        batch.ack()
        assert store.saves == []
        other = await anext(feed.batches(max=1))
        with pytest.raises(OSError, match="away"):
            async with other:
                raise OSError("away")
        other.ack()
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


async def test_a_list_is_not_polled_while_rows_of_it_are_in_hand(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks for more waits; after a minute a warning says why. The acknowledgement ends the waiting."""
    listed, clock = listed_with(1), ManualClock()
    batches = feed_of(listed, clock, interval=10.0).batches()
    batch = await anext(batches)
    listed.add(2)
    asking = asyncio.ensure_future(anext(batches))
    for _ in range(3):
        await spin(20)
        clock.advance(SLOW_ACK)
    await spin(20)
    assert len(listed.asked) == 1
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [
        "sequences/s1/sends: not polled, because rows of it have not been acknowledged for 60 s: leave the "
        "`async with` block of their batch, or call ack()"
    ]
    await batch.ack()
    assert [one.id for one in await asking] == ["e2"]


async def test_rows_put_back_reach_a_consumer_that_waits() -> None:
    """A task that waits for the next batch gets the rows that another task could not write."""
    batches = feed_of(listed_with(1), ManualClock()).batches()
    batch = await anext(batches)
    asking = asyncio.ensure_future(anext(batches))
    await spin(20)
    with pytest.raises(OSError, match="away"):
        async with batch:
            raise OSError("away")
    assert [one.id for one in await asking] == ["e1"]


async def test_a_gap_is_no_part_of_a_batch() -> None:
    """It is raised between two batches, once, and never hides rows that were gathered."""
    listed, clock = listed_with(*range(1, 6)), StopsAt(polls=3)
    batches = feed_of(listed, clock).batches(max=4)
    async with await anext(batches) as batch:  # the first page is full: its gap of history is not raised
        assert [one.id for one in batch] == ["e1", "e2", "e3", "e4"]
    async with await anext(batches) as batch:
        assert [one.id for one in batch] == ["e5"]
    listed.add(*range(20, 30))
    for _ in range(2):
        with pytest.raises(FeedGapError):
            await anext(batches)
    async with await anext(batches) as batch:
        assert [one.id for one in batch] == ["e25", "e26", "e27", "e28"]


async def test_a_bad_row_between_others_ends_a_batch() -> None:
    """What was gathered before the bad row is delivered first, then it is raised, once."""
    listed = listed_with(1, 3)
    listed.rows.append(row(2, contactId=5))
    batches = feed_of(listed, StopsAt()).batches()
    async with await anext(batches) as batch:
        assert [one.id for one in batch] == ["e1"]
    with pytest.raises(DecodeError):
        await anext(batches)
    async with await anext(batches) as batch:
        assert [one.id for one in batch] == ["e3"]


async def test_a_recovered_row_that_is_not_handled_keeps_the_cursor_from_being_saved() -> None:
    """A row that came through a sibling list shows on no later page: in hand, it still holds up the saving."""
    listed, store, sibling = listed_with(1), Store(), Sibling(*[row(number) for number in range(20, 30)])
    clock = StopsAt(polls=2)

    feed = feed_of(listed, clock, recover=sibling, store=store)
    batches = feed.batches(max=5)
    async with await anext(batches):
        pass
    listed.add(*range(20, 30))
    taken = [await anext(batches), await anext(batches)]
    assert sorted(one.id for batch in taken for one in batch) == [f"e{number}" for number in range(20, 30)]
    saves = len(store.saves)
    await next(batch for batch in taken if batch[-1].id == "e29").ack()
    assert len(store.saves) == saves
    for batch in taken:
        await batch.ack()
    assert len(store.saves) > saves


async def test_batches_and_rows_may_be_mixed() -> None:
    """A loop over rows goes on behind the batches; the row of its last turn is handled by the next request."""
    listed, store = listed_with(1, 2, 3, 4), Store()
    feed = feed_of(listed, StopsAt(), store=store)
    async with await anext(feed.batches(max=1)):
        pass
    assert (await anext(feed)).id == "e2"
    async with await anext(feed.batches(max=1)) as batch:
        assert [one.id for one in batch] == ["e3"]
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e4"]


async def test_manual_acknowledgement_in_any_order() -> None:
    """With `ack="manual"` asking for the next row handles none; after a restart the others come again."""
    listed, store = listed_with(1, 2, 3, 4), Store()
    async with feed_of(listed, StopsAt(), store=store, ack="manual") as feed:
        rows = [await anext(feed) for _ in range(4)]
        for one in (rows[3], rows[1]):
            await feed.ack(one)
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e1", "e3"]


async def test_the_list_is_polled_on_once_all_its_rows_are_acknowledged() -> None:
    """What was acknowledged by hand is known: the next poll brings only what is new."""
    listed, clock = listed_with(1, 2), StopsAt(polls=2)
    feed = feed_of(listed, clock, ack="manual")
    for one in [await anext(feed), await anext(feed)]:
        feed.ack(one)
    listed.add(3)
    assert (await anext(feed)).id == "e3"
    feed.ack()
    with pytest.raises(Over):
        await anext(feed)


async def test_only_what_the_feed_gave_can_be_acknowledged() -> None:
    """A copy of a row, a row acknowledged before, and a row of another feed are refused."""
    listed, store = listed_with(1, 2), Store()
    async with feed_of(listed, StopsAt(), store=store, ack="manual") as feed:
        one = await anext(feed)
        other = await anext(feed_of(listed, StopsAt(), ack="manual"))
        for wrong in (pickle.loads(pickle.dumps(one)), other):
            with pytest.raises(InvalidArgumentError, match="no copy of it"):
                feed.ack(wrong)
        feed.ack(one)
        with pytest.raises(InvalidArgumentError, match="acknowledged before"):
            feed.ack(one)
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e2"]


@pytest.mark.parametrize("wrong", [{"max": 0}, {"max": True}, {"within": -1.0}, {"within": float("nan")}])
async def test_numbers_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    """A batch of no rows, or a time that is none, can never be right."""
    with pytest.raises(InvalidArgumentError):
        feed_of(FakeList(), StopsAt()).batches(**wrong)  # type: ignore[arg-type]


async def test_an_unknown_way_of_acknowledging_is_refused() -> None:
    """A typing error must not turn into rows that count as handled too early."""
    with pytest.raises(InvalidArgumentError, match="'auto' or 'manual'"):
        feed_of(FakeList(), StopsAt(), ack="manuel")


async def test_rows_that_share_a_moment_with_unhandled_ones_are_not_lost() -> None:
    """The newest row may be acknowledged first; an older one of the same moment comes again all the same."""
    listed, store = FakeList(), Store()
    listed.rows = [row(7, id=f"e{number}", emailDate=iso(START)) for number in range(3)]
    async with feed_of(listed, StopsAt(), store=store, ack="manual") as feed:
        rows = {one.id: one for one in [await anext(feed) for _ in range(3)]}
        feed.ack(rows["e2"])
        feed.ack(rows["e0"])
    assert await ids(feed_of(listed, StopsAt(), store=store)) == ["e1"]
