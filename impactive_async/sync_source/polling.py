"""Polling lists from a program without an event loop, or with one that is busy: in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from impactive_async import AsyncClient, Poll
from impactive_async.errors import APIConnectionError, APIError, AuthenticationError, NotFoundError
from impactive_async.sync_source.tables import Table

T = TypeVar("T")


@attrs.frozen
class ListWanted:
    """A list to poll, and the cursor to poll it from; `None`: from its beginning."""

    sequence_id: str | None
    cursor: str | None


@attrs.frozen
class ListResult:
    """What became of polling a list.

    Attributes:
        feed: The list's name, such as `zapier/deals`.
        poll: What it brought; `None`: nothing.
        error: What costs this list, and not the run: a module that is not booked, a server that fails for it.
            `None` with no poll either: the list is no more, because its sequence was deleted.
    """

    feed: str
    poll: Poll[Any] | None = None
    error: APIError | None = None


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
    feed = table.feed(crm, wanted.sequence_id)
    try:
        return ListResult(feed.name, poll=await feed.poll(wanted.cursor))
    except (AuthenticationError, APIConnectionError):
        raise
    except NotFoundError as error:
        return ListResult(feed.name, error=None if table.of_sequence else error)
    except APIError as error:
        return ListResult(feed.name, error=error)
