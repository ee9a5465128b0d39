"""Polling lists from a program without an event loop, or with one that is busy: in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from impactive_async import AsyncClient, Poll, RowList
from impactive_async._http.wire import ServerId
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    ImpactiveError,
    InvalidArgumentError,
    NotFoundError,
)
from impactive_async.sync_source.tables import Table

T = TypeVar("T")

_log = logging.getLogger("impactive_async.sync")


@attrs.frozen
class ListWanted:
    """A list to poll.

    Attributes:
        sequence_id: The sequence whose list it is; `None`: the list is the workspace's.
        cursor: Where to poll it from; `None`: from its beginning.
        gathered: Whether what can be reached from before the first poll was fetched in an earlier run.
        uncertain: Ids of rows that the cursor may not know, and that may be gone or have changed since.
    """

    sequence_id: str | None
    cursor: str | None
    gathered: bool = False
    uncertain: Collection[str] = ()


@attrs.frozen
class ListResult:
    """What became of polling a list.

    Attributes:
        feed: The list's name, such as `zapier/deals`.
        poll: What it brought; `None`: nothing.
        reached: All rows that can be reached, if some from before the first poll may be missing; `None`: they were
            not fetched.
        listed: What the list shows, if it was asked for because rows were uncertain; `None`: it was not.
        error: What costs this list, and not the run: a module that is not booked, a server that fails for it.
            `None` with no poll either: the list is no more, because its sequence was deleted.
    """

    feed: str
    poll: Poll[Any] | None = None
    reached: RowList[Any] | None = None
    listed: RowList[Any] | None = None
    error: ImpactiveError | None = None


class Polling:
    """A client on an event loop in a thread of its own: a notebook's thread has a running loop already.

    Args:
        make_client: Makes the client, in that thread.
    """

    def __init__(self, make_client: Callable[[], AsyncClient]) -> None:
        self._make_client = make_client
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="impactive-sync")
        self._runner = asyncio.Runner()
        self._crm: AsyncClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._thread.submit(self._close).result()
        finally:
            self._thread.shutdown()

    def _close(self) -> None:
        with self._runner as runner:
            if self._crm is not None:
                runner.run(self._crm.aclose())

    def _do(self, act: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            if self._crm is None:
                self._crm = self._make_client()
            return await act(self._crm)

        return self._thread.submit(lambda: self._runner.run(run())).result()

    def sequence_ids(self) -> list[str]:
        """Return the ids of all sequences.

        Raises:
            APIError: They cannot be listed.
        """

        async def ids(crm: AsyncClient) -> list[str]:
            return [sequence.id for sequence in await crm.sequences.list()]

        return self._do(ids)

    def poll(self, table: Table, lists: Sequence[ListWanted]) -> list[ListResult]:
        """Poll lists at once; return what each brought, or why it brought nothing.

        Raises:
            CursorError: A cursor is of another workspace or damaged.
            AuthenticationError: The key is refused: no other list would be shown either.
            APIConnectionError: The server is out of reach, or does not answer in time.
        """

        async def all_of_them(crm: AsyncClient) -> list[ListResult]:
            return await asyncio.gather(*(_poll(crm, table, one) for one in lists))

        return self._do(all_of_them)


async def _poll(crm: AsyncClient, table: Table, wanted: ListWanted) -> ListResult:
    sequence_id = None if wanted.sequence_id is None else ServerId(wanted.sequence_id)
    try:
        feed = table.feed(crm, sequence_id)
    except InvalidArgumentError as error:  # no URL can hold the id
        return ListResult(f"{table.kind} of {sequence_id!r}", error=error)
    try:
        poll = await feed.poll(wanted.cursor)
        reached = await _reached(crm, table, wanted, poll)
        listed = await table.listed(crm, sequence_id) if table.listed and wanted.uncertain else None
        return ListResult(feed.name, poll=poll, reached=reached, listed=listed)
    except (AuthenticationError, APIConnectionError):
        raise
    except NotFoundError as error:
        return ListResult(feed.name, error=None if table.of_sequence else error)
    except APIError as error:
        return ListResult(feed.name, error=error)


async def _reached(crm: AsyncClient, table: Table, wanted: ListWanted, poll: Poll[Any]) -> RowList[Any] | None:
    """Return what can be reached beyond the first page, if it was cut.

    If that fails, the rows of the poll are there all the same, and the next run tries again.
    """
    gaps = () if poll.coverage is None else poll.coverage.gaps
    if table.gather is None or wanted.gathered or all(gap.kind != "history" for gap in gaps):
        return None
    try:
        return await table.gather(crm)
    except (AuthenticationError, APIConnectionError):
        raise
    except APIError as error:
        _log.warning("%s: rows from before the first sync could not be fetched: %s", table.kind, error)
        return None
