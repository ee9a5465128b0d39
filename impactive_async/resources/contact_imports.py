"""Creating any number of contacts: `crm.contacts.create_many`, and the calls that it makes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import datetime
from typing import Any

from impactive_async._codec.bodies import Shape, of_json
from impactive_async._http.caller import Answer, Caller
from impactive_async._http.wire import build_request
from impactive_async.bulk.create.call import ContactsApi, ImportOptions, import_contacts
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.progress import OnProgress
from impactive_async.bulk.reconcile.pairing import ContactPage, created_contacts, listed_contacts
from impactive_async.bulk.reconcile.search import ContactLists
from impactive_async.bulk.report import CreateReport
from impactive_async.models import ContactDraft, Workspace
from impactive_async.resources._base import Resource, batch_within, since_query
from impactive_async.resources.auth import workspace_of
from impactive_async.resources.contacts import CREATE, LIST
from impactive_async.resources.zapier import CONTACTS as CHANGED


async def create_many(
    self: Resource,
    rows: Iterable[ContactDraft | Mapping[str, Any]] | AsyncIterable[ContactDraft | Mapping[str, Any]],
    *,
    journal: str | os.PathLike[str] | None = None,
    match_on: str = "email",
    batch_size: int = 40,
    concurrency: int = 4,
    on_progress: OnProgress | None = None,
    keep_results: bool = False,
    settle: float = 30.0,
    resend_unknown: bool = False,
    timeout: float | None = None,
    max_retries: int | None = None,
) -> CreateReport:
    """Create any number of contacts, each once, in batches, reading the input as it goes.

    A bad row fails alone. A row of wrong types or without a name is not sent. A batch that the server refuses
    is halved until the refused row is found. The report has all rows that failed.

    With a `journal`, a call that was killed at any moment continues when it is called again with the same
    rows: no contact is created twice, and none is left out.

    If the answer to a batch is lost, in this run or in a killed one, its contacts are looked for on the lists
    before it is sent again. Other batches go on, unless contacts are missing: then they wait for `settle`.
    Rows whose outcome the lists cannot tell (because more than a hundred other contacts were created
    meanwhile) are reported as unknown, and not sent again.

    The call stops for what would fail every batch: a refused key, a wrong address, or ten batches in a row
    that the network or the server fails. It also stops if the input or `on_progress` raises. Then it reads no
    more rows, and finishes the requests under way.

    Args:
        rows: Drafts, or mappings of their fields. They are read lazily: two batches more than can be sent at
            once are in memory.
        journal: The file that records what was sent; made if it is missing. It belongs to these rows, in this
            order (more may follow at the end), and to this workspace at this base URL. The next call with it
            tries failed rows again, corrected or not. Without a journal, a killed call cannot be continued.
        match_on: The field by which a contact is recognised on the lists: a field of the draft, or a key of
            its `extra`. A row without it is recognised by its names and all other fields.
        batch_size: How many rows a request has, at most 450.
        concurrency: How many requests are under way at once, within the client's own limits. Requests wait for
            each other if together they could overflow the list of 500 on which lost contacts are looked for,
            as four at once with more than 64 rows each.
        on_progress: Called with a `Progress` after each batch, and awaited if it is async.
        keep_results: Keep the result of every row for the report (`results`, `contact_ids`). This takes memory
            for every row.
        settle: Seconds that the server is given to carry out a request whose answer was lost. Only after that,
            a contact that is not on the lists counts as not created.
        resend_unknown: Send rows again that earlier runs reported as unknown. Look for the contacts first.
        timeout: Seconds for each attempt; `None`: the client's.
        max_retries: How often a request is sent again at the most, and also a batch that is certainly missing;
            `None`: the client's.

    Raises:
        InvalidArgumentError: An argument is out of its range.
        JournalError: The journal is in use, damaged, or of another input or workspace.
        BulkError: The call stopped before the end of the input. `.report` says what was done, `__cause__` why
            it stopped. If nothing was done, the cause itself is raised.
    """
    options = ImportOptions(
        match_on=match_on,
        batch_size=batch_within(self._caller, "contacts.create_batch", batch_size),
        concurrency=concurrency,
        on_progress=on_progress,
        keep_results=keep_results,
        settle=settle,
        resends=self._caller.max_retries_of(max_retries),
        resend_unknown=resend_unknown,
    )
    api = contacts_api(self._caller.for_bulk(), timeout, max_retries)
    return await import_contacts(rows, api, self._caller.clock, options, journal)


def _page(cap: int | None) -> Shape[ContactPage]:
    return of_json(lambda data: listed_contacts(data, cap))


def contacts_api(caller: Caller, timeout: float | None, max_retries: int | None) -> ContactsApi:
    """Return the calls that an import makes, each with a time-out in seconds and a number of retries."""

    async def create(bodies: list[Body]) -> Answer[list[Body]]:
        return await caller.answer(
            build_request(CREATE, body=bodies), of_json(created_contacts), timeout, max_retries
        )

    async def newest(limit: int) -> Answer[ContactPage]:
        known = caller.deviations.settings("contacts.list")
        cap = min((known[key] for key in ("cap", "limit_max") if known.get(key)), default=None)
        return await caller.answer(
            build_request(LIST, query={"limit": str(limit)}), _page(cap), timeout, max_retries
        )

    async def changed(since: datetime) -> Answer[ContactPage]:
        request = build_request(CHANGED.endpoint, query=since_query(since))
        cap = caller.deviations.settings(CHANGED.operation).get("cap")
        return await caller.answer(request, _page(cap), timeout, max_retries)

    async def workspace() -> Workspace:
        return await workspace_of(caller, timeout, max_retries)

    lists = ContactLists(newest=newest, changed=changed)
    return ContactsApi(
        create=create,
        create_path=CREATE.template,
        lists=lists,
        workspace=workspace,
        base_url=caller.transport.base_url,
    )
