"""From input rows to batches: checked, fingerprinted, and compared with what the journal knows."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

import attrs

from impactive_async._http.codec import dumps
from impactive_async.bulk.batch import Batch
from impactive_async.bulk.drafts import BadRowError, Body, exact_body, plain_body
from impactive_async.bulk.gate import Window
from impactive_async.bulk.journal import BatchLog, Entry
from impactive_async.bulk.report import NOT_SENT, RowFailure
from impactive_async.bulk.source import Source
from impactive_async.errors import JournalError
from impactive_async.models import ContactDraft

Rows = Iterable[ContactDraft | Mapping[str, Any]] | AsyncIterable[ContactDraft | Mapping[str, Any]]

_UNKNOWN = (
    "may have been created by an earlier run, and the lists could not tell. Look for it; if it is not there, run "
    "the import again with resend_unknown=True"
)


class Cutter:
    """Cuts the input into batches, in order; where the journal has been before, along its cuts."""

    def __init__(self, source: Source[Any], batch_size: int, window: Window, *, resend_unknown: bool) -> None:
        self._source = source
        self._batch_size = batch_size
        self._window = window
        self._resend_unknown = resend_unknown
        self.interrupted: list[RowFailure] = []

    async def next(self, log: BatchLog) -> Batch | None:
        """Read the next batch once it may be sent; `None` at the end of the input.

        Raises:
            JournalError: The journal is of another input.
            Exception: Whatever the input raised.
        """
        entry, count = await log.plan(self._source.position, self._batch_size)
        await self._window.room(count)
        first, chunk = self._source.position, list[Any]()
        try:
            await self._source.read(count, chunk)
        except BaseException:
            if entry is None:
                self._interrupt(first, chunk)
            raise
        self._check_length(first + len(chunk), entry, log)
        if not chunk:
            return None
        batch = self._cut(first, chunk, entry, log)
        if batch.rows:
            self._window.enter(batch, len(batch.rows))
        return batch

    def _interrupt(self, first: int, chunk: list[Any]) -> None:
        self.interrupted += [RowFailure(index=i, row=row, reason=NOT_SENT) for i, row in enumerate(chunk, first)]

    def _check_length(self, end: int, entry: Entry | None, log: BatchLog) -> None:
        ended = self._source.exhausted and end < log.end
        if ended or (entry is not None and end < entry.first + entry.count):
            raise self._source.failure or _other_input(f"it ends after {end} of the {log.end} rows recorded")

    def _cut(self, first: int, chunk: list[Any], entry: Entry | None, log: BatchLog) -> Batch:
        read = _read(first, chunk)
        digest = log.digest(read.document)
        if entry is not None and entry.digest != digest:
            raise _other_input(f"rows {first} to {first + len(chunk) - 1} (from 0), or some before, differ")
        ids: list[str | None] = [None] * len(chunk) if entry is None else list(entry.ids)
        batch = Batch(
            first=first,
            given=chunk,
            bodies=read.bodies,
            document=read.document,
            digest=digest,
            ids=ids,
            failed=read.failed,
        )
        rows = [row for row, body in enumerate(read.bodies, first) if body is not None]
        if entry is None:
            batch.rows = rows
        else:
            self._sort(batch, rows, entry)
        return batch

    def _sort(self, batch: Batch, rows: list[int], entry: Entry) -> None:
        """Tell what is to be created from what has been, or may have been."""
        for row in rows:
            if batch.ids[row - batch.first] is not None:
                batch.already_created += 1
            elif row in entry.unknown and not self._resend_unknown:
                batch.doubt(row, _UNKNOWN, None)
            else:
                batch.rows.append(row)


@attrs.frozen
class _Read:
    """A chunk of the input as it is sent."""

    bodies: list[Body | None]
    document: bytes
    failed: list[RowFailure]


def _read(first: int, chunk: list[Any], *, plainly: bool = True) -> _Read:
    bodies: list[Body | None] = [plain_body(row) for row in chunk] if plainly else [None] * len(chunk)
    failed = list[RowFailure]()
    for place in [place for place, body in enumerate(bodies) if body is None]:
        try:
            bodies[place] = exact_body(chunk[place])
        except BadRowError as error:
            failed.append(RowFailure(index=first + place, row=chunk[place], reason=str(error)))
    try:
        return _Read(bodies, dumps(bodies), failed)
    except ValueError:  # a plain one that JSON cannot carry: which?
        if not plainly:
            raise
        return _read(first, chunk, plainly=False)


def _other_input(how: str) -> JournalError:
    return JournalError(
        f"This journal is of another input: {how}. A journal goes with exactly the rows it was begun with, in the "
        "same order (more may follow at the end). Run it with that input; or import this one, without the rows "
        "that are created already, with a new journal."
    )
