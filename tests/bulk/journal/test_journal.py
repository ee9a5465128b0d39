"""The journal and its file."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from impactive_async._codec.codec import dumps
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.created import created_ids
from impactive_async.bulk.journal.db import Line
from impactive_async.bulk.journal.file import JournalFile
from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.reconcile.evidence import Baseline
from impactive_async.errors import JournalError
from impactive_async.models import Workspace
from tests.bulk.model import START, people
from tests.bulk.processes import children, hold_journal, import_to_a_full_disk, open_on_a_full_disk, spawn
from tests.support import PATIENCE, spin, until

HOST = "https://crm.example"
BASELINE = Baseline(frozenset({"con_a", "con_b"}), START)
LINE: Line = (0, 1, b"digest", 1, None, b"{}", b'[""]', b"[]", None, b"[]")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Journal]:
    journal = Journal(path)
    try:
        await journal.open()
        yield journal
    finally:
        await journal.aclose()


def batch(first: int, count: int = 3, baseline: Baseline = BASELINE) -> ContactBatch:
    given = people(count)
    bodies = [{"firstName": row["first_name"], "lastName": "L"} for row in given]
    return ContactBatch(
        first=first,
        given=given,
        bodies=bodies,
        document=dumps(bodies),
        digest=b"d%d" % first,
        ids=[None] * count,
        rows=list(range(first, first + count)),
        baseline=baseline,
    )


def files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


def content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


async def test_what_was_begun_and_not_finished_is_found_with_its_rows_and_trace(tmp_path: Path) -> None:
    """A new process knows what was sent, and by what it can be looked for."""
    begun = batch(10)
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(begun)
    async with opened(tmp_path / "journal") as journal:
        (entry,) = await journal.unfinished()
    assert (entry.first, entry.count, entry.digest, entry.baseline) == (10, 3, b"d10", BASELINE)
    assert [(row.index, row.body, row.batch) for row in entry.lost_rows] == [
        (row, body, 10) for row, body in zip(begun.rows, begun.bodies, strict=True)
    ]


async def test_what_was_finished_is_known_and_its_rows_are_erased(tmp_path: Path) -> None:
    """Ids and open questions stay, bodies do not: not even in the bytes of the file."""
    path = tmp_path / "journal"
    done = batch(0)
    async with opened(path) as journal:
        await journal.begin(done)
        done.ids = ["con_1", None, "con_3"]
        done.doubt(done.rows[1], "?", None)
        journal.finish(done)
        assert await journal.unfinished() == []
    async with opened(path) as journal:
        entry, count = await journal.plan(0, 50)
        assert entry is not None
        assert (entry.ids, entry.lost_rows, count) == (("con_1", None, "con_3"), (), 3)
        assert entry.unknown == {1}
    assert b"Ada 0" not in b"".join(content(file) for file in files(tmp_path))


async def test_rows_of_a_batch_that_are_known_already_are_not_wanted(tmp_path: Path) -> None:
    """A batch that is begun again for its failed rows is looked for by these alone."""
    again = batch(0)
    again.ids[0], again.rows = "con_1", again.rows[1:]
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(again)
        (entry,) = await journal.unfinished()
    assert [row.index for row in entry.lost_rows] == [1, 2]
    assert entry.ids[0] == "con_1"


async def test_a_result_reaches_the_disk_without_being_waited_for(tmp_path: Path) -> None:
    """`finish` returns at once, and soon afterwards a killed process would leave it behind."""
    done = batch(0)
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(done)
        done.ids = ["con_1", "con_2", "con_3"]
        journal.finish(done)
        await until(lambda: b"con_2" in (tmp_path / "journal-wal").read_bytes())


async def test_what_comes_during_a_flush_shares_the_next_and_is_written_in_turn(tmp_path: Path) -> None:
    """The first is written at once, alone; those who came meanwhile go on together, in their order."""
    order, flushes = list[int](), list[int]()
    file = JournalFile(tmp_path / "journal")
    await file.open(create=True)
    write, first_is_in, others_are_there = file._database.put, threading.Event(), threading.Event()

    def put(lines: Sequence[Line]) -> None:
        flushes.append(len(lines))
        first_is_in.set()
        assert others_are_there.wait(PATIENCE)
        write(lines)

    file._database.put = put  # type: ignore[method-assign]

    async def begin(first: int) -> None:
        await file.put((first, *LINE[1:]))
        order.append(first)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        group.create_task(begin(0))
        await asyncio.to_thread(first_is_in.wait, PATIENCE)
        for first in (1, 2, 3):
            group.create_task(begin(first))
        await spin(5)
        assert order == []
        others_are_there.set()
    assert (order, flushes) == ([0, 1, 2, 3], [1, 3])
    assert await file.execute("SELECT first FROM batches") == [(0,), (1,), (2,), (3,)]
    await file.aclose()


async def test_who_waited_goes_on_while_others_are_written(tmp_path: Path) -> None:
    """Nobody waits for a flush that does not concern it, however many come behind."""
    file = JournalFile(tmp_path / "journal")
    await file.open(create=True)
    write, flushes = file._database.put, list[int]()
    first_is_in, second_is_there, goes_on = (threading.Event() for _ in range(3))

    def put(lines: Sequence[Line]) -> None:
        flushes.append(len(lines))
        if len(flushes) == 1:
            first_is_in.set()
            assert second_is_there.wait(PATIENCE)
        else:
            assert goes_on.wait(PATIENCE)
        write(lines)

    file._database.put = put  # type: ignore[method-assign]
    async with asyncio.timeout(PATIENCE):
        first = asyncio.create_task(file.put(LINE))
        await asyncio.to_thread(first_is_in.wait, PATIENCE)
        second = asyncio.create_task(file.put((1, *LINE[1:])))
        await spin(5)
        second_is_there.set()
        await first
        assert not second.done()
        goes_on.set()
        await second
        await file.aclose()


async def test_a_write_that_is_given_up_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Its line is written all the same, and those behind it go on."""
    file = JournalFile(tmp_path / "journal")
    await file.open(create=True)
    lone = asyncio.create_task(file.put(LINE))
    await spin(1)
    lone.cancel()
    await asyncio.wait([lone])
    async with asyncio.timeout(PATIENCE):
        await file.put((1, *LINE[1:]))
    assert await file.execute("SELECT first FROM batches") == [(0,), (1,)]
    await file.aclose()


async def test_closing_writes_what_waits_and_lets_go_who_waits(tmp_path: Path) -> None:
    """Even a write that was begun at that very moment."""
    file = JournalFile(tmp_path / "journal")
    await file.open(create=True)
    putting = [asyncio.create_task(file.put((first, *LINE[1:]))) for first in range(3)]
    await spin(1)
    async with asyncio.timeout(PATIENCE):
        await file.aclose()
        await asyncio.gather(*putting)
    again = JournalFile(tmp_path / "journal")
    await again.open(create=False)
    assert await again.execute("SELECT count(*) FROM batches") == [(3,)]
    await again.aclose()


async def test_plan_follows_the_old_cuts_and_fills_the_gaps(tmp_path: Path) -> None:
    """Where the journal has been it says how many rows belong together; elsewhere the caller does."""
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(batch(10, 3))
        await journal.begin(batch(20, 7))
    async with opened(tmp_path / "journal") as journal:
        assert journal.end == 27
        planned = [await journal.plan(position, 50) for position in (0, 10, 13, 20, 27)]
    assert [(entry.first if entry else None, count) for entry, count in planned] == [
        (None, 10), (10, 3), (None, 7), (20, 7), (None, 50),
    ]  # fmt: skip


async def test_claimed_are_the_contacts_finished_last(tmp_path: Path) -> None:
    """More of them than any list shows, and not all there ever were."""
    async with opened(tmp_path / "journal") as journal:
        for number in range(60):
            one = batch(number * 50, 50)
            one.ids = [f"con_{index}" for index in range(number * 50, number * 50 + 50)]
            journal.finish(one)
        claimed = await journal.claimed()
    assert claimed == {f"con_{index}" for index in range(1000, 3000)}


@pytest.mark.parametrize(
    ("other", "url"),
    [
        (Workspace(id="wsp_2", name="Theirs"), HOST),
        (Workspace(id="wsp_1", name="Copy"), "https://staging.example"),
    ],
)
async def test_a_journal_belongs_to_the_first_workspace_that_claims_it(
    tmp_path: Path, other: Workspace, url: str
) -> None:
    """Another one, or one with the same id on another server, is refused; the same one is welcome again."""
    ours = Workspace(id="wsp_1", name="Ours")
    async with opened(tmp_path / "journal") as journal:
        assert await journal.claim(ours, HOST)
        assert await journal.claim(ours, HOST)
        with pytest.raises(JournalError) as caught:
            await journal.claim(other, url)
    assert "into the workspace wsp_1 at https://crm.example, and this client opens" in str(caught.value)
    assert f"opens {other.id} ({other.name}) at {url}. Use the base_url and the key" in str(caught.value)


async def test_distrust_is_remembered(tmp_path: Path) -> None:
    """That a search by `match_on` proves nothing outlives the process that learnt it."""
    async with opened(tmp_path / "journal") as journal:
        await journal.distrust()
    async with opened(tmp_path / "journal") as journal:
        assert not await journal.claim(Workspace(id="wsp_1"), HOST)


async def test_created_ids_are_in_input_order_and_leave_out_who_is_not_there(tmp_path: Path) -> None:
    """However many batches, in whatever order they ended."""
    batches = [batch(first, 3) for first in range(0, 90, 3)]
    async with opened(tmp_path / "journal") as journal:
        for one in reversed(batches):
            one.ids = [f"con_{one.first}", None, f"con_{one.first + 2}"]
            journal.finish(one)
    ids = [contact_id async for contact_id in created_ids(tmp_path / "journal")]
    assert ids == [f"con_{index}" for index in range(90) if index % 3 != 1]


async def test_created_ids_of_a_journal_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Nothing is made by asking for it."""
    with pytest.raises(JournalError, match="There is no journal at"):
        await anext(created_ids(tmp_path / "journal"))
    assert files(tmp_path) == []


# The lock.


async def test_two_in_one_process_are_refused(tmp_path: Path) -> None:
    """The second gets an error that says what to do, and the first goes on undisturbed."""
    async with opened(tmp_path / "journal") as first:
        for _ in range(2):
            with pytest.raises(
                JournalError, match=r"is in use: another import works with this journal now\. Wait"
            ):
                async with opened(tmp_path / "journal"):
                    raise AssertionError
        await first.begin(batch(0))
    async with opened(tmp_path / "journal") as second:
        assert len(await second.unfinished()) == 1


async def test_a_cancelled_close_has_closed(tmp_path: Path) -> None:
    """Whoever is told of the cancellation finds the journal free."""
    for turns in range(12):
        journal = Journal(tmp_path / "journal")
        await journal.open()
        closing = asyncio.create_task(journal.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        if turns:  # a task that was cancelled before it began has done nothing
            async with opened(tmp_path / "journal"):
                pass
        else:
            await journal.aclose()


async def test_two_processes_are_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    """While another process holds the journal it is in use; when that is killed it is free, with all in it."""
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(hold_journal, tmp_path / "journal", theirs)
    theirs.close()
    assert ours.recv() == "held"
    with pytest.raises(JournalError, match="is in use"):
        async with opened(tmp_path / "journal"):
            raise AssertionError
    with pytest.raises(JournalError, match="is in use"):
        await anext(created_ids(tmp_path / "journal"))
    process.kill()
    process.join()
    file = JournalFile(tmp_path / "journal")
    await file.open(create=False)
    assert await file.execute("SELECT first, digest FROM batches") == [(0, b"digest")]
    await file.aclose()


async def test_all_names_of_a_journal_are_one(tmp_path: Path) -> None:
    """Behind a symbolic link, to it or to its directory, it is the same one: in use, and good after a kill."""
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "here").symlink_to(there)
    link = tmp_path / "link"
    link.symlink_to(there / "journal")
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(hold_journal, link, theirs)
    theirs.close()
    ours.recv()
    for name in (link, tmp_path / "here" / "journal", there / "journal"):
        with pytest.raises(JournalError, match="is in use"):
            async with opened(name):
                raise AssertionError
    process.kill()
    process.join()
    for name in (link, tmp_path / "here" / "journal", there / "journal"):
        async with opened(name) as journal:
            assert journal.end == 1
    assert [file.name for file in files(there)] == ["journal"]
    assert [file.name for file in files(tmp_path)] == ["here", "link", "there"]


# Trust.


async def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    """For a time it holds people's data."""
    async with opened(tmp_path / "journal"):
        pass
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o600


async def test_a_closed_journal_is_one_file(tmp_path: Path) -> None:
    """It may be moved and copied."""
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(batch(0))
    assert [file.name for file in files(tmp_path)] == ["journal"]


async def test_a_killed_journal_without_its_companion_is_refused(tmp_path: Path) -> None:
    """Half of it would be an older journal: what the last run did would be done again."""
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(hold_journal, tmp_path / "journal", theirs)
    theirs.close()
    ours.recv()
    process.kill()
    process.join()
    companion = tmp_path / "journal-wal"
    kept = content(companion)
    companion.unlink()
    with pytest.raises(JournalError, match="the file journal-wal that belongs to it is missing"):
        async with opened(tmp_path / "journal"):
            raise AssertionError
    companion.write_bytes(kept)
    file = JournalFile(tmp_path / "journal")
    await file.open(create=False)
    assert await file.execute("SELECT count(*) FROM batches") == [(1,)]
    await file.aclose()


def database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_text("first_name,last_name\n" * 50), "is not a journal, or is damaged"),
        (lambda path: database(path, "CREATE TABLE x (y)"), "is the SQLite database of another program"),
        (lambda path: path.mkdir(), "is a directory"),
    ],
)
async def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, spoil: Any, message: str) -> None:
    """A CSV file or somebody else's database, given by mistake, is refused and unchanged."""
    path = tmp_path / "journal"
    spoil(path)
    before = content(path)
    with pytest.raises(JournalError, match=message):
        async with opened(path):
            raise AssertionError
    assert content(path) == before


async def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    """What a kill between making and filling it leaves behind is not in the way."""
    (tmp_path / "journal").touch()
    async with opened(tmp_path / "journal") as journal:
        assert journal.end == 0


async def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    """It is finished with the version that began it."""
    async with opened(tmp_path / "journal"):
        pass
    database(tmp_path / "journal", "PRAGMA user_version = 3")
    with pytest.raises(JournalError, match=r"has format 3, and this version .* reads formats up to 2"):
        async with opened(tmp_path / "journal"):
            raise AssertionError


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE batches SET intent = CAST('{' AS BLOB)",
        "UPDATE batches SET intent = CAST('{}' AS BLOB)",
        "UPDATE batches SET intent = 'text'",
        "UPDATE batches SET ids = CAST('[]' AS BLOB)",
        "UPDATE batches SET ids = CAST('7' AS BLOB)",
        "UPDATE batches SET unknown = CAST('[[' AS BLOB)",
        "UPDATE batches SET remarks = CAST('[7]' AS BLOB)",
        "UPDATE batches SET remarks = CAST('[[0]]' AS BLOB)",
        "UPDATE batches SET fingerprints = CAST('short' AS BLOB)",
    ],
)
async def test_an_entry_that_cannot_be_read_is_an_error(tmp_path: Path, damage: str) -> None:
    """What the journal says is believed whole or not at all."""
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(batch(0))
    database(tmp_path / "journal", damage)
    async with opened(tmp_path / "journal") as journal:
        with pytest.raises(JournalError, match="is damaged: an entry cannot be read"):
            await journal.unfinished()


async def test_ids_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    """Whose contacts are whose is not guessed."""
    async with opened(tmp_path / "journal") as journal:
        journal.finish(batch(0))
    database(tmp_path / "journal", "UPDATE batches SET ids = CAST('[' AS BLOB)")
    async with opened(tmp_path / "journal") as journal:
        with pytest.raises(JournalError, match="is damaged: an entry cannot be read"):
            await journal.claimed()


async def test_flipped_bytes_are_noticed(tmp_path: Path) -> None:
    """A page that is not what it was is an error on opening, not a wrong answer later."""
    path = tmp_path / "journal"
    async with opened(path) as journal:
        for first in range(0, 3000, 50):
            await journal.begin(batch(first, 50))
    spoilt = bytearray(content(path))
    for page in range(2, len(spoilt) // 4096):
        spoilt[page * 4096 : page * 4096 + 64] = bytes(64)
    path.write_bytes(spoilt)
    with pytest.raises(JournalError, match="is damaged"):
        async with opened(path):
            raise AssertionError


async def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message says what to check."""
    with pytest.raises(JournalError, match=r"cannot be made: No such file or directory\. Check the directory"):
        async with opened(tmp_path / "missing" / "journal"):
            raise AssertionError


async def test_after_a_failed_write_all_fail(tmp_path: Path) -> None:
    """A journal with holes is none: the failure is told to every later call, and what was there is intact."""
    path = tmp_path / "journal"
    async with opened(path) as journal:
        await journal.begin(batch(0))
        await journal.begin(batch(3))
        broken = batch(6)
        broken.digest = None  # type: ignore[assignment]  # which the table does not take
        journal.finish(broken)
        for call in (lambda: journal.flush(), lambda: journal.begin(batch(9)), lambda: journal.unfinished()):
            with pytest.raises(JournalError):
                await call()
    async with opened(path) as journal:
        assert [entry.first for entry in await journal.unfinished()] == [0, 3]


async def test_a_full_disk_stops_the_import_and_costs_nothing_but_time(tmp_path: Path) -> None:
    """Nothing is sent that could not be recorded; with room again it goes on, and everybody is there once."""
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(import_to_a_full_disk, tmp_path / "journal", theirs)
    theirs.close()
    cause, created, there = await asyncio.to_thread(ours.recv)
    assert cause.startswith("JournalError")
    assert "What was recorded before is intact" in cause
    assert 0 < created == there < 1000
    assert await asyncio.to_thread(ours.recv) == (True, {1}, 1000)
    process.join()


async def test_a_journal_that_cannot_be_opened_for_want_of_room_is_not_spoilt(tmp_path: Path) -> None:
    """The attempt is an error, and with room again it opens as if there had been none."""
    async with opened(tmp_path / "journal") as journal:
        await journal.begin(batch(0))
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(open_on_a_full_disk, tmp_path / "journal", theirs)
    theirs.close()
    message = await asyncio.to_thread(ours.recv)
    assert "What was recorded before is intact" in message
    assert await asyncio.to_thread(ours.recv) == [(0,)]
    process.join()


async def test_a_journal_is_not_used_before_it_is_open_or_after_it_was_closed(tmp_path: Path) -> None:
    """The error says so; closing twice, or without opening, is fine."""
    file = JournalFile(tmp_path / "journal")
    with pytest.raises(JournalError, match="is closed"):
        await file.execute("SELECT 1")
    await file.aclose()


@pytest.mark.parametrize("emptied", [False, True])
async def test_a_killed_journal_of_which_only_the_companion_is_left_is_not_begun_anew(
    tmp_path: Path, emptied: bool
) -> None:
    """SQLite would throw the companion away, and with it what the last run did."""
    path, companion = tmp_path / "journal", tmp_path / "journal-wal"
    ours, theirs = children.Pipe(duplex=False)
    process = spawn(hold_journal, path, theirs)
    theirs.close()
    ours.recv()
    process.kill()
    process.join()
    kept = content(companion)
    assert kept
    if emptied:
        path.write_bytes(b"")
    else:
        path.unlink()
    with pytest.raises(JournalError, match=r"journal-wal .* Put it back"):
        async with opened(path):
            raise AssertionError
    assert content(companion) == kept


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_journal_that_is_taken_away_under_way_is_an_error(tmp_path: Path, deleted: bool) -> None:
    """Deleted, or moved away, it would be missed by the next run, which would create everybody again."""
    path = tmp_path / "journal"
    journal = Journal(path)
    await journal.open()
    await journal.begin(batch(0))
    if deleted:
        path.unlink()
    else:
        path.rename(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="moved or deleted"):
        await journal.begin(batch(3))
    with pytest.raises(JournalError, match="moved or deleted"):
        await journal.flush()
    await journal.aclose()
    if not deleted:
        (tmp_path / "elsewhere").rename(path)
        async with opened(path) as again:
            assert [entry.first for entry in await again.unfinished()] == [0, 3]


async def test_a_write_that_fails_unforeseen_is_told_as_well(tmp_path: Path) -> None:
    """Whatever kept a line from the disk, nothing behind it is taken for recorded."""
    file = JournalFile(tmp_path / "journal")
    await file.open(create=True)
    too_large: Line = (2**63, 1, b"d", 1, None, None, b'[""]', b"[]", None, b"[]")
    file.put_soon(too_large)
    with pytest.raises(JournalError, match="OverflowError"):
        await file.flush()
    with pytest.raises(JournalError, match="OverflowError"):
        await file.put((0, 1, b"d", 1, None, None, b'[""]', b"[]", None, b"[]"))
    await file.aclose()
