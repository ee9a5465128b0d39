"""From input rows to batches: checked, fingerprinted, and compared with what the journal knows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

from impactive_async._http.codec import dumps
from impactive_async.bulk.batch import Batch, Row
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
        self._digest = hashlib.blake2b(digest_size=16)
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
        batch = self._cut(first, chunk, entry)
        if batch.rows:
            self._window.enter(batch, len(batch.rows))
        return batch

    def _interrupt(self, first: int, chunk: list[Any]) -> None:
        self.interrupted += [RowFailure(index=i, row=row, reason=NOT_SENT) for i, row in enumerate(chunk, first)]

    def _check_length(self, end: int, entry: Entry | None, log: BatchLog) -> None:
        ended = self._source.exhausted and end < log.end
        if ended or (entry is not None and end < entry.first + entry.count):
            raise self._source.failure or _other_input(f"it ends after {end} of the {log.end} rows recorded")

    def _cut(self, first: int, chunk: list[Any], entry: Entry | None) -> Batch:
        known = (None,) * len(chunk) if entry is None else entry.ids
        batch = Batch(first=first, count=len(chunk), digest=b"", document=b"", ids=list(known))
        bodies, batch.document = self._read(batch, chunk)
        # Without the brackets: so it does not depend on where the batches are cut.
        self._digest.update(batch.document[1:-1] + b",")
        batch.digest = self._digest.digest()
        if entry is not None and entry.digest != batch.digest:
            raise _other_input(f"rows {first} to {first + len(chunk) - 1} (from 0), or some before, differ")
        rows = [
            Row(index, body, first, given)
            for index, (body, given) in enumerate(zip(bodies, chunk, strict=True), first)
            if body is not None
        ]
        if entry is None:
            batch.rows = rows
        else:
            self._sort(batch, rows, entry)
        return batch

    def _read(self, batch: Batch, chunk: list[Any]) -> tuple[list[Body | None], bytes]:
        places = range(batch.first, batch.first + len(chunk))
        bodies = [plain_body(row) or self._exact_body(batch, i, row) for i, row in zip(places, chunk, strict=True)]
        try:
            return bodies, dumps(bodies)
        except ValueError:  # a plain one that JSON cannot carry: which?
            batch.failed.clear()
        bodies = [self._exact_body(batch, i, row) for i, row in zip(places, chunk, strict=True)]
        return bodies, dumps(bodies)

    def _exact_body(self, batch: Batch, index: int, given: Any) -> Body | None:
        try:
            return exact_body(given)
        except BadRowError as error:
            batch.failed.append(RowFailure(index=index, row=given, reason=str(error)))
            return None

    def _sort(self, batch: Batch, rows: list[Row], entry: Entry) -> None:
        """Tell what is to be created from what has been, or may have been."""
        for row in rows:
            if batch.ids[row.index - batch.first] is not None:
                batch.already_created += 1
            elif row.index in entry.unknown and not self._resend_unknown:
                batch.doubt(row, _UNKNOWN, None)
            else:
                batch.rows.append(row)


def _other_input(how: str) -> JournalError:
    return JournalError(
        f"This journal is of another input: {how}. A journal goes with exactly the rows it was begun with, in the "
        "same order (more may follow at the end). Run it with that input; or import this one, without the rows "
        "that are created already, with a new journal."
    )
