"""One call of `create_many`, from its arguments to its report: opened, resumed, run and closed."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs

from impactive_async._clock import Clock
from impactive_async.bulk.creating import CreateContacts, Creating, Known
from impactive_async.bulk.cutting import Cutter, Rows
from impactive_async.bulk.gate import Window
from impactive_async.bulk.journal import BatchLog, Entry, Journal, NoJournal
from impactive_async.bulk.options import check_count, check_match_on, check_settle
from impactive_async.bulk.progress import Meter, OnProgress
from impactive_async.bulk.report import CreateReport, stopped
from impactive_async.bulk.search import Lists, Lost, Search
from impactive_async.bulk.source import Source
from impactive_async.bulk.tally import Tally
from impactive_async.models import Workspace

WINDOW = 450
"""Rows that may stand on the list from the newest down to those of a batch whose fate is open. It shows 500: the
rest is for contacts that others create meanwhile, and for the one that proves the list to reach far enough."""

_BASELINE = 8
"""Contacts asked for before anything is sent: one would do, but somebody may delete it."""


@attrs.frozen(kw_only=True)
class ContactsApi:
    """The endpoints that an import needs."""

    create: CreateContacts
    lists: Lists
    workspace: Callable[[], Awaitable[Workspace]]
    base_url: str


@attrs.frozen(kw_only=True)
class ImportOptions:
    """The arguments of `create_many`.

    Raises:
        ValueError: One of them is out of its range.
    """

    match_on: str = attrs.field(converter=check_match_on)
    batch_size: int
    concurrency: int
    on_progress: OnProgress | None
    keep_results: bool
    settle: float = attrs.field(converter=check_settle)
    resends: int
    resend_unknown: bool

    def __attrs_post_init__(self) -> None:
        check_count(self.concurrency, "concurrency")
        if check_count(self.batch_size, "batch_size") > WINDOW:
            raise ValueError(
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
    """Do it all. See `Contacts.create_many`."""
    source: Source[Any] = Source(rows, "rows")
    search = Search(api.lists, clock, options.match_on, options.settle)
    if journal is None:
        return await _run(source, api, clock, options, NoJournal(), search)
    book = Journal(Path(journal))
    try:
        await book.open()
        search.trust_absence = await book.claim(await api.workspace(), api.base_url)
        found = await _resolve(book, search)
        report = await _run(source, api, clock, options, book, search, found)
    finally:
        await book.aclose()
    return report


async def _resolve(book: Journal, search: Search) -> int:
    """Look for the batches that an earlier run has left without a result; returns how many rows were found."""
    entries = await book.unfinished()
    if not entries:
        return 0
    # Whoever sent them is dead, for the journal is locked by us; so nothing was sent after this moment.
    now = search.clock.monotonic()
    claimed = (await book.claimed()).union(*(filter(None, entry.ids) for entry in entries))
    pairing = await search.look([_lost(entry, now) for entry in entries], claimed)
    for entry in entries:
        ids = list(entry.ids)
        for row in entry.wanted:
            ids[row.index - entry.first] = pairing.found.get(row.index)
        unclear = entry.unknown | {row.index for row in entry.wanted if row.index in pairing.unclear}
        await book.resolve(attrs.evolve(entry, ids=tuple(ids), unknown=unclear))
    return len(pairing.found)


def _lost(entry: Entry, last_sent: float) -> Lost:
    assert entry.trace is not None, "an entry without a result has an intent"  # noqa: S101
    return Lost(first=entry.first, rows=entry.wanted, trace=entry.trace, last_sent=last_sent)


async def _run(
    source: Source[Any],
    api: ContactsApi,
    clock: Clock,
    options: ImportOptions,
    log: BatchLog,
    search: Search,
    found: int = 0,
) -> CreateReport:
    baseline = await api.lists.newest(_BASELINE)
    window = Window(WINDOW)
    tally = Tally(options.keep_results, found=found)
    creating = Creating(
        create=api.create,
        cutter=Cutter(source, options.batch_size, window, resend_unknown=options.resend_unknown),
        log=log,
        search=search,
        known=Known(baseline.value, baseline.server_time, options.concurrency),
        window=window,
        tally=tally,
        meter=Meter(options.on_progress, source.total, clock),
        clock=clock,
        concurrency=options.concurrency,
        resends=options.resends,
    )
    cause = await creating.run()
    if cause is not None:
        raise stopped(cause, tally.report(), acted=tally.acted())
    return tally.report()
