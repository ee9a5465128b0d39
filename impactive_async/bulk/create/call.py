"""One call of `create_many`, from its arguments to its report.

The journal is opened, batches that an earlier run left open are looked for, the input is worked through, and the
journal is closed.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from impactive_async._checks import check_count, check_seconds
from impactive_async._clock import Clock
from impactive_async.bulk.create.batching import Batcher, Rows
from impactive_async.bulk.create.creating import BatchCreator, CreateContacts
from impactive_async.bulk.create.known import KnownContacts
from impactive_async.bulk.create.outcomes import CreateOutcomes
from impactive_async.bulk.create.window import Window
from impactive_async.bulk.input_rows import InputRows
from impactive_async.bulk.journal.entries import JournalEntry
from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.journal.log import BatchLog
from impactive_async.bulk.progress import OnProgress, ProgressReporter
from impactive_async.bulk.reconcile.search import ContactLists, LostBatch, Search
from impactive_async.bulk.report import CreateReport, stopped
from impactive_async.errors import InvalidArgumentError
from impactive_async.models import Workspace

WINDOW = 450
"""Rows that may stand on the list from the newest contact down to those of a batch whose outcome is open. The list
shows 500. The rest is for contacts that others create meanwhile, and for an older one, which proves that the list
reaches far enough."""

_NEWEST_AT_FIRST = 8
"""Contacts that are requested before anything is sent. One would do, but somebody may delete it."""


@attrs.frozen(kw_only=True)
class ContactsApi:
    """The endpoints that an import needs."""

    create: CreateContacts
    create_path: str = ""
    """The path of `create`, for errors."""
    lists: ContactLists
    workspace: Callable[[], Awaitable[Workspace]]
    base_url: str


@attrs.frozen(kw_only=True)
class ImportOptions:
    """The arguments of `create_many`.

    Raises:
        ValueError: One of them is out of its range.
    """

    match_on: str = attrs.field()
    batch_size: int
    concurrency: int
    on_progress: OnProgress | None
    keep_results: bool
    settle: float
    resends: int
    resend_unknown: bool

    @match_on.validator
    def _check_match_on(self, _: object, value: object) -> None:
        if not isinstance(value, str) or not value:
            raise InvalidArgumentError(
                f"match_on is the name of a field of the draft, or of its extra; not {value!r}"
            )

    def __attrs_post_init__(self) -> None:
        check_seconds(self.settle, "settle")
        check_count(self.concurrency, "concurrency")
        if check_count(self.batch_size, "batch_size") > WINDOW:
            raise InvalidArgumentError(
                f"batch_size is at most {WINDOW}: the API lists no more than 500 contacts, and a batch whose "
                f"answer is lost must be found among them; got {self.batch_size}"
            )


async def import_contacts(
    rows: Rows,
    api: ContactsApi,
    clock: Clock,
    options: ImportOptions,
    journal: str | os.PathLike[str] | None,
) -> CreateReport:
    """Create a contact for each row and return the report. See `Contacts.create_many`.

    Raises:
        BulkError: The call was stopped before the end of its input, after it may have created somebody.
        JournalError: The journal cannot be used, or belongs to another input or workspace.
        Exception: The call was stopped before it created anybody: by what the input raised, or by an error of a
            request.
    """
    given: InputRows[Any] = InputRows(rows, "rows")
    search = Search(api.lists, clock, options.match_on, options.settle)
    if journal is None:
        return await _run(given, api, clock, options, BatchLog(), search)
    log = Journal(journal)
    try:
        await log.open()
        search.trust_absence = await log.claim(await api.workspace(), api.base_url)
        found = await _resolve(log, search)
        report = await _run(given, api, clock, options, log, search, found)
    finally:
        await log.aclose()
    return report


async def _resolve(log: Journal, search: Search) -> int:
    """Look for the batches that an earlier run left without a result; return how many rows were found."""
    entries = await log.unfinished()
    if not entries:
        return 0
    # The journal is locked by us, so that the process that sent them has ended: nothing was sent after this
    # moment.
    now = search.clock.monotonic()
    claimed = (await log.claimed()).union(*(filter(None, entry.ids) for entry in entries))
    pairing = await search.look([_lost(entry, now) for entry in entries], claimed)
    for entry in entries:
        ids = list(entry.ids)
        for row in entry.lost_rows:
            ids[row.index - entry.first] = pairing.found.get(row.index)
        unclear = entry.unknown | {row.index for row in entry.lost_rows if row.index in pairing.unclear}
        await log.resolve(attrs.evolve(entry, ids=tuple(ids), unknown=unclear))
    return len(pairing.found)


def _lost(entry: JournalEntry, last_sent: float) -> LostBatch:
    assert entry.baseline is not None, "an entry without a result has an intent"  # noqa: S101
    return LostBatch(first=entry.first, rows=entry.lost_rows, baseline=entry.baseline, last_sent=last_sent)


async def _run(
    rows: InputRows[Any],
    api: ContactsApi,
    clock: Clock,
    options: ImportOptions,
    log: BatchLog,
    search: Search,
    found: int = 0,
) -> CreateReport:
    newest = await api.lists.newest(_NEWEST_AT_FIRST)
    window = Window(WINDOW)
    outcomes = CreateOutcomes(options.keep_results, found=found)
    creator = BatchCreator(
        create=api.create,
        create_path=api.create_path,
        batcher=Batcher(rows, options.batch_size, window, resend_unknown=options.resend_unknown),
        log=log,
        search=search,
        known=KnownContacts(newest.value, newest.server_time, options.concurrency),
        window=window,
        outcomes=outcomes,
        progress=ProgressReporter(options.on_progress, rows.total, clock),
        clock=clock,
        concurrency=options.concurrency,
        resends=options.resends,
    )
    cause = await creator.run()
    if cause is not None:
        raise stopped(cause, outcomes.report(), acted=outcomes.acted())
    return outcomes.report()
