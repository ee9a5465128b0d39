"""A workspace in memory, on virtual time, that loses answers and acts late: what imports have to cope with."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from impactive_async._http.caller import Answer
from impactive_async.bulk.create.call import ContactsApi, ImportOptions, import_contacts
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.reconcile.evidence import CHANGED
from impactive_async.bulk.reconcile.pairing import ContactPage, listed_contacts
from impactive_async.bulk.reconcile.search import ContactLists
from impactive_async.bulk.report import CreateReport
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    BadRequestError,
    DecodeError,
    RateLimitError,
    ServerError,
)
from impactive_async.models import Workspace
from tests.support import FakeClock

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def people(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows that differ."""
    return [
        {"first_name": f"Ada {number}", "last_name": "Lovelace", "email": f"ada.{number}@example.com"}
        for number in range(first, first + count)
    ]


def _fit(bodies: list[Body]) -> bool:
    return not any(body.get("title") == "bad" for body in bodies)


class Model:
    """Contacts newest first, as the contract lists them.

    `fate_of` says what happens to a create; else `script` does, for the next ones in turn; else `chance`.

        ok              created and answered
        429             refused, before acting
        refused         400 if a row's title is "bad", else as ok
        lost            never arrived
        dropped         created, the answer lost
        502             the same, said by a proxy
        garbled         created, the answer unreadable
        late:SECONDS    created so much later, the answer lost
        stamped:SECONDS the same, but stamped with the time of its arrival
    """

    def __init__(self, *, seed: int = 0, list_cap: int = 500) -> None:
        self.clock = FakeClock()
        self.random = random.Random(seed)
        self.contacts: list[dict[str, Any]] = []
        self.script: list[str] = []
        self.chance: Callable[[], str] = lambda: "ok"
        self.fate_of: Callable[[list[Body]], str | None] = lambda _: None
        self.list_cap = list_cap
        self.calls: list[str] = []
        self.sent: list[list[Body]] = []
        self.under_way = 0
        self.list_failures: list[APIError] = []
        self.with_created_at = True
        self.base_url = "https://crm.example"
        self._late: list[tuple[float, datetime | None, list[Body]]] = []

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.monotonic())

    def emails(self) -> Counter[str]:
        """How often each address is there."""
        self._catch_up()
        return Counter(contact["email"] for contact in self.contacts if contact.get("email"))

    def add(self, body: Body, at: datetime | None = None) -> dict[str, Any]:
        """A contact, however it came to be."""
        contact = {**body, "id": f"con_{len(self.contacts)}", "updatedAt": (at or self.now).isoformat()}
        if self.with_created_at:
            contact["createdAt"] = (at or self.now).isoformat()
        self.contacts.append(contact)
        return contact

    async def create(self, bodies: list[Body]) -> Answer[list[Body]]:
        self.calls.append("create")
        self.sent.append(bodies)
        self.under_way += 1
        try:
            await self._travel(bodies)
            fate = self.fate_of(bodies) or (self.script.pop(0) if self.script else self.chance())
            return self._create(bodies, fate)
        finally:
            self.under_way -= 1

    async def _travel(self, bodies: list[Body]) -> None:
        try:
            await self._while_others_act()
        except asyncio.CancelledError:  # its sender is gone; the request may be on its way all the same
            if self.random.random() < 0.7:
                stamp = self.now if self.random.random() < 0.5 else None
                self._late.append((self.clock.monotonic() + self.random.random() * 25, stamp, bodies))
            raise

    def _create(self, bodies: list[Body], fate: str) -> Answer[list[Body]]:
        self._catch_up()
        if fate == "429":
            raise RateLimitError("HTTP 429.", status=429)
        if fate == "lost":
            raise APIConnectionError("dropped", outcome_unknown=True)
        if fate.startswith(("late", "stamped")):
            delay = float(fate.partition(":")[2])
            stamp = self.now if fate.startswith("stamped") else None
            self._late.append((self.clock.monotonic() + delay, stamp, bodies))
            raise APIConnectionError("timed out", outcome_unknown=True)
        if not _fit(bodies):
            raise BadRequestError("HTTP 400.", status=400)
        made = [self.add(body) for body in bodies]
        if fate == "dropped":
            raise APIConnectionError("dropped", outcome_unknown=True)
        if fate == "502":
            raise ServerError("HTTP 502.", status=502, outcome_unknown=True)
        if fate == "garbled":
            raise DecodeError("not JSON", outcome_unknown=True)
        return Answer(made, 1, self._date())

    async def newest(self, limit: int) -> Answer[ContactPage]:
        await self._list("newest")
        page = sorted(
            enumerate(self.contacts), key=lambda item: (item[1].get("createdAt", ""), item[0]), reverse=True
        )
        return Answer(
            listed_contacts([contact for _, contact in page[: min(limit, self.list_cap)]]), 1, self._date()
        )

    async def changed(self, since: datetime) -> Answer[ContactPage]:
        await self._list("changed")
        rows = [c for c in reversed(self.contacts) if datetime.fromisoformat(c["updatedAt"]) > since]
        return Answer(listed_contacts(rows[:CHANGED]), 1, self._date())

    async def _list(self, name: str) -> None:
        self.calls.append(name)
        await self._while_others_act()
        self._catch_up()
        if self.list_failures:
            raise self.list_failures.pop(0)

    async def _while_others_act(self) -> None:
        for _ in range(self.random.randint(0, 6)):
            await asyncio.sleep(0)
        self.clock.now += self.random.random() / 4

    def _catch_up(self) -> None:
        due = [item for item in self._late if item[0] <= self.clock.monotonic()]
        self._late = [item for item in self._late if item[0] > self.clock.monotonic()]
        for _, stamp, bodies in due:
            for body in bodies if _fit(bodies) else ():
                self.add(body, stamp)

    def _date(self) -> str:
        return self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")

    async def workspace(self) -> Workspace:
        return Workspace(id="wsp_1", name="Model")

    def api(self) -> ContactsApi:
        lists = ContactLists(newest=self.newest, changed=self.changed)
        return ContactsApi(
            create=self.create,
            create_path="/api/agent/contacts",
            lists=lists,
            workspace=self.workspace,
            base_url=self.base_url,
        )

    async def run(self, rows: Any, *, journal: Any = None, **options: Any) -> CreateReport:
        """`create_many` against this workspace."""
        defaults: dict[str, Any] = {
            "match_on": "email",
            "batch_size": 10,
            "concurrency": 4,
            "on_progress": None,
            "keep_results": False,
            "settle": 30.0,
            "resends": 4,
            "resend_unknown": False,
        }
        return await import_contacts(
            rows, self.api(), self.clock, ImportOptions(**{**defaults, **options}), journal
        )
