"""What `create_many` remembers of each batch, so that an import that was killed can go on.

A batch is written before it is sent (its *intent*: the bodies, and the baseline by which it can be looked for),
and again when its outcome is known (its *result*: the ids of its contacts; the bodies are erased). The outcome of
a batch without a result is unknown.

The input is recognised by a fingerprint of each row. A row that has a contact, or may have one, must be the same
in each run; a row that failed may be another one the next time. Version 0.1 wrote a rolling digest instead, which
covers all rows up to the end of its batch: such a batch must be the same in all its rows. The digest is made only
where the journal has such a batch.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import AsyncIterator, Iterator, Sequence, Set
from typing import Any, Final

from impactive_async._codec.codec import dumps, loads
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.db import MOST_LINES
from impactive_async.bulk.journal.entries import COLUMNS, JournalEntry, entry_of, intent_of, line_of, line_of_batch
from impactive_async.bulk.journal.file import JournalFile
from impactive_async.bulk.journal.fingerprints import fingerprints
from impactive_async.bulk.journal.log import BatchLog, WrittenRows
from impactive_async.bulk.reconcile.evidence import REMEMBERED
from impactive_async.errors import JournalError
from impactive_async.models import Workspace

_STATE: Final = (
    "SELECT max(first + count), max(max(started), max(coalesce(finished, 0))), "
    "max(fingerprints IS NULL) FROM batches"
)
"""Selects how far the journal reaches, the count of what happened, and whether version 0.1 wrote any of it."""

_LATEST_IDS: Final = (
    "SELECT ids FROM (SELECT ids, sum(count) OVER (ORDER BY finished DESC) - count AS later FROM batches "
    "WHERE finished IS NOT NULL) WHERE later < ?"
)

_SOMEBODY: Final = (
    "SELECT EXISTS (SELECT 1 FROM batches WHERE finished IS NULL OR CAST(unknown AS TEXT) <> '[]' "
    "OR instr(replace(CAST(ids AS TEXT), '\"\"', ''), '\"'))"
)
"""Selects whether any row has a contact, or may have one."""


class Journal(BatchLog):
    """A journal in a file, which this process has for itself while it is open."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = JournalFile(path)
        self.end = 0
        self._clock = itertools.count(1)
        self._rolling: hashlib.blake2b | None = None
        """The digest of the input so far, where batches of version 0.1 are to be recognised by it."""

    async def open(self, *, create: bool = True) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, or not a journal; or, without `create`, missing.
        """
        await self._file.open(create=create)
        ((end, last, old),) = await self._file.execute(_STATE)
        self.end, self._clock = end or 0, itertools.count((last or 0) + 1)
        self._rolling = hashlib.blake2b(digest_size=16) if old else None

    async def aclose(self) -> None:
        """Write what waits, close the file and release its lock."""
        await self._file.aclose()

    async def claim(self, workspace: Workspace, base_url: str) -> bool:
        """Bind a new journal to a workspace, by its id and its server: two servers may use the same id.

        A journal by which nobody was created, and nobody may have been, is begun anew.

        Returns:
            Whether absence may be believed: the server was never seen to change the values by which contacts are
            recognised.

        Raises:
            JournalError: The journal belongs to another workspace or server.
        """
        if self.end and not await self.somebody():
            await self._begin_anew()
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

    async def somebody(self) -> bool:
        """Whether any row has a contact, or may have one."""
        ((somebody,),) = await self._file.execute(_SOMEBODY)
        return bool(somebody)

    async def _begin_anew(self) -> None:
        await self._file.execute("DELETE FROM batches")
        await self._file.execute("UPDATE header SET base_url = NULL, workspace = NULL, trust_absence = 1")
        self.end = 0

    async def unfinished(self) -> list[JournalEntry]:
        """Return the batches that were sent and have no result, in input order."""
        return await self._entries("WHERE finished IS NULL ORDER BY first")

    async def claimed(self) -> frozenset[str]:
        """Return the contacts of the batches that were finished last."""
        ids: set[str] = set()
        for (blob,) in await self._file.execute(_LATEST_IDS, REMEMBERED):
            ids.update(filter(None, self._array(blob)))
        return frozenset(ids)

    async def resolve(self, entry: JournalEntry) -> None:
        """Record what a search has found about a batch."""
        await self._file.put(line_of(entry, next(self._clock)))

    def written(self, bodies: Sequence[Body | None]) -> WrittenRows:
        """See `BatchLog`."""
        documents = [dumps(body) for body in bodies]
        text, digest = b",".join(documents), b""
        if self._rolling is not None:
            # Without the brackets, the digest does not depend on how the input is divided into batches.
            self._rolling.update(text + b",")
            digest = self._rolling.digest()
        return WrittenRows(b"[" + text + b"]", digest, fingerprints(documents))

    async def plan(self, position: int, most: int) -> tuple[JournalEntry | None, int]:
        """See `BatchLog`."""
        if position >= self.end:
            return None, most
        (entry,) = await self._entries("WHERE first >= ? ORDER BY first LIMIT 1", position)
        return (entry, entry.count) if entry.first == position else (None, min(most, entry.first - position))

    async def last_twin(self, prints: Set[bytes], after: int) -> int:
        """See `BatchLog`."""
        found = await self._entries("WHERE first >= ? AND fingerprints IS NULL ORDER BY first LIMIT 1", after)
        for some in _parts(sorted(prints)):
            alike = " OR ".join(["instr(fingerprints, ?)"] * len(some))
            found += await self._entries(f"WHERE first >= ? AND ({alike})", after, *some)
        return max((entry.last_settled(prints) for entry in found), default=-1)

    async def begin(self, batch: ContactBatch) -> None:
        """See `BatchLog`."""
        batch.started = next(self._clock)
        await self._file.put(line_of_batch(batch, intent=intent_of(batch)))

    def finish(self, batch: ContactBatch) -> None:
        """See `BatchLog`."""
        self._file.put_soon(line_of_batch(batch, next(self._clock)))

    async def flush(self) -> None:
        """See `BatchLog`."""
        await self._file.flush()

    async def distrust(self) -> None:
        """See `BatchLog`."""
        await self._file.execute("UPDATE header SET trust_absence = 0")

    async def note(self, key: str) -> bytes | None:
        """Return the note that was put under this key; `None` if there is none."""
        found = await self._file.execute("SELECT value FROM notes WHERE key = ?", key)
        return found[0][0] if found else None

    async def put_note(self, key: str, value: bytes) -> None:
        """Keep a note of the program that runs the import, beside the rows."""
        await self._file.execute("REPLACE INTO notes VALUES (?, ?)", key, value)

    async def entries(self) -> AsyncIterator[JournalEntry]:
        """Yield all batches, in input order."""
        first = -1
        while entries := await self._entries("WHERE first > ? ORDER BY first LIMIT 10", first):
            for entry in entries:
                yield entry
            first = entries[-1].first

    async def _entries(self, condition: str, *values: int | bytes) -> list[JournalEntry]:
        query = f"SELECT {COLUMNS} FROM batches {condition}"  # noqa: S608 - both are ours
        rows = await self._file.execute(query, *values)
        try:
            return [entry_of(row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise self._file.damaged(f"an entry cannot be read ({error})") from error

    def _array(self, blob: bytes) -> list[Any]:
        try:
            return list(loads(blob))
        except (ValueError, TypeError) as error:
            raise self._file.damaged(f"an entry cannot be read ({error})") from error


def _parts(prints: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(prints), MOST_LINES):
        yield prints[start : start + MOST_LINES]
