"""Services that show contacts in other forms than the contract's: bulk calls read them as all other calls do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from impactive_async import AsyncClient
from impactive_async.bulk.reconcile.pairing import listed_contacts
from tests.bulk.model import people
from tests.support import KEY, FakeClock

Form = Callable[[dict[str, Any]], Any]


def without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def in_snake_case(row: dict[str, Any]) -> dict[str, Any]:
    names = {"first_name": row["firstName"], "last_name": row["lastName"]}
    return {"id": row["id"], **names, "email": row["email"], "created_at": row["createdAt"]}


FORMS: dict[str, Form] = {
    "_id": lambda row: {"_id": row["id"], **without_id(row)},
    "uuid": lambda row: {"uuid": row["id"], **without_id(row)},
    "contactId": lambda row: {"contactId": row["id"], **without_id(row)},
    "a number": lambda row: {"_id": int(row["id"]), **without_id(row)},
    "under its noun": lambda row: {"contact": row},
    "a node": lambda row: {"node": row},
    "attributes": lambda row: {"id": row["id"], "type": "contact", "attributes": without_id(row)},
    "snake case": in_snake_case,
}
UNREADABLE: dict[str, Form] = {
    "JSON in a text": json.dumps,
    "an id of its own name": lambda row: {"key": row["id"], **without_id(row)},
    "null": lambda _: None,
    "no email": lambda row: {name: value for name, value in row.items() if name != "email"},
    "fields of other names": lambda row: {"id": row["id"], "Vorname": row["firstName"]},
}


class Service:
    """Contacts that are shown in some form; the answer to the first create may be lost, and one row refused."""

    def __init__(self, form: Form, *, lose: bool = False, refuse: str | None = None) -> None:
        self.form, self.lose, self.refuse = form, lose, refuse
        self.contacts: list[dict[str, Any]] = []
        self.sent = Counter[str]()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request."""
        if request.method == "GET":
            return web.json_response([self.form(row) for row in reversed(self.contacts)])
        now = datetime.now(UTC).isoformat()
        made: list[dict[str, Any]] = []
        for fields in await request.json():
            self.sent[fields["email"]] += 1
            if fields["email"] != self.refuse:
                stamps = {"createdAt": now, "updatedAt": now}
                made.append({"id": str(len(self.contacts) + len(made) + 1), **fields, **stamps})
        self.contacts += made
        if self.lose and len(self.contacts) == len(made):
            raise web.HTTPBadGateway
        rows = [self.form(row) for row in made]
        return web.json_response({"created": rows, "errors": ["taken"]} if self.refuse else rows, status=201)

    def times(self) -> set[int]:
        """How often contacts were created."""
        return set(Counter(row["email"] for row in self.contacts).values())


@asynccontextmanager
async def client(service: Service) -> AsyncIterator[AsyncClient]:
    """A client of the service, whose waits take no time."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    async with TestServer(app) as server:
        options = {"base_url": str(server.make_url("/")), "clock": FakeClock()}
        async with AsyncClient(KEY, **options) as crm:  # type: ignore[arg-type]  # options of several types
            yield crm


@pytest.mark.parametrize("lose", [False, True], ids=["answered", "lost"])
@pytest.mark.parametrize("form", FORMS)
async def test_contacts_in_other_forms_are_created_once(form: str, lose: bool) -> None:
    """Ids and fields are read as `crm.contacts.list` reads them: none is taken for missing and sent again."""
    service = Service(FORMS[form], lose=lose)
    async with client(service) as crm:
        report = await crm.contacts.create_many(people(20))
    assert (report.created, report.ok, service.times()) == (20, True, {1})


@pytest.mark.parametrize("form", UNREADABLE)
async def test_contacts_in_no_known_form_prove_nothing(form: str) -> None:
    """Where rows of a list cannot be read, nobody is missing for certain: they are unknown, and not sent again."""
    service = Service(UNREADABLE[form], lose=True)
    async with client(service) as crm:
        report = await crm.contacts.create_many(people(20))
    assert (len(report.unknown), service.times()) == (20, {1})


async def test_a_batch_of_which_a_part_was_created_is_not_halved_and_sent_again() -> None:
    """An answer with rows and an error may be that of a half-done batch: the lists tell who is there."""
    rows = people(20)
    service = Service(FORMS["_id"], refuse=rows[7]["email"])
    async with client(service) as crm:
        report = await crm.contacts.create_many(rows)
    assert (report.created, [failure.index for failure in report.failed]) == (19, [7])
    assert service.times() == {1}
    assert "taken" in report.failed[0].reason


@pytest.mark.parametrize(
    ("rows", "cut"),
    [
        ([{"id": "a", "email": "a@x.org"}], False),
        ([{"id": "a"}, {"email": "b@x.org"}], True),
        ([{"id": "a"}], True),
    ],
)
def test_a_list_with_rows_that_nobody_can_be_found_by_is_not_whole(rows: list[dict[str, Any]], cut: bool) -> None:
    """A contact without an id, or contacts without anything to recognise them by, may be ours."""
    assert listed_contacts(rows).cut is cut
    assert not listed_contacts([]).cut
