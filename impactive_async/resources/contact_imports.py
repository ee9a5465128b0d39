"""The calls with which `Contacts.create_many` creates contacts and looks for those whose answer was lost."""

from __future__ import annotations

from datetime import datetime

from impactive_async._codec.bodies import Shape, of_json
from impactive_async._http.caller import Answer, Caller
from impactive_async._http.wire import build_request, create, get
from impactive_async.bulk.create.call import ContactsApi
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.reconcile.pairing import ContactPage, created_contacts, listed_contacts
from impactive_async.bulk.reconcile.search import ContactLists
from impactive_async.models import Workspace
from impactive_async.resources._base import since_query
from impactive_async.resources.auth import workspace_of
from impactive_async.resources.zapier import CONTACTS as CHANGED

LIST = get("/api/agent/contacts")
CREATE = create("/api/agent/contacts")


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
