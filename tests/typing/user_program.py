"""A program as a user would write it, for strict type checkers. It is checked, and never run."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from fastapi import Body, Depends, FastAPI
from pydantic import BaseModel

from impactive_async import (
    NOW,
    UNSET,
    APIError,
    APIStatusError,
    AsyncClient,
    BulkError,
    Contact,
    ContactDraft,
    Deal,
    Enrollment,
    EnrollmentStatus,
    FeedGapError,
    Gap,
    InvalidArgumentError,
    Progress,
    RateLimitError,
    Reply,
    RequestEvent,
    ResponseEvent,
    RetryPolicy,
    Send,
    SqliteCursorStore,
    StepDraft,
    Unset,
    from_dict,
    json_schema,
    to_dict,
)
from impactive_async.hub import Hub, HubEvent, connect, run_worker
from impactive_async.otel import instrument
from impactive_async.sandbox import Sandbox

log = logging.getLogger(__name__)


@dataclass
class Metrics:
    """What the program counts."""

    statuses: dict[int, int] = field(default_factory=dict[int, int])
    seconds: float = 0.0

    def request(self, event: RequestEvent) -> None:
        event.headers["X-Team"] = "growth"

    def response(self, event: ResponseEvent) -> None:
        if event.status is not None:
            self.statuses[event.status] = self.statuses.get(event.status, 0) + 1
        self.seconds += event.elapsed


class Settings(BaseModel):
    """Read from a file."""

    api_key: str
    base_url: str | None = None
    rate: float = 10.0


class Summary(BaseModel):
    """The answer of the service."""

    best: Contact | None
    deals: list[Deal]
    total: Decimal


@asynccontextmanager
async def open_client(settings: Settings, metrics: Metrics) -> AsyncGenerator[AsyncClient]:
    async with AsyncClient(
        settings.api_key,
        base_url=settings.base_url,
        rate_limit=settings.rate,
        retry=RetryPolicy(first=0.2, longest_retry_after=10),
        headers={"X-Program": "growth"},
        on_request=metrics.request,
        on_response=metrics.response,
        deadline=60,
    ) as crm:
        instrument(crm)
        yield crm


async def set_up(crm: AsyncClient) -> str:
    """Find the sequence, or make it."""
    for sequence in await crm.sequences.list():
        if sequence.name == "Welcome" and sequence.steps is not None:
            return sequence.id
    steps = [StepDraft(subject=f"Mail {day}", body="Hello", delay_days=day) for day in (0, 3, 7)]
    made = await crm.sequences.create(name="Welcome", steps=steps)
    return made.id


async def enroll(crm: AsyncClient, sequence_id: str, people: list[dict[str, str]]) -> list[str]:
    drafts = [
        ContactDraft(first_name=one["first"], last_name=one["last"], email=one.get("mail")) for one in people
    ]

    def show(progress: Progress) -> None:
        sys.stderr.write(f"{progress}\r")

    try:
        report = await crm.contacts.create_many(drafts, journal=Path("people.journal"), on_progress=show)
        log.info("%d created", report.created)
    except BulkError as error:
        log.exception("missing: %s", [row.reason for row in error.report.failed])
    ids = [contact.id for contact in await crm.contacts.list(limit=500)]
    result = await crm.sequences.enroll(sequence_id, contact_ids=ids)
    return [skipped.contact_id for skipped in result.skipped]


async def answer(crm: AsyncClient, reply: Reply) -> None:
    title: str | None | Unset = "Lead" if "yes" in (reply.body or "") else UNSET
    contact = await crm.contacts.update(reply.contact_id, title=title)
    when = datetime.now(UTC) + timedelta(days=1)
    await crm.bookings.create(title=f"Call {contact.first_name}", start_time=when, contact_id=contact.id)


async def follow(crm: AsyncClient, sequence_id: str, store: SqliteCursorStore) -> None:
    gaps: list[Gap] = []
    async with crm.sequences.watch_replies(sequence_id, store=store, since=NOW, on_gap=gaps.append) as replies:
        try:
            async for reply in replies:
                await answer(crm, reply)
        except FeedGapError as error:
            log.warning("%s", error)


async def everything(crm: AsyncClient) -> None:
    async with crm.watch(["replies", "enrollments", "sends"], interval=60) as events:
        async for event in events:
            match event.row:
                case Reply(contact_id=contact_id, body=body):
                    log.info("%s: %s", contact_id, body)
                case Enrollment(status=EnrollmentStatus.COMPLETED, contact=contact):
                    log.info("done: %s", contact.email if contact else None)
                case Send() as send:
                    log.info("%s", ", ".join(send.to_addresses))
                case _:
                    log.debug("%s", to_dict(event))


async def consume(hub: Hub) -> list[HubEvent]:
    seen: list[HubEvent] = []
    async for delivery in hub.events("growth"):
        seen.append(delivery.event)
        log.info("%s", json.dumps(dict(delivery.event.data)))
        await delivery.ack()
    return seen


async def summarise(crm: AsyncClient) -> Summary:
    raw = await crm.with_raw_response(crm.zapier.deals.list())
    log.info("%d in %.2f s, %s", raw.status, raw.elapsed, raw.request_id)
    total = sum((deal.value for deal in raw.value if deal.value is not None), start=Decimal())
    contacts = await crm.contacts.list(limit=1)
    return Summary(best=contacts[0] if contacts else None, deals=raw.value, total=total)


def keep(contact: Contact, path: Path) -> Contact:
    path.write_text(json.dumps({"schema": json_schema(Contact), "row": to_dict(contact, wire=True)}))
    return from_dict(Contact, json.loads(path.read_text())["row"], wire=True)


app = FastAPI()


def client() -> AsyncClient:
    return AsyncClient()


@app.post("/people")
async def add(draft: Annotated[ContactDraft, Body()], crm: Annotated[AsyncClient, Depends(client)]) -> Contact:
    return (await crm.contacts.create_batch([draft]))[0]


def explain(error: Exception) -> str:
    match error:
        case RateLimitError(retry_after=float(seconds)):
            return f"again in {seconds:.0f} s"
        case APIStatusError():
            return f"{error.status} {error.code}: {error.headers.get('x-request-id')}"
        case APIError():
            return "look before you repeat it" if error.outcome_unknown else str(error)
        case InvalidArgumentError():
            return str(error)
        case _:
            raise error


async def main() -> None:
    metrics = Metrics()
    async with Sandbox(seed="typed") as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        stop = asyncio.Event()
        async with connect("sqlite:///hub.db") as hub, asyncio.TaskGroup() as group:
            await hub.init()
            group.create_task(run_worker(crm, hub, kinds=["deals"], stop=stop))
            group.create_task(consume(hub))
    async with open_client(Settings(api_key="icrm_…"), metrics) as crm:
        sequence_id = await set_up(crm)
        try:
            await enroll(crm, sequence_id, [{"first": "Ada", "last": "Lovelace"}])
        except (APIError, InvalidArgumentError) as error:
            log.info("%s", explain(error))
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(crm, sequence_id, SqliteCursorStore("cursors.db")))
            group.create_task(everything(crm))
        log.info("%s %s", await summarise(crm), metrics.statuses)


if __name__ == "__main__":
    asyncio.run(main())
