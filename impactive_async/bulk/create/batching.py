"""From input rows to batches: checked, fingerprinted, and compared with what the journal knows."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

import attrs

from impactive_async.bulk.create.window import Window
from impactive_async.bulk.drafts import BadRowError, Body, LeftOut, exact_body, plain_body
from impactive_async.bulk.input_rows import InputRows
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.entries import JournalEntry
from impactive_async.bulk.journal.fingerprints import SIZE
from impactive_async.bulk.journal.log import BatchLog, WrittenRows
from impactive_async.bulk.report import NOT_SENT, RowFailure
from impactive_async.errors import JournalError
from impactive_async.models import ContactDraft

Rows = Iterable[ContactDraft | Mapping[str, Any]] | AsyncIterable[ContactDraft | Mapping[str, Any]]

_UNKNOWN = (
    "may have been created by an earlier run, and the lists could not tell. Look for it; if it is not there, run "
    "the import again with resend_unknown=True"
)


class Batcher:
    """Makes batches of the input, in order. Where the journal has a batch, the same rows are a batch again."""

    def __init__(self, rows: InputRows[Any], batch_size: int, window: Window, *, resend_unknown: bool) -> None:
        self._input = rows
        self._batch_size = batch_size
        self._window = window
        self._resend_unknown = resend_unknown
        self.interrupted: list[RowFailure] = []
        self.held: deque[ContactBatch] = deque()
        """Batches that are read, and not handed out yet."""

    async def next(self, log: BatchLog) -> ContactBatch | None:
        """Wait until the window has room, and return the next batch; `None` at the end of the input.

        Raises:
            JournalError: The journal belongs to another input.
            Exception: What the input raised.
        """
        if not self.held:
            entry, count = await log.plan(self._input.position, self._batch_size)
            await self._window.room(count)
            await self._hold(entry, count, log)
        if not self.held:
            return None
        batch = self.held[0]
        if batch.rows:
            await self._window.room(len(batch.rows))
            self._window.enter(batch, len(batch.rows))
        return self.held.popleft()

    async def _hold(self, entry: JournalEntry | None, count: int, log: BatchLog) -> None:
        """Read the next batch, and as many behind it as it takes to know that its rows are in their places.

        If rows were taken out of the input, those behind them have moved up: a row that was created may stand
        where one stood that was not. A row that equals a later, created one waits until that one was seen.
        """
        batch = await self._read(entry, count, log)
        twin = -1
        while batch is not None:
            self.held.append(batch)
            twin = max(twin, await self._last_twin(batch, entry, log))
            if self._input.position > twin:
                return
            entry, count = await log.plan(self._input.position, self._batch_size)
            batch = await self._read(entry, count, log)

    async def _last_twin(self, batch: ContactBatch, entry: JournalEntry | None, log: BatchLog) -> int:
        """Return the place of the last row that was created, or may have been, and equals a new row before it."""
        end = batch.first + batch.count
        if end >= log.end or (entry is not None and entry.fingerprints in (None, batch.fingerprints)):
            return -1
        prints = {
            batch.fingerprint(row)
            for row in batch.rows
            if entry is None or entry.fingerprint(row) != batch.fingerprint(row)
        }
        return await log.last_twin(prints, end) if prints else -1

    async def _read(self, entry: JournalEntry | None, count: int, log: BatchLog) -> ContactBatch | None:
        first, chunk = self._input.position, list[Any]()
        try:
            await self._input.read(count, chunk)
        except BaseException:
            if entry is None:
                self._keep_unsent(first, chunk)
            raise
        self._check_length(first + len(chunk), entry, log)
        return self._batch_of(first, chunk, entry, log) if chunk else None

    def _keep_unsent(self, first: int, chunk: list[Any]) -> None:
        self.interrupted += [RowFailure(index=i, row=row, reason=NOT_SENT) for i, row in enumerate(chunk, first)]

    def _check_length(self, end: int, entry: JournalEntry | None, log: BatchLog) -> None:
        ended = self._input.exhausted and end < log.end
        if ended or (entry is not None and end < entry.first + entry.count):
            raise self._input.failure or _other_input(f"it ends after {end} of the {log.end} rows recorded")

    def _batch_of(self, first: int, chunk: list[Any], entry: JournalEntry | None, log: BatchLog) -> ContactBatch:
        prepared = _prepare(first, chunk, log)
        written = prepared.written
        if entry is not None:
            _check_same(entry, written.digest, written.fingerprints)
        ids: list[str | None] = [None] * len(chunk) if entry is None else list(entry.ids)
        batch = ContactBatch(
            first=first,
            given=chunk,
            bodies=prepared.bodies,
            document=written.document,
            digest=written.digest,
            ids=ids,
            fingerprints=written.fingerprints,
            left_out=prepared.left_out,
            failed=prepared.failed,
        )
        rows = [row for row, body in enumerate(prepared.bodies, first) if body is not None]
        if entry is None:
            batch.rows = rows
        else:
            self._sort(batch, rows, entry)
            is_same = entry.fingerprints in (None, batch.fingerprints)
            batch.recorded = is_same and list(entry.remarks) == batch.remarks()
        return batch

    def _sort(self, batch: ContactBatch, rows: list[int], entry: JournalEntry) -> None:
        """Sort the rows: created by an earlier run, perhaps created by one, to be created now."""
        for row in rows:
            if batch.ids[row - batch.first] is not None:
                batch.already_created += 1
            elif row in entry.unknown and not self._resend_unknown:
                batch.doubt(row, _UNKNOWN, None)
            else:
                batch.rows.append(row)


@attrs.frozen
class _PreparedRows:
    """Rows of the input as they are sent."""

    bodies: list[Body | None]
    written: WrittenRows
    left_out: list[tuple[int, LeftOut]]
    failed: list[RowFailure]


def _prepare(first: int, chunk: list[Any], log: BatchLog, *, plainly: bool = True) -> _PreparedRows:
    bodies: list[Body | None] = [plain_body(row) for row in chunk] if plainly else [None] * len(chunk)
    failed, left_out = list[RowFailure](), list[tuple[int, LeftOut]]()
    for place in [place for place, body in enumerate(bodies) if body is None]:
        row = chunk[place]
        if isinstance(row, LeftOut):
            left_out.append((first + place, row))
            continue
        try:
            bodies[place] = exact_body(row)
        except BadRowError as error:
            failed.append(RowFailure(index=first + place, row=row, reason=str(error)))
    try:
        return _PreparedRows(bodies, log.written(bodies), left_out, failed)
    except ValueError:  # JSON cannot carry one of the plain rows; the exact way finds out which
        if not plainly:
            raise
        return _prepare(first, chunk, log, plainly=False)


def _check_same(entry: JournalEntry, digest: bytes, fingerprints: bytes) -> None:
    """Check that each row that was created, or may have been, is still the same.

    Raises:
        JournalError: One of them is another row.
    """
    if entry.fingerprints is None:
        if entry.digest != digest:
            last = entry.first + entry.count - 1
            raise _other_input(f"rows {entry.first} to {last} (from 0), or some before, differ")
        return
    if entry.fingerprints == fingerprints:
        return
    for place in range(entry.count):
        row, part = entry.first + place, slice(place * SIZE, (place + 1) * SIZE)
        if entry.fingerprint(row) != fingerprints[part] and entry.settled(row):
            raise _other_input(f"row {row} (from 0) is not the one that was sent")


def _other_input(how: str) -> JournalError:
    return JournalError(
        f"This journal is of another input: {how}. A journal goes with the rows it was begun with, in the same "
        "order (rows that failed may be corrected, and more may follow at the end). Run it with that input; or "
        "import this one, without the rows that are created already, with a new journal."
    )
