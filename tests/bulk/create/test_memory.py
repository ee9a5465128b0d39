"""Memory is bounded for any length of the input. `IMPACTIVE_TEST_MEMORY_ROWS=50000` looks at a longer one."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from impactive_async._http.caller import Answer
from impactive_async.bulk.create.call import ContactsApi, ImportOptions, import_contacts
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.enroll import EnrollCall
from impactive_async.bulk.journal.created import created_ids
from impactive_async.bulk.reconcile.search import ContactLists
from impactive_async.models import EnrollResult, Workspace
from tests.support import FakeClock

MANY = int(os.environ.get("IMPACTIVE_TEST_MEMORY_ROWS", "16000"))
FEW = MANY // 10
ALLOWANCE = 256 * 1024
"""Bytes: a peak is a matter of chance to some degree. The ids alone of the rows that many has beyond few take more
than three times as much."""


def people(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"first_name": f"Ada {number}", "last_name": "Lovelace", "email": f"ada.{number}@example.com"}


class Stub:
    """Creates and enrolls everybody, and remembers nobody."""

    def __init__(self) -> None:
        self.made = 0

    async def create(self, bodies: list[Body]) -> Answer[list[Body]]:
        self.made += len(bodies)
        return Answer([{**body, "id": f"con_{self.made}_{place}"} for place, body in enumerate(bodies)], 1, None)

    async def nobody(self, _: Any) -> Answer[list[Any]]:
        return Answer([], 1, None)

    async def workspace(self) -> Workspace:
        return Workspace(id="wsp_1")

    async def enroll(self, ids: list[str]) -> EnrollResult:
        return EnrollResult(enrolled_count=len(ids))


async def create(count: int, journal: Path | None) -> None:
    stub = Stub()
    options = ImportOptions(
        match_on="email",
        batch_size=100,
        concurrency=4,
        on_progress=None,
        keep_results=False,
        settle=30.0,
        resends=4,
        resend_unknown=False,
    )
    lists = ContactLists(newest=stub.nobody, changed=stub.nobody)
    api = ContactsApi(create=stub.create, lists=lists, workspace=stub.workspace, base_url="https://crm.example")
    report = await import_contacts(people(count), api, FakeClock(), options, journal)
    assert report.rows == count
    assert report.ok


async def enroll(ids: Any) -> int:
    report = await EnrollCall(
        ids, Stub().enroll, FakeClock(), batch_size=100, concurrency=4, on_progress=None, keep_results=False
    ).run()
    return report.enrolled


async def peak(work: Callable[[], Awaitable[object]]) -> int:
    """Bytes that were held at the most while `work` ran, beyond those before."""
    tracemalloc.start()
    try:
        await work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("journaled", [False, True])
async def test_creating_holds_no_more_for_ten_times_the_rows(journaled: bool, tmp_path: Path) -> None:
    """The peak for many rows is that for few, with and without a journal, and when it is taken up again."""
    paths = {count: tmp_path / str(count) if journaled else None for count in (500, FEW, MANY)}
    await create(500, paths[500])  # what is imported and cached once is not the rows' fault
    few, many = [await peak(lambda count=count: create(count, paths[count])) for count in (FEW, MANY)]  # type: ignore[misc]
    assert many - few <= ALLOWANCE
    if journaled:
        few, many = [await peak(lambda count=count: create(count, paths[count])) for count in (FEW, MANY)]  # type: ignore[misc]
        assert many - few <= ALLOWANCE


async def test_enrolling_holds_no_more_for_ten_times_the_ids(tmp_path: Path) -> None:
    """Also when the ids come out of a journal."""
    for count in (FEW, MANY):
        await create(count, tmp_path / str(count))

    async def from_journal(count: int) -> None:
        assert await enroll(created_ids(tmp_path / str(count))) == count

    await from_journal(FEW)
    few, many = [await peak(lambda count=count: from_journal(count)) for count in (FEW, MANY)]  # type: ignore[misc]
    assert many - few <= ALLOWANCE
