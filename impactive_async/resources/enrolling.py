"""Putting any number of people on a sequence: `crm.sequences.enroll_many`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable

import attrs

from impactive_async._codec.shapes import result
from impactive_async._http.wire import build_request, check_id
from impactive_async.bulk.enroll import EnrollCall
from impactive_async.bulk.progress import OnProgress
from impactive_async.bulk.report import EnrollReport
from impactive_async.models import EnrollResult
from impactive_async.resources._base import Resource, batch_within
from impactive_async.resources.enrollments import ENROLL


async def enroll_many(
    self: Resource,
    sequence_id: str,
    contact_ids: Iterable[str] | AsyncIterable[str],
    *,
    batch_size: int = 100,
    concurrency: int = 4,
    on_progress: OnProgress | None = None,
    keep_results: bool = False,
    timeout: float | None = None,
    max_retries: int | None = None,
) -> EnrollReport:
    """Put any number of people on a sequence, in batches, reading the input as it goes.

    It is safe to call again with the same ids after any failure: the server skips whoever is on the sequence.

    A batch that fails does not stop the others. A batch that the server refuses is halved until the refused id is
    found. The call stops for what would fail every batch: a refused key, no such sequence, or ten batches in a row
    that the network or the server fails. It also stops if the input or `on_progress` raises. Then it reads no more
    ids, and finishes the requests under way.

    Args:
        sequence_id: The sequence.
        contact_ids: Ids of contacts. They are read lazily: at most `batch_size * concurrency` are in memory.
        batch_size: How many ids a request has.
        concurrency: How many requests are under way at once, within the client's own limits.
        on_progress: Called with a `Progress` after each batch, and awaited if it is async.
        keep_results: Keep the result of every id for the report. This takes memory for every id.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often a request is sent again at the most; `None`: the client's.

    Raises:
        InvalidArgumentError: An argument is out of its range, or the sequence's id is malformed.
        BulkError: The call stopped before the end of the input. `.report` says what was done, `__cause__` why it
            stopped. If nothing was done, the cause itself is raised.
    """
    check_id(sequence_id)

    caller = self._caller.for_bulk()

    async def send(ids: list[str]) -> EnrollResult:
        request = build_request(ENROLL, (sequence_id,), body={"contactIds": ids})
        answer = await caller.answer(request, result(EnrollResult), timeout, max_retries)
        return attrs.evolve(answer.value, attempts=answer.attempts)

    enrolling = EnrollCall(
        contact_ids,
        send,
        self._caller.clock,
        batch_size=batch_within(caller, "sequences.enroll", batch_size),
        concurrency=concurrency,
        on_progress=on_progress,
        keep_results=keep_results,
    )
    return await enrolling.run()
