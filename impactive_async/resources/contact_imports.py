"""Creating contacts by the thousand (contract #2, array form), so that a killed import can be taken up again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import datetime
from typing import Any

from impactive_async._http.caller import Answer, Caller
from impactive_async._http.shapes import one
from impactive_async._http.wire import build_request, create, get
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.importing import ContactsApi, ImportOptions, import_contacts
from impactive_async.bulk.pairing import Sighting, answered, sighted
from impactive_async.bulk.progress import OnProgress
from impactive_async.bulk.report import CreateReport
from impactive_async.bulk.search import Lists
from impactive_async.models import ContactDraft, Workspace
from impactive_async.resources._base import Resource, since_query
from impactive_async.resources.zapier import AUTH_TEST
from impactive_async.resources.zapier import CONTACTS as CHANGED

LIST = get("/api/agent/contacts")
CREATE = create("/api/agent/contacts")


class ContactImports(Resource):
    """The part of `crm.contacts` that is about many at once."""

    async def create_many(
        self,
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
        """Create any number of contacts, each once, in batches (contract #2), reading the input as it goes.

        A bad row fails alone: one that is ill-typed or lacks a name is not sent, and a batch the server refuses
        is halved until the row it refuses is found. What fails is in the report. With a `journal`, a call that
        was killed, at whatever moment, is taken up by calling again with the same rows: no contact is created
        twice, and none is left out. A batch whose answer is lost, in this run or in a killed one, is looked for
        in the lists before it is sent again, while everything else waits. What the lists cannot tell (because
        over a hundred others were created meanwhile) is reported as unknown, and not sent again.

        What would fail every batch (a refused key, a wrong address, ten batches in a row that the network or the
        server fails) stops the call, as does an input or an `on_progress` that raises: no more is read, what is
        under way is finished.

        Args:
            rows: Drafts, or mappings of their fields. Read lazily: two batches more than can be sent at once.
            journal: The file that remembers; made if it is not there. It belongs to these rows, in this order
                (more may follow at the end), and to this workspace at this base URL. Rows that failed are tried
                again by the next call with it. Without one a killed call leaves no trace.
            match_on: The field by which a lost contact is found: of the draft, or a key of its `extra`. Of rows
                without it, names and all other fields must fit.
            batch_size: Rows of a request, at most 450.
            concurrency: Requests under way at once, within the client's own limits. What overlaps with a batch
                must fit the list of 500 in which it is looked for if its answer is lost: four at once with more
                than 64 rows each, and requests wait for each other.
            on_progress: Called with a `Progress` after each batch, awaited if it is async.
            keep_results: Keep every row's result for the report (`results`, `contact_ids`), which takes memory for
                every row.
            settle: Seconds after which a request that was given up is believed to have had all the effect it will
                ever have: only then is a contact that is not listed believed not to exist.
            resend_unknown: Send the rows again that earlier runs reported as unknown. Look for them first.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often a request is sent again at the most, and a batch that is certainly missing;
                `None`: the client's.

        Raises:
            ValueError: An argument is out of its range.
            JournalError: The journal is in use, damaged, or of another input or workspace.
            BulkError: The call was stopped before the end of the input, for its `__cause__`; its `.report` says
                what was done. If nothing was done, the cause itself is raised.
        """
        caller = self._caller
        options = ImportOptions(
            match_on=match_on,
            batch_size=batch_size,
            concurrency=concurrency,
            on_progress=on_progress,
            keep_results=keep_results,
            settle=settle,
            resends=caller.max_retries if max_retries is None else max_retries,
            resend_unknown=resend_unknown,
        )
        api = _contacts_api(caller, timeout, max_retries)
        return await import_contacts(rows, api, caller.clock, options, journal)


def _contacts_api(caller: Caller, timeout: float | None, max_retries: int | None) -> ContactsApi:
    async def create(bodies: list[Body]) -> Answer[list[Body]]:
        return await caller.answer(build_request(CREATE, body=bodies), answered, timeout, max_retries)

    async def newest(limit: int) -> Answer[list[Sighting]]:
        return await caller.answer(build_request(LIST, query={"limit": str(limit)}), sighted, timeout, max_retries)

    async def changed(since: datetime) -> Answer[list[Sighting]]:
        request = build_request(CHANGED, query=since_query(since))
        return await caller.answer(request, sighted, timeout, max_retries)

    async def workspace() -> Workspace:
        return await caller.call(build_request(AUTH_TEST), one(Workspace), timeout, max_retries)

    lists = Lists(newest=newest, changed=changed)
    return ContactsApi(create=create, lists=lists, workspace=workspace, base_url=caller.transport.base_url)
