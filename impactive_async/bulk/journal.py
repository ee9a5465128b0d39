"""What `create_many` remembers of each batch, so that a killed import can be taken up again.

A batch is entered before it is sent (*intent*: its bodies, and the trace by which it can be looked for) and again
when it is known what became of it (*result*: the ids of its contacts; the bodies are erased). A batch without a
result is of unknown outcome. The input is known by a rolling digest: a batch's digest covers all rows up to its
end, so that an input that differs anywhere is noticed before a row behind that place is sent.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final, Protocol

import attrs

from impactive_async._http.codec import dumps, loads
from impactive_async.bulk.batch import Batch
from impactive_async.bulk.evidence import REMEMBERED, Trace
from impactive_async.bulk.journal_db import Line
from impactive_async.bulk.journal_file import JournalFile
from impactive_async.bulk.pairing import Wanted
from impactive_async.errors import JournalError
from impactive_async.models import Workspace

_LATEST_IDS: Final = (
    "SELECT ids FROM (SELECT ids, sum(count) OVER (ORDER BY finished DESC) - count AS later FROM batches "
    "WHERE finished IS NOT NULL) WHERE later < ?"
)

_COLUMNS: Final = "first, count, digest, started, intent, ids, unknown"


@attrs.frozen(kw_only=True)
class Entry:
    """A batch as it is recorded."""

    first: int
    count: int
    digest: bytes
    started: int
    ids: tuple[str | None, ...]
    unknown: frozenset[int]
    """Indexes of rows that may have been created, where the lists could not tell."""
    wanted: tuple[Wanted, ...] = ()
    """Rows that were sent, without a result."""
    trace: Trace | None = None


class BatchLog(Protocol):
    """What the import needs of a journal."""

    @property
    def end(self) -> int:
        """The place of the input up to which batches are recorded."""
        ...

    def digest(self, document: bytes) -> bytes:
        """Of the whole input up to the end of this part of it: a JSON array of what is sent for each row."""
        ...

    async def plan(self, position: int, most: int) -> tuple[Entry | None, int]:
        """The entry that begins at this place of the input, if any, and how many rows belong to the next batch."""
        ...

    async def begin(self, batch: Batch) -> None:
        """Record the intent to send it."""
        ...

    def finish(self, batch: Batch) -> None:
        """Record what became of it, soon: until then, a killed import looks for it."""
        ...

    async def flush(self) -> None:
        """Wait until all of it is recorded."""
        ...

    async def distrust(self) -> None:
        """Record that the server alters what rows are known by."""
        ...


class NoJournal:
    """Remembers nothing."""

    end = 0

    def digest(self, _: bytes) -> bytes:
        """Nobody will ask."""
        return b""

    async def plan(self, _: int, most: int) -> tuple[Entry | None, int]:
        """Every batch is a new one."""
        return None, most

    async def begin(self, batch: Batch) -> None:
        """Nothing."""

    def finish(self, batch: Batch) -> None:
        """Nothing."""

    async def flush(self) -> None:
        """Nothing."""

    async def distrust(self) -> None:
        """Nothing."""


class Journal:
    """A journal in a file, held by this process alone while it is open."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = JournalFile(path)
        self.end = 0
        self._clock = itertools.count(1)
        self._digest = hashlib.blake2b(digest_size=16)

    async def open(self, *, create: bool = True) -> None:
        """Open and lock it.

        Raises:
            JournalError: It is in use, damaged, or not a journal.
        """
        await self._file.open(create=create)
        query = "SELECT max(first + count), max(max(started), max(coalesce(finished, 0))) FROM batches"
        ((end, last),) = await self._file.execute(query)
        self.end, self._clock = end or 0, itertools.count((last or 0) + 1)

    async def aclose(self) -> None:
        """Close it and let go of the lock."""
        await self._file.aclose()

    async def claim(self, workspace: Workspace, base_url: str) -> bool:
        """Bind a new journal to the workspace, as it is served there: ids alone are not unique over all servers.

        Returns:
            Whether the server was never seen to alter what rows are known by.

        Raises:
            JournalError: It belongs to another one.
        """
        ((url, owner, trust),) = await self._file.execute("SELECT base_url, workspace, trust_absence FROM header")
        if owner is None:
            await self._file.execute("UPDATE header SET base_url = ?, workspace = ?", base_url, workspace.id)
        elif (url, owner) != (base_url, workspace.id):
            raise JournalError(
                f"{self._file.path} is the journal of an import into the workspace {owner} at {url}, and this "
                f"client opens {workspace.id} ({workspace.name}) at {base_url}. Use the base_url and the key of "
                "that workspace, or another journal."
            )
        return bool(trust)

    async def unfinished(self) -> list[Entry]:
        """The batches that were sent and have no result, in input order."""
        return await self._entries("WHERE finished IS NULL ORDER BY first")

    async def claimed(self) -> frozenset[str]:
        """The contacts of the batches finished last."""
        ids: set[str] = set()
        for (blob,) in await self._file.execute(_LATEST_IDS, REMEMBERED):
            ids.update(filter(None, self._array(blob)))
        return frozenset(ids)

    async def resolve(self, entry: Entry) -> None:
        """Record what a search has brought to light."""
        await self._file.put(_line(entry, next(self._clock)))

    def digest(self, document: bytes) -> bytes:
        """See `BatchLog`."""
        # Without the brackets: so it does not depend on where the batches are cut.
        self._digest.update(document[1:-1] + b",")
        return self._digest.digest()

    async def plan(self, position: int, most: int) -> tuple[Entry | None, int]:
        """See `BatchLog`."""
        if position >= self.end:
            return None, most
        (entry,) = await self._entries("WHERE first >= ? ORDER BY first LIMIT 1", position)
        return (entry, entry.count) if entry.first == position else (None, min(most, entry.first - position))

    async def begin(self, batch: Batch) -> None:
        """See `BatchLog`."""
        batch.started = next(self._clock)
        await self._file.put(_line(_entry_of(batch), intent=_intent(batch)))

    def finish(self, batch: Batch) -> None:
        """See `BatchLog`."""
        self._file.put_soon(_line(_entry_of(batch), next(self._clock)))

    async def flush(self) -> None:
        """See `BatchLog`."""
        await self._file.flush()

    async def distrust(self) -> None:
        """See `BatchLog`."""
        await self._file.execute("UPDATE header SET trust_absence = 0")

    async def created_ids(self) -> AsyncIterator[str]:
        """The contacts of all rows, in input order."""
        first = -1
        while entries := await self._entries("WHERE first > ? ORDER BY first LIMIT 10", first):
            for contact_id in itertools.chain.from_iterable(entry.ids for entry in entries):
                if contact_id is not None:
                    yield contact_id
            first = entries[-1].first

    async def _entries(self, condition: str, *values: int) -> list[Entry]:
        query = f"SELECT {_COLUMNS} FROM batches {condition}"  # noqa: S608 - both are ours
        rows = await self._file.execute(query, *values)
        try:
            return [_entry(row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise self._file.damaged(f"an entry cannot be read ({error})") from error

    def _array(self, blob: bytes) -> list[Any]:
        try:
            return list(loads(blob))
        except (ValueError, TypeError) as error:
            raise self._file.damaged(f"an entry cannot be read ({error})") from error


def _intent(batch: Batch) -> bytes:
    """The trace in a line, and the bodies."""
    trace = batch.trace or Trace(frozenset(), None)
    moment = None if trace.server_time is None else trace.server_time.isoformat()
    return dumps([sorted(trace.known), moment]) + b"\n" + batch.document


def _line(entry: Entry, finished: int | None = None, intent: bytes | None = None) -> Line:
    ids = dumps([contact_id or "" for contact_id in entry.ids])
    return (
        entry.first,
        entry.count,
        entry.digest,
        entry.started,
        finished,
        intent,
        ids,
        dumps(sorted(entry.unknown)),
    )


def _entry_of(batch: Batch) -> Entry:
    return Entry(
        first=batch.first,
        count=batch.count,
        digest=batch.digest,
        started=batch.started,
        ids=tuple(batch.ids),
        unknown=frozenset(failure.index for failure in batch.unknown),
    )


def _entry(row: tuple[int, int, bytes, int, bytes | None, bytes, bytes]) -> Entry:
    first, count, digest, started, intent, ids, unknown = row
    known, doubtful = tuple(contact_id or None for contact_id in loads(ids)), frozenset(loads(unknown))
    if len(known) != count:
        raise ValueError(f"{count} rows with {len(known)} results")
    entry = Entry(first=first, count=count, digest=digest, started=started, ids=known, unknown=doubtful)
    return entry if intent is None else _with_intent(entry, intent)


def _with_intent(entry: Entry, intent: bytes) -> Entry:
    head, _, document = intent.partition(b"\n")
    known, moment = loads(head)
    rows = zip(itertools.count(entry.first), loads(document), entry.ids, strict=False)
    return attrs.evolve(
        entry,
        trace=Trace(frozenset(known), None if moment is None else datetime.fromisoformat(moment)),
        wanted=tuple(
            Wanted(index, body, entry.first)
            for index, body, contact_id in rows
            if body is not None and contact_id is None and index not in entry.unknown
        ),
    )
