"""Arguments that can never be right: one class for all of them, and nothing is sent."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import impactive_async
from impactive_async import (
    AsyncClient,
    ContactDraft,
    ImpactiveError,
    InvalidArgumentError,
    StepDraft,
)
from impactive_async.hub import SqliteHub, run_worker
from impactive_async.sandbox import Sandbox
from tests.support import client_of

NAIVE = datetime(2026, 5, 1)
NAN = float("nan")

CALLS: dict[str, Callable[[AsyncClient], Awaitable[object]]] = {
    "an empty id": lambda crm: crm.sequences.get(""),
    "an id with a slash": lambda crm: crm.sequences.get("a/b"),
    "an id with a space": lambda crm: crm.contacts.replies(" con_1"),
    "an id of another type": lambda crm: crm.contacts.update(7, title="x"),  # type: ignore[arg-type]
    "an id of a step": lambda crm: crm.sequences.steps.delete("seq_1", ".."),
    "a contact to unenroll": lambda crm: crm.sequences.unenroll("seq_1", ""),
    "a limit of none": lambda crm: crm.contacts.list(limit=0),
    "a limit beyond the API's": lambda crm: crm.contacts.list(limit=501),
    "a naive since": lambda crm: crm.zapier.deals.list(since=NAIVE),
    "a since that is no moment": lambda crm: crm.sequences.sends("seq_1", since="soon"),
    "nothing to change": lambda crm: crm.contacts.update("con_1"),
    "nobody to enroll": lambda crm: crm.sequences.enroll("seq_1"),
    "an empty list to enroll": lambda crm: crm.sequences.enroll("seq_1", contact_ids=[]),
    "one string of ids": lambda crm: crm.sequences.enroll("seq_1", contact_ids="con_1"),
    "nobody to pause": lambda crm: crm.sequences.pause("seq_1", contact_ids=[]),
    "an empty batch": lambda crm: crm.contacts.create_batch([]),
    "a batch of something else": lambda crm: crm.contacts.create_batch([StepDraft(subject="", body="")]),  # type: ignore[list-item]
    "a field given twice": lambda crm: crm.zapier.companies.create(name="x", extra={"name": "y"}),
    "no number": lambda crm: crm.zapier.deals.create(name="x", value=NAN),
    "what is no JSON": lambda crm: crm.zapier.companies.create(name="x", extra={"tags": {1, 2}}),
    "a naive start": lambda crm: crm.bookings.create(title="x", start_time=NAIVE),
    "a timeout of nothing": lambda crm: crm.bookings.list(timeout=0),
    "retries below none": lambda crm: crm.bookings.list(max_retries=-1),
    "a method in small letters": lambda crm: crm.request("get", "/api/agent/contacts"),
    "a path without a slash": lambda crm: crm.request("GET", "api/agent/contacts"),
    "a query that is a list": lambda crm: crm.request("GET", "/x", params=[]),  # type: ignore[arg-type]
    "a method in place of its call": lambda crm: crm.with_raw_response(crm.contacts.list),  # type: ignore[arg-type]
    "a feed in place of a call": lambda crm: crm.with_raw_response(crm.zapier.deals.watch()),  # type: ignore[arg-type]
    "a call that asks for nothing": lambda crm: crm.with_raw_response(asyncio.sleep(0)),
    "a body that is no JSON": lambda crm: crm.request("POST", "/x", json={1, 2}),
    "rows that are one string": lambda crm: crm.sequences.enroll_many("seq_1", "con_1"),
    "a batch size of none": lambda crm: crm.contacts.create_many([], batch_size=0),
    "a field to match on that is none": lambda crm: crm.contacts.create_many(
        [ContactDraft(first_name="A", last_name="B")],
        match_on=7,  # type: ignore[arg-type]
    ),
}
MAKINGS: dict[str, Callable[[AsyncClient], object]] = {
    "a feed with a naive since": lambda crm: crm.zapier.deals.watch(since=NAIVE),
    "a feed that polls at once": lambda crm: crm.zapier.deals.watch(interval=0),
    "a feed that slows down to faster": lambda crm: crm.zapier.deals.watch(interval=60, max_interval=30),
    "a feed that forgets gaps": lambda crm: crm.zapier.deals.watch(on_gap="forget"),  # type: ignore[arg-type]
    "a feed without a sequence": lambda crm: crm.sequences.watch_sends(""),
    "a watch of no kind": lambda crm: crm.watch(["people"]),  # type: ignore[list-item]
    "a watch of one string": lambda crm: crm.watch("deals"),  # type: ignore[arg-type]
    "a view with no timeout": lambda crm: crm.with_options(timeout=-1),
    "a client without concurrency": lambda _: AsyncClient("icrm_" + "a" * 32, max_concurrency=0),
    "a client with a limit of none": lambda _: AsyncClient("icrm_" + "a" * 32, rate_limit=0),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_that_can_never_be_right(
    sandbox: Sandbox, call: Callable[[AsyncClient], Awaitable[object]]
) -> None:
    """It is an `InvalidArgumentError`: ours, and the `ValueError` it was; and nothing is sent."""
    async with client_of(sandbox) as crm:
        with pytest.raises(InvalidArgumentError):
            await call(crm)
    assert not sandbox.requests


@pytest.mark.parametrize("make", MAKINGS.values(), ids=MAKINGS)
async def test_what_can_never_be_made(sandbox: Sandbox, make: Callable[[AsyncClient], object]) -> None:
    """Feeds, views and clients refuse such arguments as calls do."""
    async with client_of(sandbox) as crm:
        with pytest.raises(InvalidArgumentError):
            make(crm)
    assert not sandbox.requests


async def test_a_worker_that_can_never_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither an unknown kind nor a lease of no time is a matter of trying again."""
    async with client_of(sandbox) as crm, SqliteHub(str(tmp_path / "hub.db")) as hub:
        await hub.init()
        wrong: list[dict[str, Any]] = [{"kinds": ["people"]}, {"kinds": []}, {"lease": 0}, {"concurrency": 0}]
        for options in wrong:
            with pytest.raises(InvalidArgumentError):
                await run_worker(crm, hub, **options)
    assert not sandbox.requests


def test_it_is_both() -> None:
    """`except ValueError` of 0.1 and `except ImpactiveError` catch it, also after pickling."""
    error = pickle.loads(pickle.dumps(InvalidArgumentError("an id is a string")))
    assert isinstance(error, ValueError)
    assert isinstance(error, ImpactiveError)
    assert str(error) == "an id is a string"


PACKAGE = Path(impactive_async.__file__).parent
WHERE_ARGUMENTS_ARE_CHECKED = [
    "resources/watching/lists.py",
    "_checks.py",
    "_http/wire.py",
    "bulk/input_rows.py",
    "bulk/create/call.py",
    "client.py",
]


@pytest.mark.parametrize(
    "file",
    [
        *(PACKAGE / name for name in WHERE_ARGUMENTS_ARE_CHECKED),
        *(PACKAGE / "resources").glob("*.py"),
        *(PACKAGE / "feeds" / "delivery").glob("*.py"),
        *(PACKAGE / "feeds" / "pacing").glob("*.py"),
    ],
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_no_other_class_is_raised_for_them(file: Path) -> None:
    """Where arguments are checked, no bare `ValueError` or `TypeError` is raised."""
    text = file.read_text(encoding="utf-8")
    assert "raise ValueError" not in text
    assert "raise TypeError" not in text
